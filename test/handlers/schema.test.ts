import type { Fault } from '../../src/errors.js';
import { omittedByUpdate, referenceAttributes, scalarTypes, type Specification } from '../../src/handlers/schema.js';
import { compileValidator } from '../../src/handlers/validator.js';
import type { JsonObject } from '../../src/json.js';
import { all, definitionOf } from '../support/resources.js';
import { paymentMethods, sampleOf } from '../support/samples.js';

/** What is wrong, as texts; and the resource as it is by then. */
function checked(name: string, more: JsonObject = {}): { readonly faults: string[]; readonly resource: JsonObject } {
  const definition = definitionOf(name);
  const resource = structuredClone({ ...definition.stamps.onCreate('2020-01-01T00:00:00.000Z'), ...sampleOf(name).create, ...more });
  return { faults: textsOf(definition.validate(resource)), resource };
}

function textsOf(faults: readonly Fault[]): string[] {
  return faults.map(({ at, problem }) => `${at}: ${problem}`).sort();
}

const faultsOf = (name: string, more: JsonObject = {}): string[] => checked(name, more).faults;

it.each(all.map(({ name }) => [name]))('a %s with what is mandatory is valid', (name) => {
  expect(faultsOf(name)).toEqual([]);
});

describe('a payment method', () => {
  const types = Object.keys(paymentMethods);
  const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

  it('has one of the types that there are, with either case of its first letter', () => {
    for (const type of types) for (const written of [type, capitalized(type)]) expect([written, faultsOf('paymentMethod', { ...paymentMethods[type], '@type': written })]).toEqual([written, []]);
    for (const type of ['PaymentMethod', 'Bankcard', 'BANKCARD', 'coins', '']) expect([type, faultsOf('paymentMethod', { '@type': type }).map((fault) => fault.slice(0, 27))]).toEqual([type, ['/@type: must be one of cash']]);
    expect(faultsOf('paymentMethod', { '@type': 'coins' })[0]).toBe(`/@type: must be one of ${['cash', 'digitalWallet', 'tokenizedCard', 'bankAccountTransfer', 'bankAccountDebit', 'bankCard', 'voucher', 'check', 'bucketPaymentMethod', 'accountPaymentMethod', 'loyaltyPaymentMethod', 'directDebit'].join(', ')}`);
    expect(faultsOf('paymentMethod', { '@type': 7 })).toContain('/@type: must be a string');
  });

  it.each(types.filter((type) => Object.keys(paymentMethods[type] ?? {}).length > 0))('is checked as a %s', (type) => {
    const own = paymentMethods[type] ?? {};
    expect(faultsOf('paymentMethod', { '@type': capitalized(type) })).toEqual(Object.keys(own).map((name) => `/${name}: is mandatory`).sort());
    for (const name of Object.keys(own)) expect(faultsOf('paymentMethod', { ...own, '@type': type, [name]: 7 }).some((fault) => fault.startsWith(`/${name}`))).toBe(true);
  });

  it('needs its type and its name', () => {
    const { '@type': _, ...untyped } = sampleOf('paymentMethod').create;
    expect(textsOf(definitionOf('paymentMethod').validate(untyped))).toEqual(['/@type: is mandatory']);
    expect(faultsOf('paymentMethod', { name: ' ' })).toEqual(['/name: must not be empty']);
  });

  it('has mandatory date-times as UTC text, as all others', () => {
    expect(checked('paymentMethod', { ...paymentMethods['bankCard'], '@type': 'bankCard', expirationDate: '2030-01-01T01:00+01:00' }).resource['expirationDate']).toBe('2030-01-01T00:00:00.000Z');
    expect(faultsOf('paymentMethod', { ...paymentMethods['bankCard'], '@type': 'bankCard', expirationDate: 'soon' })).toEqual([expect.stringMatching(/^\/expirationDate: must be a date-time/)]);
  });
});

describe('references', () => {
  it.each<[string, string, (value: JsonObject) => JsonObject]>([
    ['partyRole', '/engagedParty', (engagedParty) => ({ engagedParty })],
    ['billingAccount', '/relatedParty/0', (value) => ({ relatedParty: [value] })],
    ['partyInteraction', '/channel/0', (value) => ({ channel: [value] })],
    ['billingAccount', '/billStructure/format', (format) => ({ billStructure: { format } })],
  ])('of a %s at %s need an id or a name, and nothing else', (name, at, holding) => {
    for (const value of [{ id: 'x' }, { name: 'X' }]) expect(faultsOf(name, holding(value))).toEqual([]);
    expect(faultsOf(name, holding({ href: 'https://example.com', role: 'r' }))).toEqual([`${at}: needs id or name`]);
    expect(faultsOf(name, holding({ id: 7 }))).toEqual([`${at}/id: must be a string`]);
  });

  it('are not what may be a value of its own: an attachment needs no id', () => {
    expect(faultsOf('agreementSpecification', { attachment: [{ description: 'Terms' }, { id: 'x' }, {}] })).toEqual([]);
    expect(faultsOf('partyInteraction', { attachment: [{ content: 'aGVsbG8=' }], interactionItem: [{ item: { role: 'about' } }] })).toEqual([]);
    expect(faultsOf('partyInteraction', { interactionItem: [{ item: { id: 'x' } }] })).toEqual(['/interactionItem/0/item/role: is mandatory']);
  });
});

it('has as many as there must be at least', () => {
  expect(faultsOf('billingAccount', { relatedParty: [] })).toEqual(['/relatedParty: must have at least 1 element']);
  expect(faultsOf('agreement', { engagedParty: [], agreementItem: [] })).toEqual(['/agreementItem: must have at least 1 element', '/engagedParty: must have at least 1 element']);
  expect(faultsOf('partyInteraction', { channel: [] })).toEqual(['/channel: must have at least 1 element']);
});

it.each<[string, string, JsonObject, string]>([
  ['individual', 'a text', { gender: 7 }, '/gender: must be a string'],
  ['agreement', 'a list', { characteristic: {} }, '/characteristic: must be an array'],
  ['partyRole', 'an object', { validFor: 'always' }, '/validFor: must be an object'],
  ['financialAccount', 'a number', { creditLimit: { value: 'much' } }, '/creditLimit/value: must be a number'],
  ['agreement', 'a whole number', { documentNumber: 1.5 }, '/documentNumber: must be an integer'],
  ['agreementSpecification', 'yes or no', { isBundle: 'yes' }, '/isBundle: must be a boolean'],
])('says of a %s what must be %s', (name, _, more, fault) => {
  expect(faultsOf(name, more)).toEqual([fault]);
});

it('fills in what the specification has as default', () => {
  const { resource } = checked('billingAccount', { billStructure: { format: { name: 'F' }, presentationMedia: [{ id: 'm', isRef: false }, { name: 'M' }] } });
  expect(resource['billStructure']).toEqual({ format: { name: 'F', isRef: true }, presentationMedia: [{ id: 'm', isRef: false }, { name: 'M', isRef: true }] });
  expect(checked('agreementSpecification', { attachment: [{ size: { units: 'kB' } }, { size: { amount: 3 } }] }).resource['attachment']).toEqual([{ size: { units: 'kB', amount: 1 } }, { size: { amount: 3 } }]);
});

describe('a specification', () => {
  const specification: Specification = {
    definitions: {
      Base: { type: 'object', required: ['kind'], properties: { kind: { type: 'string' }, parent: { $ref: '#/definitions/ThingRef' } } },
      Thing: { type: 'object', allOf: [{ $ref: '#/definitions/Base' }, { required: ['when'], properties: { when: { type: 'string', format: 'date-time' } } }], properties: { size: { type: 'integer' }, things: { type: 'array', items: { $ref: '#/definitions/Thing' } } } },
      Thing_Update: { type: 'object', properties: { size: { type: 'integer' }, when: { type: 'string', format: 'date-time' }, things: {} } },
      ThingRef: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, '@referredType': { type: 'string' } } },
    },
  };

  it('says how many there must be at least', () => {
    const validate = compileValidator({ definitions: { Pair: { type: 'object', properties: { of: { type: 'array', minItems: 2 } } } } }, 'Pair');
    expect(textsOf(validate({ of: [1] }))).toEqual(['/of: must have at least 2 elements']);
  });

  it('takes over what it says of others', () => {
    const validate = compileValidator(specification, 'Thing');
    expect(textsOf(validate({}))).toEqual(['/kind: is mandatory', '/when: is mandatory']);
    const nested = { kind: 'k', when: '2020-01-01', things: [{ kind: 'l', when: '2020-01-01', parent: {} }] };
    expect(textsOf(validate(nested))).toEqual(['/things/0/parent: needs id or name']);
    expect(nested.things[0]?.when).toBe('2020-01-01T00:00:00.000Z');
    expect(omittedByUpdate(specification, 'Thing').sort()).toEqual(['kind', 'parent']);
  });

  it('says where a definition refers to others, though it contains itself', () => {
    expect(referenceAttributes(specification, 'Thing')).toEqual([{ path: ['parent'], schema: 'ThingRef' }]);
    const typeOf = scalarTypes(specification, 'Thing');
    expect([definitionOf('paymentMethod').scalarType(['@type']), definitionOf('partyRole').scalarType(['@type'])]).toEqual(['type-name', 'string']);
    expect([typeOf(['when']), typeOf(['size']), typeOf(['things', 'things', 'parent', 'id']), typeOf(['parent']), typeOf(['nothing', 'there'])]).toEqual(['date-time', 'integer', 'string', undefined, undefined]);
  });
});
