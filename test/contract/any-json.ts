import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/json.js';

/** Names that databases and their drivers stumble over. */
const HOSTILE = ['', '$ref', '$id', '$db', '$set', '$', '_bsontype', 'toBSON', 'toJSON', '__proto__', 'constructor', 'hasOwnProperty', 'toString', '__defineGetter__', 'length']
  .concat(['a.b', '.', '..', 'a%2Eb', '%', '%%', '%24', 'nul\0nul', '\0', '_id', 'id', '0', '1', '007', '-1', 'é', '\u{1F600}', '\uFFFD', '\u2028']);

export const anyName = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'grapheme', maxLength: 6 }));

const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0, 1e300, 5e-324, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 63),
);

/** Without lone surrogates: UTF-8 has none. */
const anyText = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('\0', '\u2028', '$x', '', '\u{10FFFF}'));

/** Any resource that JSON can write: names and values of every kind, `__proto__` as a name like any other. */
export const anyJson: fc.Arbitrary<JsonObject> = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), anyNumber, anyText),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
    fc.constant<Json>({ $ref: 'x', $id: 1 }),
    fc.constant<Json>({ _bsontype: 'ObjectId', id: '1' }),
  ),
  object: fc.array(fc.tuple(anyName, tie('value')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
})).object;
