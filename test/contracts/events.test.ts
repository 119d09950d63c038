import { eventTypesOf } from '../../src/contracts/event-schemas.js';
import { notification, schemaUris } from '../../src/handlers/notification.js';
import { outgoingOf } from '../../src/hub/dialect.js';
import { LoggedEvent } from '../../src/hub/logged-event.js';
import { STRUCTURED } from '../../src/message.js';
import { BusCheck } from '../support/bus-check.js';
import { ANSWERED, ContractSchemas, token } from '../support/contract-schemas.js';
import { contractOf, documentsOf } from '../support/contracts.js';
import { command } from '../support/deciding.js';
import { all, representation } from '../support/resources.js';
import { sampleOf } from '../support/samples.js';

const TIME = '2024-01-01T00:00:00.000Z';
const PUBLIC_URL = 'https://api.example.com';
const { openapi, asyncapi } = documentsOf(contractOf(all, { publicUrl: PUBLIC_URL }));
const bus = new BusCheck(asyncapi);
const schemas = new ContractSchemas(openapi);
const schemaUri = schemaUris(PUBLIC_URL, ({ api }, schema) => `/tmf-api/${api}/v4/schemas/${schema}.json`);

describe.each(all.map((definition) => [definition.name, definition] as const))('of a %s', (name, definition) => {
  it.each(eventTypesOf(definition))('%s fits both contracts, on the bus and in deliveries', (eventType) => {
    const resource = representation.seen(definition, { '@type': definition.typeName, ...definition.stamps.onCreate(TIME), ...sampleOf(name).create, id: '1' });
    const fieldPath = eventType === definition.events.attributeValueChange ? { fieldPath: 'name' } : {};
    const asked = command('create', { correlationid: 'c', imported: true });
    const recorded = notification(definition, asked, { eventType, revision: 7, number: 0, ...fieldPath }, resource, { source: '/test', schemaUri }, TIME);
    const event = new LoggedEvent({ position: 1, number: 0 }, new Date(TIME), recorded);
    bus.event(event.cloudEvent);
    for (const [dialect, type] of [['tmf', 'application/json'], ['cloudevents-structured', STRUCTURED], ['cloudevents-binary', 'application/json']] as const) {
      const { headers, body } = outgoingOf(event, dialect, event.envelope);
      expect(headers['content-type']).toBe(type);
      schemas.check(`${eventType} as ${dialect}`, `#/webhooks/${eventType}/post/requestBody/content/${token(type)}/schema`, JSON.parse(body), ANSWERED);
    }
  });
});
