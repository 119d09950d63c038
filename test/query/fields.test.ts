import fc from 'fast-check';
import { fieldsOf, selectFields } from '../../src/query/fields.js';
import type { JsonObject } from '../../src/json.js';

const role: JsonObject = {
  id: '1',
  href: '/partyRole/1',
  name: 'Partner',
  engagedParty: { id: 'p', name: 'Acme', '@referredType': 'Organization' },
  contactMedium: [
    { mediumType: 'email', characteristic: { emailAddress: 'a@b.c', city: 'X' } },
    { mediumType: 'phone' },
    'odd',
  ],
};

function select(...names: string[]): JsonObject {
  return selectFields(role, fieldsOf(names));
}

test('no names choose everything', () => {
  expect(select()).toBe(role);
  expect(select('')).toBe(role);
});

test('id and href are always there, with none nothing else', () => {
  expect(select('name')).toEqual({ id: '1', href: '/partyRole/1', name: 'Partner' });
  expect(select('none')).toEqual({ id: '1', href: '/partyRole/1' });
  expect(select('none', 'name')).toEqual(select('name'));
});

test('dotted names go down, through arrays', () => {
  expect(select('engagedParty.name')).toMatchObject({ engagedParty: { name: 'Acme' } });
  expect(select('engagedParty.name')['engagedParty']).toEqual({ name: 'Acme' });
  expect(select('contactMedium.mediumType')['contactMedium']).toEqual([{ mediumType: 'email' }, { mediumType: 'phone' }]);
  expect(select('contactMedium.characteristic.city')['contactMedium']).toEqual([{ characteristic: { city: 'X' } }]);
});

test('the whole outweighs its parts, in any order', () => {
  expect(select('engagedParty.name', 'engagedParty')['engagedParty']).toEqual(role['engagedParty']);
  expect(select('engagedParty', 'engagedParty.name')['engagedParty']).toEqual(role['engagedParty']);
});

test('names that are not there are ignored', () => {
  expect(select('nothing', 'name.below', 'engagedParty.nothing', 'toString', '..')).toEqual({ id: '1', href: '/partyRole/1' });
});

test('an attribute called __proto__ is an attribute', () => {
  const odd = JSON.parse('{"id":"1","__proto__":{"a":1,"b":2}}') as JsonObject;
  expect(JSON.stringify(selectFields(odd, fieldsOf(['__proto__.a'])))).toBe('{"id":"1","__proto__":{"a":1}}');
});

test('choosing every top-level attribute of any resource is the resource', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z@_]{1,8}$/).filter((name) => name !== 'none'), fc.jsonValue()), (attributes) => {
      const resource = attributes as JsonObject;
      fc.pre(Object.keys(resource).length > 0);
      expect(selectFields(resource, fieldsOf(Object.keys(resource)))).toEqual(resource);
    }),
  );
});
