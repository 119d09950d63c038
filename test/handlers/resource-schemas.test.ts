import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { toUtcDateTime } from '../../src/date-time.js';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import type { JsonObject } from '../../src/json.js';
import { all, definitionOf, representation } from '../support/resources.js';
import { paymentMethods, sampleOf } from '../support/samples.js';

const ajv = new Ajv2020({ allErrors: true, strictTypes: false, allowUnionTypes: true }).addFormat('date-time', (text) => toUtcDateTime(text) === text);

function compiled({ schemas }: ResourceDefinition, part: 'whole' | 'create' | 'patch'): ValidateFunction {
  return ajv.compile({ $schema: 'https://json-schema.org/draft/2020-12/schema', $defs: schemas.components, $ref: `#/$defs/${schemas[part]}` });
}

function faultsOf(validate: ValidateFunction, value: unknown): string[] {
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${String(Object.values(params)[0] ?? '')}`.trim()).sort();
}

describe.each(all.map((definition) => [definition.name, definition] as const))('the schemas of %s', (name, definition) => {
  const { create, state, reference, ordinary: [ordinary] } = sampleOf(name);
  const set = definition.stamps.onCreate('2020-01-01T00:00:00.000Z');
  const given: JsonObject = { ...create, ...reference?.to('x') };

  it('take what the service takes, and name what is mandatory', () => {
    const validate = compiled(definition, 'create');
    expect(faultsOf(validate, given)).toEqual([]);
    expect(faultsOf(validate, {})).toEqual(definition.validate(set).map(({ at }) => `required ${at.slice(1)}`).sort());
    expect(faultsOf(validate, { ...given, ownAttribute: 1, id: 'a b' })).toEqual([expect.stringMatching('/id pattern')]);
  });

  it('describe what is answered', () => {
    const validate = compiled(definition, 'whole');
    const { '@type': type = definition.typeName } = given;
    const answered = representation.seen(definition, { ...set, ...given, id: 'x', '@type': type });
    expect(faultsOf(validate, answered)).toEqual([]);
    for (const attribute of ['id', 'href', '@type']) {
      const { [attribute]: _, ...rest } = answered;
      expect(faultsOf(validate, rest)).toEqual([`required ${attribute}`]);
    }
  });

  it('describe merge patches', () => {
    const validate = compiled(definition, 'patch');
    expect(faultsOf(validate, {})).toEqual([]);
    expect(faultsOf(validate, { [ordinary]: 'text', ...(state ? { [state.attribute]: 'text' } : {}), '@baseType': null, ownAttribute: null })).toEqual([]);
    const names = Object.keys((definition.schemas.components[definition.schemas.patch]?.['properties'] ?? {}) as JsonObject);
    expect(names).not.toHaveLength(0);
    expect(names.filter((attribute) => definition.unpatchable.includes(attribute))).toEqual([]);
    for (const attribute of Object.keys(create).filter((mandatory) => names.includes(mandatory))) expect(faultsOf(validate, { [attribute]: null })).not.toEqual([]);
  });
});

it('say what each type of payment method needs', () => {
  const definition = definitionOf('paymentMethod');
  const validate = compiled(definition, 'create');
  for (const [type, own] of Object.entries(paymentMethods)) {
    expect([type, faultsOf(validate, { '@type': type, name: 'N', ...own })]).toEqual([type, []]);
    const missing = faultsOf(validate, { '@type': type, name: 'N' }).filter((fault) => fault.startsWith('required'));
    expect([type, missing]).toEqual([type, Object.keys(own).map((attribute) => `required ${attribute}`).sort()]);
  }
  expect(faultsOf(validate, { '@type': 'coins', name: 'N' })).toEqual([expect.stringMatching('/@type enum')]);
  expect(Object.keys(definition.schemas.components[definition.schemas.whole]?.['properties'] ?? {})).not.toContain('cvv');
});

it('let a merge patch name a part of an object, and not of an element of an array', () => {
  const validate = compiled(definitionOf('organization'), 'patch');
  expect(faultsOf(validate, { organizationParentRelationship: { relationshipType: 'legal', organization: { name: null } } })).toEqual([]);
  expect(faultsOf(validate, { relatedParty: [{ role: 'owner' }] })).toContainEqual(expect.stringMatching('/relatedParty/0 anyOf'));
});

it('have date-times as text that everybody reads, and no keyword of our own', () => {
  const text = JSON.stringify(all.map(({ schemas }) => schemas.components));
  expect(text).toContain('"format":"date-time"');
  expect(text).not.toMatch(/utcDateTime|"period"|definitions/);
});
