import fc from 'fast-check';
import { escapeName, escapeNames, hasUnsafeNames, unescapeNames } from '../../src/store/mongo-names.js';
import { anyJson, anyName } from '../contract/any-json.js';

describe('attribute names in MongoDB', () => {
  it.each([
    ['name', 'name'],
    ['@type', '@type'],
    ['', '%'],
    ['$ref', '%24ref'],
    ['a.b', 'a%2Eb'],
    ['$a.b', '%24a%2Eb'],
    ['12', '%312'],
    ['100%', '100%25'],
    ['a\0', 'a%00'],
    ['_id', '_id'],
    ['_bsontype', '%5Fbsontype'],
    ['__proto__', '%5F_proto__'],
    ['constructor', '%63onstructor'],
  ])('%j is stored as %j', (name, escaped) => {
    expect(escapeName(name)).toBe(escaped);
  });

  it('are different for different names', () => {
    fc.assert(fc.property(anyName, anyName, (a, b) => (escapeName(a) === escapeName(b)) === (a === b)));
  });

  it('come back, and leave nothing to escape', () => {
    fc.assert(
      fc.property(anyJson, (resource) => {
        const escaped = escapeNames(resource);
        expect(JSON.stringify(unescapeNames(escaped))).toBe(JSON.stringify(resource));
        if (!hasUnsafeNames(resource)) expect(JSON.stringify(escaped)).toBe(JSON.stringify(resource));
      }),
    );
  });
});
