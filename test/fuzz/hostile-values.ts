import specification from '../../src/handlers/spec/TMF669-PartyRole-v4.0.0.swagger.json';
import { Members, Raw, members, type Tree } from './json-text.js';
import type { Random } from './random.js';

/** Every attribute name of the specification, at whatever depth. */
export const ATTRIBUTES: readonly string[] = [
  ...new Set(Object.values(specification.definitions as Record<string, { properties?: object }>).flatMap((definition) => Object.keys(definition.properties ?? {}))),
];

const ROLE_ATTRIBUTES: readonly string[] = Object.keys(specification.definitions.PartyRole_Create.properties);

/** Names that JavaScript, MongoDB, paths and patches stumble over. */
export const NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype', 'toString', 'toJSON', 'valueOf', 'hasOwnProperty', '__defineGetter__', 'length', 'then']
  .concat(['$ref', '$id', '$db', '$set', '$where', '$', 'a.b', '.', '..', 'a..b', '_id', 'id', 'href', '_bsontype', 'toBSON', '', ' ', '0', '-1', '-'])
  .concat(['nul\0nul', '\0', '~', '~0', '~1', '/', 'a/b', '%', '%2e', 'é', '\u{1F600}', '\uFEFF', '\u2028', '\uFFFF', '@type', 'x'.repeat(300)]);

export const TEXTS: readonly string[] = ['', ' ', '\0', 'a\0b', '\u2028\u2029', '\u{10FFFF}', '\uFEFF', '\uFFFD', '\u202E', 'é', 'e\u0301', 'null', 'true', '[object Object]', '{}', '[]', 'NaN', '-0', '1e999']
  .concat(['$where', '{"$gt":""}', '${7*7}', '%00', '%FF', '../../etc/passwd', '\r\nX: y', '<script>', "'; DROP TABLE roles; --", '\\', '"', '\\u0000', '\x7f', '\x1b[31m'])
  .concat(['2024-02-30', '2024-05-31T08:30:00+99:99', '9999-12-31T23:59:60Z', '0000-01-01', '2024-05-31T24:00:00Z', '٢٠٢٤-٠٥-٣١', 'x'.repeat(129), 'a,b', 'a;b', '*', '(a+)+$']);

const NUMBERS: readonly Tree[] = [0, -0, 1, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53) - 2, 1e308, -1e308, 5e-324]
  .map((number): Tree => number)
  .concat(['1e999', '-1e999', '1e308', '123456789012345678901234567890', '-0', '-0.0', '1E+2', '0.1e-400', '9007199254740993', `1${'0'.repeat(400)}`, `0.${'3'.repeat(400)}`].map((text) => new Raw(text)));

/** Text that is no JSON, in the place of a value. */
const BROKEN: readonly Raw[] = ['NaN', 'Infinity', '-', '01', '.5', '1.', '0x10', "'a'", 'undefined', '', '{', ']', '{"a"}', '[1,]', '{,}', '"\\x"', '"\t"', '"\\u12"', '/**/1'].map((text) => new Raw(text));

const SURROGATES: readonly Raw[] = ['"\\ud800"', '"a\\udfffb"', '"\\udc00\\ud800"', '{"\\ud800":1}'].map((text) => new Raw(text));

const LONGEST = 300_000;

export function anyName(random: Random): string {
  return random.weighted([
    [3, () => random.pick(NAMES)],
    [2, () => random.pick(ATTRIBUTES)],
    [1, () => `x${random.below(20)}`],
  ]);
}

export function anyText(random: Random): string {
  return random.weighted([
    [60, () => random.pick(TEXTS)],
    [20, () => `text ${random.below(1000)}`],
    [10, () => random.pick(NAMES)],
    [5, () => random.pick(TEXTS).repeat(1 + random.below(50))],
    [0.1, () => random.pick(['x', 'é', '\0', '"']).repeat(random.below(LONGEST) >> 1)],
  ]);
}

/** A value of any kind, rarely one that is no JSON at all. */
export function anyTree(random: Random, depth = 3): Tree {
  return random.weighted<Tree>([
    [12, () => random.pick([null, true, false])],
    [12, () => random.pick(NUMBERS)],
    [30, () => anyText(random)],
    [2, () => random.pick(SURROGATES)],
    [1, () => random.pick(BROKEN)],
    [1, () => nested(random, 1 + random.below(150))],
    [0.1, () => nested(random, 5_000 + random.below(20_000))],
    [depth > 0 ? 12 : 0, () => Array.from({ length: random.below(4) }, () => anyTree(random, depth - 1))],
    [depth > 0 ? 16 : 0, () => new Members(Array.from({ length: random.below(5) }, () => [anyName(random), anyTree(random, depth - 1)] as const))],
    [0.2, () => Array.from({ length: random.below(3_000) }, () => 0)],
    [3, () => members({ $ref: 'x', $id: random.below(9) })],
    [1, () => new Members([['__proto__', members({ polluted: true })], ['constructor', members({ prototype: members({ polluted: true }) })]])],
  ]);
}

function nested(random: Random, depth: number): Raw {
  const [open, close] = random.pick([['[', ']'] as const, ['{"a":', '}'] as const]);
  return new Raw(`${open.repeat(depth)}1${close.repeat(depth)}`);
}

/** A role as a careful sender writes it. */
export function validRole(random: Random): Members {
  return members({
    name: `Role ${random.below(1000)}`,
    status: random.pick(['initialized', 'active', 'suspended']),
    engagedParty: members({ id: String(random.below(100)), name: 'Ann', '@referredType': 'Individual' }),
    relatedParty: [0, 1].map((number) => members({ id: String(number), role: random.pick(['owner', 'seller']) })),
    contactMedium: [members({ mediumType: 'email', preferred: true, characteristic: members({ city: 'Bath', country: 'GB' }) })],
    characteristic: [members({ name: 'size', value: random.below(9), valueType: 'number' })],
    validFor: members({ startDateTime: '2024-05-31T08:30:00Z' }),
  });
}

/** The same with one thing in it that is wrong, strange or in excess, at any depth. */
export function mutated(tree: Tree, random: Random): Tree {
  if (random.chance(0.15)) return anyTree(random);
  if (Array.isArray(tree) && tree.length > 0) {
    const at = random.below(tree.length);
    return tree.map((value, index) => (index === at ? mutated(value, random) : value));
  }
  if (!(tree instanceof Members) || tree.entries.length === 0) return anyTree(random);
  const { entries } = tree;
  const at = random.below(entries.length);
  const [name, value] = entries[at] ?? ['', null];
  return random.weighted<Tree>([
    [4, () => new Members(entries.with(at, [name, mutated(value, random)]))],
    [3, () => new Members([...entries, [random.pick(ROLE_ATTRIBUTES), anyTree(random)]])],
    [3, () => new Members([...entries, [anyName(random), anyTree(random)]])],
    [1, () => new Members([...entries, [name, anyTree(random)]])],
    [1, () => new Members(entries.toSpliced(at, 1))],
  ]);
}

/** Bytes of a text with a fault that only bytes can have. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const insert = (...values: number[]): Buffer => Buffer.concat([bytes.subarray(0, at), Buffer.from(values), bytes.subarray(at)]);
  return random.weighted([
    [3, () => bytes.subarray(0, at)],
    [2, () => insert(0xff)],
    [1, () => insert(0xc0, 0x80)],
    [1, () => insert(0xed, 0xa0, 0x80)],
    [1, () => insert(0)],
    [1, () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])],
    [1, () => Buffer.from(bytes.toString('utf8'), 'utf16le')],
    [2, () => insert(random.below(256))],
    [1, () => Buffer.concat([bytes, bytes])],
    [1, () => Buffer.alloc(0)],
  ]);
}
