import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { applyPatchOf as applyPatch } from '../../src/handlers/patch.js';
import type { Json, JsonObject } from '../../src/json.js';

const MAX_DEPTH = 20;
const applyPatchOf = (mediaType: string, resource: JsonObject, patch: Json): JsonObject => applyPatch(mediaType, resource, patch, MAX_DEPTH);

const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const QUERY = 'application/json-patch-query+json';

function refusalOf(action: () => unknown): Refusal {
  try {
    action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('was not refused');
}

/** Any JSON object, names that trip over JavaScript, MongoDB or JSON pointers included. */
const names = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor', '$ref', 'a.b', '', '~1', 'ä/ö'), fc.string({ maxLength: 4 }));
const anyJson = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.constant(null), fc.boolean(), fc.integer(), fc.string({ maxLength: 5 }), fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
}));

const clone = <T extends Json>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('merge patch (RFC 7396)', () => {
  it('handles the cases of the RFC, appendix A', () => {
    const cases: [JsonObject, JsonObject, JsonObject][] = [
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
      [{ a: 'b' }, { a: null }, {}],
      [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [target, patch, result] of cases) expect(applyPatchOf(MERGE, target, patch)).toEqual(result);
  });

  it('keeps attributes of any name, is idempotent and leaves its input alone', () => {
    fc.assert(
      fc.property(anyJson.object, anyJson.object, (target, patch) => {
        const before = JSON.stringify(target);
        const once = applyPatchOf(MERGE, target, patch);
        expect(JSON.stringify(applyPatchOf(MERGE, once, patch))).toBe(JSON.stringify(once));
        expect(JSON.stringify(target)).toBe(before);
        for (const [name, value] of Object.entries(patch)) expect(Object.hasOwn(once, name)).toBe(value !== null);
        for (const name of Object.keys(target)) if (!Object.hasOwn(patch, name)) expect(JSON.stringify(once[name])).toBe(JSON.stringify(target[name]));
        expect(({} as JsonObject)['polluted']).toBeUndefined();
      }),
    );
  });

  it('refuses a patch that is no object', () => {
    for (const patch of [null, 1, 'x', []]) expect(refusalOf(() => applyPatchOf(MERGE, { a: 1 }, patch)).status).toBe(400);
  });
});

describe('JSON Patch (RFC 6902)', () => {
  it('replaces a resource by another through one operation an attribute', () => {
    const safe = anyJson.object.filter((object) => !/__proto__|constructor/.test(JSON.stringify(object)));
    fc.assert(
      fc.property(safe, safe, (from, to) => {
        const pointer = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const usable = (name: string): boolean => !(name in Object.prototype) && !name.split(/[/.[\]'"]/).some((part) => part !== '' && part in Object.prototype);
        fc.pre([...Object.keys(from), ...Object.keys(to)].every(usable));
        const operations = [
          ...Object.keys(from).map((name) => ({ op: 'remove', path: pointer(name) })),
          ...Object.entries(to).map(([name, value]) => ({ op: 'add', path: pointer(name), value })),
        ];
        expect(applyPatchOf(JSON_PATCH, from, operations)).toEqual(to);
      }),
    );
  });

  it('is all or nothing', () => {
    const resource = { a: 1 };
    const refusal = refusalOf(() => applyPatchOf(JSON_PATCH, resource, [{ op: 'replace', path: '/a', value: 2 }, { op: 'remove', path: '/b' }]));
    expect(refusal).toMatchObject({ status: 400, faults: [{ at: '/b' }] });
    expect(resource).toEqual({ a: 1 });
  });

  it('answers a failed test with 409', () => {
    expect(refusalOf(() => applyPatchOf(JSON_PATCH, { a: 1 }, [{ op: 'test', path: '/a', value: 2 }])).status).toBe(409);
    expect(applyPatchOf(JSON_PATCH, { a: { b: [1] } }, [{ op: 'test', path: '/a', value: { b: [1] } }])).toEqual({ a: { b: [1] } });
  });

  it.each<[string, Json, string]>([
    ['no array', { op: 'add' }, '/'],
    ['an unknown operation', [{ op: 'increment', path: '/a' }], '/0/op'],
    ['no path', [{ op: 'remove' }], '/0/path'],
    ['no value', [{ op: 'add', path: '/a' }], '/0/value'],
    ['no from', [{ op: 'copy', path: '/a' }], '/0/from'],
    ['a path into the prototype', [{ op: 'add', path: '/__proto__/polluted', value: 1 }], '/0/path'],
    ['a path to what every object inherits', [{ op: 'copy', from: '/toString', path: '/a' }], '/0/from'],
    ['a value moved into itself', [{ op: 'move', from: '/a', path: '/a/b' }], '/0/path'],
    ['a path that is no pointer', [{ op: 'add', path: 'a', value: 1 }], 'a'],
    ['an index beyond the array', [{ op: 'add', path: '/list/7', value: 1 }], '/list/7'],
    ['an attribute of text', [{ op: 'add', path: '/name/x', value: 1 }], '/name/x'],
    ['the whole resource replaced by text', [{ op: 'replace', path: '', value: 'x' }], '/'],
  ])('refuses %s with 400', (_, patch, at) => {
    expect(refusalOf(() => applyPatchOf(JSON_PATCH, { name: 'n', a: { b: 1 }, list: [] }, patch))).toMatchObject({ status: 400, faults: [{ at }] });
  });

  it('throws nothing but refusals, whatever the patch', () => {
    const paths = fc.oneof(fc.constantFrom('/a', '/a/0', '/a/-', '', '/b/c', '/~1', 'x', '/__proto__', '/a?b=1', '/a/b?a.b=1&b=2', '$.a', '$..a', '$.a[*]', "a[?(@.b==1)].b", "$['a'][0]", '$[?@]', '$'), fc.string({ maxLength: 6 }));
    const operation = fc.record({ op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), path: paths, from: paths, value: anyJson.value });
    fc.assert(
      fc.property(anyJson.object, fc.array(operation, { maxLength: 4 }), fc.constantFrom(JSON_PATCH, QUERY), (resource, patch, type) => {
        const before = JSON.stringify(resource);
        try {
          const patched = applyPatchOf(type, resource, patch);
          expect(clone(patched)).toEqual(patched);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
        expect(JSON.stringify(resource)).toBe(before);
      }),
    );
  });
});

describe('JSON Patch Query (TMF630 part 5)', () => {
  const role = {
    id: 'r1',
    note: [
      { author: 'Ann', text: 'a' },
      { author: 'Bob', text: 'b', tag: ['x'] },
    ],
    contactMedium: [
      { id: '1', mediumType: 'phone', characteristic: { phoneNumber: '1' } },
      { id: '2', mediumType: 'post', characteristic: { city: 'Bern' } },
    ],
    orderItem: [
      { quantity: 1, productOffering: { id: '1513' }, product: { relatedParty: [{ name: 'Mary' }] } },
      { quantity: 2, productOffering: { id: '1513' }, product: { relatedParty: [{ name: 'John' }] } },
    ],
  };
  const patched = (...patch: Json[]): JsonObject => applyPatchOf(QUERY, role, patch);

  it.each<[string, Json, string, Json]>([
    ['the specification’s own example', { op: 'replace', path: '/contactMedium?id=1', value: { mediumType: 'fax' } }, 'contactMedium.0', { mediumType: 'fax' }],
    ['a pointer below the selected element', { op: 'replace', path: '/contactMedium/characteristic/city?mediumType=post', value: 'Basel' }, 'contactMedium.1.characteristic.city', 'Basel'],
    ['conditions that repeat the array', { op: 'replace', path: '/orderItem/quantity?orderItem.productOffering.id=1513&orderItem.product.relatedParty.name=John', value: 9 }, 'orderItem.1.quantity', 9],
    ['JSONPath without $', { op: 'replace', path: "note[?(@.author=='Bob')].text", value: 'c' }, 'note.1.text', 'c'],
    ['JSONPath with $', { op: 'replace', path: '$.note[?@.author == "Ann"].text', value: 'c' }, 'note.0.text', 'c'],
    ['add to an object merges', { op: 'add', path: 'note[?(@.author=="Ann")]', value: { tag: [] } }, 'note.0', { author: 'Ann', text: 'a', tag: [] }],
    ['add to an array appends', { op: 'add', path: "$.note[?(@.author=='Bob')].tag", value: 'y' }, 'note.1.tag', ['x', 'y']],
    ['add to a whole array appends', { op: 'add', path: 'note', value: { author: 'Cid' } }, 'note.2', { author: 'Cid' }],
    ['add of a new attribute', { op: 'add', path: "note[?(@.author=='Ann')].seen", value: true }, 'note.0.seen', true],
    ['remove of an element', { op: 'remove', path: '/note?author=Ann' }, 'note', [{ author: 'Bob', text: 'b', tag: ['x'] }]],
    ['remove of several elements', { op: 'remove', path: "$.note[?(@.author!='x')]" }, 'note', []],
    ['copy', { op: 'copy', from: "note[?(@.author=='Ann')].text", path: '$.first' }, 'first', 'a'],
    ['a plain pointer', { op: 'replace', path: '/note/0/text', value: 'z' }, 'note.0.text', 'z'],
  ])('%s', (_, operation, path, expected) => {
    const result = path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], patched(operation));
    expect(result).toEqual(expected);
  });

  it('does to the one element with an id what a pointer to it would do', () => {
    const elements = fc.uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 50 }), v: fc.integer() }), { selector: (element) => element.id, minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(elements, fc.nat(), fc.constantFrom('replace', 'remove', 'test'), fc.boolean(), (items, pick, op, asJsonPath) => {
        const index = pick % items.length;
        const { id, v } = items[index] ?? { id: 0, v: 0 };
        const value = op === 'test' ? v : 'new';
        const path = asJsonPath ? `$.items[?(@.id==${id})].v` : `/items/v?id=${id}`;
        expect(applyPatchOf(QUERY, { items }, [{ op, path, value }])).toEqual(applyPatchOf(JSON_PATCH, { items }, [{ op, path: `/items/${index}/v`, value }]));
      }),
    );
  });

  it('changes nothing else', () => {
    expect(patched({ op: 'replace', path: '/note/text?author=Bob', value: 'c' })).toEqual({ ...role, note: [role.note[0], { ...role.note[1], text: 'c' }] });
  });

  it.each<[string, number, Json]>([
    ['selects nothing', 400, { op: 'replace', path: '/note?author=Zoe', value: 1 }],
    ['tests what is not there', 409, { op: 'test', path: '/note?author=Zoe', value: 1 }],
    ['tests another value', 409, { op: 'test', path: '/note/text?author=Ann', value: 'b' }],
    ['is no JSONPath', 400, { op: 'remove', path: '$.note[?(' }],
    ['has a condition without =', 400, { op: 'remove', path: '/note?author' }],
    ['selects in no array', 400, { op: 'remove', path: '/id?author=Ann' }],
    ['copies from several places', 400, { op: 'copy', from: 'note[*]', path: '$.first' }],
    ['runs a regular expression', 400, { op: 'remove', path: "$.note[?search(@.text, '(a+)+$')]" }],
    ['descends twice', 400, { op: 'remove', path: '$..note..text' }],
  ])('refuses a query that %s with %i', (_, status, operation) => {
    expect(refusalOf(() => patched(operation)).status).toBe(status);
  });
});

describe('a small patch', () => {
  const doubling = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '', path: `/a${index}` }));
  const nesting = Array.from({ length: 30 }, (_, index) => ({ op: 'add', path: '/a'.repeat(index + 1), value: {} }));
  const many = { items: Array.from({ length: 900 }, (_, id) => ({ id })) };
  const nested = JSON.parse('{"x":'.repeat(15) + '1' + '}'.repeat(15)) as JsonObject;

  it.each<[string, number, string, JsonObject, Json]>([
    ['that doubles the resource again and again', 413, JSON_PATCH, { name: 'x' }, doubling],
    ['that nests without end', 413, JSON_PATCH, { name: 'x' }, nesting],
    ['that moves deep into deep', 413, JSON_PATCH, { a: nested, b: nested }, [{ op: 'move', from: '/a', path: `/b${'/x'.repeat(10)}` }]],
    ['that nests by merging', 413, MERGE, { name: 'x' }, { a: JSON.parse('['.repeat(25) + ']'.repeat(25)) as Json }],
    ['of too many operations', 413, JSON_PATCH, { name: 'x' }, Array.from({ length: 501 }, () => ({ op: 'test', path: '/name', value: 'x' }))],
    ['that writes a large value to many places', 413, QUERY, many, [{ op: 'add', path: '$.items[*].note', value: 'x'.repeat(10_000) }]],
    ['that visits the same nodes again and again', 400, QUERY, nested, [{ op: 'remove', path: '$' + "['x','x','x','x','x','x','x','x']".repeat(8) }]],
    ['that starts from the root in every filter', 400, QUERY, many, [{ op: 'remove', path: '$.items[?($.items[?($.items[?(@.id==-1)])])]' }]],
    ['that names an inherited attribute by an escape', 400, QUERY, { name: 'x' }, [{ op: 'add', path: "$['__pro\\u0074o__']", value: { polluted: 1 } }]],
  ])('%s is refused with %i', (_, status, type, resource, patch) => {
    expect(refusalOf(() => applyPatchOf(type, resource, patch)).status).toBe(status);
    expect(({} as JsonObject)['polluted']).toBeUndefined();
  });

  it('tells nothing of the value that a test compared', () => {
    expect(JSON.stringify(refusalOf(() => applyPatchOf(JSON_PATCH, { a: 'secret' }, [{ op: 'test', path: '/a', value: 'guess' }])))).not.toContain('secret');
  });
});

it('refuses any other media type with 415', () => {
  expect(refusalOf(() => applyPatchOf('text/plain', {}, {})).status).toBe(415);
});
