import { eventTypesOf } from '../../src/contracts/event-schemas.js';
import { notification, schemaUris } from '../../src/handlers/notification.js';
import { outgoingOf } from '../../src/hub/dialect.js';
import { DIALECTS } from '../../src/hub/dialects.js';
import { parseEventQuery } from '../../src/hub/event-filter.js';
import { LoggedEvent } from '../../src/hub/logged-event.js';
import type { JsonObject } from '../../src/json.js';
import { STRUCTURED } from '../../src/message.js';
import type { Dialect } from '../../src/store/hub-store.js';
import { BusCheck } from '../support/bus-check.js';
import { contractOf, documentsOf } from '../support/contracts.js';
import { command } from '../support/deciding.js';
import { type Delivery, DeliveryCheck } from '../support/delivery-check.js';
import { all, representation } from '../support/resources.js';
import { sampleOf } from '../support/samples.js';

const TIME = '2024-01-01T00:00:00.000Z';
const PUBLIC_URL = 'https://api.example.com';
const { openapi, asyncapi } = documentsOf(contractOf(all, { publicUrl: PUBLIC_URL }));
const bus = new BusCheck(asyncapi);
const deliveries = new DeliveryCheck(openapi);
const schemaUri = schemaUris(PUBLIC_URL, ({ api }, schema) => `/tmf-api/${api}/v4/schemas/${schema}.json`);

/** As a sender completes it. */
function delivered(event: LoggedEvent, dialect: Dialect, envelope: JsonObject): Delivery {
  const { headers, body } = outgoingOf(event, dialect, envelope);
  return { headers: { ...headers, 'webhook-id': event.id, 'webhook-timestamp': '1' }, body };
}

describe.each(all.map((definition) => [definition.name, definition] as const))('of a %s', (name, definition) => {
  it.each(eventTypesOf(definition))('%s fits both contracts, on the bus and in deliveries', (eventType) => {
    const resource = representation.seen(definition, { '@type': definition.typeName, ...definition.stamps.onCreate(TIME), ...sampleOf(name).create, id: '1' });
    const fieldPath = eventType === definition.events.attributeValueChange ? { fieldPath: 'name' } : {};
    const asked = command('create', { correlationid: 'c', imported: true });
    const recorded = notification(definition, asked, { eventType, revision: 7, number: 0, ...fieldPath }, resource, { source: '/test', schemaUri }, TIME);
    const event = new LoggedEvent({ position: 1, number: 0 }, new Date(TIME), recorded);
    bus.event(event.cloudEvent);
    const slim = parseEventQuery('fields=name', [definition]).slim(event.envelope);
    for (const dialect of DIALECTS) {
      const whole = delivered(event, dialect, event.envelope);
      expect(whole.headers['content-type']).toBe(dialect === 'cloudevents-structured' ? STRUCTURED : 'application/json');
      deliveries.check(whole);
      const slimmed = delivered(event, dialect, slim);
      deliveries.check(slimmed, true);
      expect(() => deliveries.check(slimmed)).toThrow('does not fit');
    }
  });
});
