import { Ajv2020 } from 'ajv/dist/2020.js';
import { asyncApi } from '../../src/contracts/asyncapi.js';
import { standaloneSchema, ownSchemas } from '../../src/contracts/resource-components.js';
import { toUtcDateTime } from '../../src/date-time.js';
import type { JsonObject } from '../../src/json.js';
import { at, contractOf, documentsOf, references } from '../support/contracts.js';
import { all, definitionOf } from '../support/resources.js';
import { specificationOf } from '../support/specifications.js';

const contract = contractOf();
const { openapi, asyncapi } = documentsOf(contract);
const keysAt = (document: JsonObject, pointer: string): string[] => Object.keys(at(document, pointer) as object);

it.each([['OpenAPI', openapi], ['AsyncAPI', asyncapi]])('%s refers to nothing that is not there', (_, document) => {
  const found = references(document);
  expect(found.size).toBeGreaterThan(100);
  expect([...found].flatMap(([pointer, value]) => (value === undefined ? [pointer] : []))).toEqual([]);
});

it('both say the same of the same', () => {
  for (const [name, schema] of Object.entries(at(asyncapi, '#/components/schemas') as JsonObject)) {
    const same = at(openapi, `#/components/schemas/${name}`);
    if (same !== undefined) expect([name, schema]).toEqual([name, same]);
  }
});

it('OpenAPI has every resource with every method and every event', () => {
  for (const { api, name, events, statusAttribute } of all) {
    const path = `/tmf-api/${api}/v4/${name}`;
    const item = (at(openapi, '#/paths') as JsonObject)[path] as JsonObject;
    expect(Object.keys(item)).toEqual(['get', 'post']);
    expect(Object.keys((at(openapi, '#/paths') as JsonObject)[`${path}/{id}`] as JsonObject)).toEqual(['parameters', 'get', 'patch', 'delete']);
    for (const eventType of Object.values(events)) {
      const isSent = statusAttribute !== undefined || eventType !== events.stateChange;
      expect([eventType, keysAt(openapi, '#/webhooks').includes(eventType)]).toEqual([eventType, isSent]);
    }
  }
  const ids = Object.values(at(openapi, '#/paths') as JsonObject).flatMap((item) => Object.values(item as JsonObject).flatMap((operation) => (operation as JsonObject)['operationId'] ?? []));
  expect(new Set(ids).size).toBe(ids.length);
});

it('OpenAPI leaves out what is not served', () => {
  const paths = keysAt(documentsOf({ ...contractOf([definitionOf('agreement')]), hub: false, feed: undefined, customer: undefined }).openapi, '#/paths');
  expect(paths).toEqual(['/tmf-api/agreementManagement/v4/agreement', '/tmf-api/agreementManagement/v4/agreement/{id}', '/tmf-api/agreementManagement/v4/schemas/{schema}.json', '/openapi.json', '/asyncapi.json', '/health/live', '/health/ready']);
});

it('AsyncAPI has the names of both brokers, with the prefix', () => {
  const document = asyncApi(contractOf([definitionOf('billFormat')], { prefix: 'acme' }));
  const channels = document['channels'] as Record<string, { address: string | null; bindings?: JsonObject }>;
  expect(Object.entries(channels).map(([name, { address }]) => [name, address])).toEqual([
    ['rabbitmq.replies', null],
    ['rabbitmq.commands.billFormat', '{key}'],
    ['rabbitmq.events.billFormat', 'billFormat.{eventType}'],
    ['rabbitmq.dead', '{reason}'],
    ['nats.replies', null],
    ['nats.commands.billFormat', 'acme.commands.billFormat.{key}'],
    ['nats.events.billFormat', 'acme.events.billFormat.{eventType}'],
    ['nats.dead', 'acme.dead.{reason}'],
  ]);
  const exchangeOf = (name: string): unknown => at(channels[name]?.bindings, '#/amqp/exchange/name');
  expect(['commands.billFormat', 'events.billFormat', 'dead'].map((name) => exchangeOf(`rabbitmq.${name}`))).toEqual(['acme.commands', 'acme.events', 'acme.dead']);
  expect(at(document, '#/channels/rabbitmq.events.billFormat/parameters/eventType/enum')).toEqual(['BillFormatCreateEvent', 'BillFormatAttributeValueChangeEvent', 'BillFormatDeleteEvent', 'snapshot']);
});

describe('schemas that stand alone', () => {
  const uri = 'https://api.example.com/schemas/x.json';

  it.each(all.flatMap((definition) => ownSchemas(definition).map((name) => [name, definition] as const)))('%s', (name, definition) => {
    const schema = standaloneSchema(definition, name, uri);
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: uri, title: name });
    const ajv = new Ajv2020({ strictTypes: false, allowUnionTypes: true }).addFormat('date-time', (text) => toUtcDateTime(text) === text);
    const validate = ajv.compile(schema);
    expect(validate(7)).toBe(false);
    const shape = name.endsWith('Event') ? specificationOf(definition.typeName).event(name) : undefined;
    if (!shape) return;
    const properties = Object.keys(schema['properties'] as JsonObject);
    expect(properties.filter((property) => !shape.attributes.includes(property))).toEqual([]);
    expect(properties).toContain(shape.wrapper);
  });

  it('have nothing that they do not need', () => {
    const schema = standaloneSchema(definitionOf('billFormat'), 'BillFormatCreateEvent', uri);
    expect(Object.keys(schema['$defs'] as JsonObject)).toEqual(['BillFormat']);
  });
});

it('says which states a life cycle knows', () => {
  expect(at(openapi, '#/components/schemas/Organization_Create/properties/status/enum')).toEqual(['initialized', 'validated', 'closed']);
  expect(at(openapi, '#/components/schemas/Organization_Update/properties/status/enum')).toEqual(['initialized', 'validated', 'closed']);
  expect(at(openapi, '#/components/schemas/PartyRole_Create/properties/status')).toEqual({ type: 'string' });
});

it('names no secret as something that is answered', () => {
  expect(keysAt(openapi, '#/components/schemas/PaymentMethod/properties')).not.toContain('cvv');
  expect(at(openapi, '#/components/schemas/paymentMethod.BankCard/properties/cvv/writeOnly')).toBe(true);
});
