import { CloudEvent } from 'cloudevents';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import type { JsonObject } from '../../src/json.js';
import { specificationOf } from '../support/specifications.js';

/** An event about a resource, as its consumer reads it. */
export interface Announcement {
  /** `CreateEvent` */
  readonly kind: string;
  readonly revision: number;
  readonly time: string;
  readonly fieldPath: string | undefined;
  readonly resource: JsonObject;
}

/** The attribute of the envelope that holds the resource, where it is not `event`, by API. */
const WRAPPERS: Readonly<Record<string, string>> = { accountManagement: 'payload' };

/** Events that the specification lacks, named as its others are. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  partyAccount: ['CreateEvent', 'DeleteEvent'],
  billingAccount: ['CreateEvent', 'DeleteEvent'],
  settlementAccount: ['CreateEvent', 'DeleteEvent'],
  billFormat: ['CreateEvent', 'AttributeValueChangeEvent', 'DeleteEvent'],
  billPresentationMedia: ['CreateEvent', 'AttributeValueChangeEvent', 'DeleteEvent'],
  billingCycleSpecification: ['CreateEvent', 'AttributeValueChangeEvent', 'DeleteEvent'],
};

/** Reads an event with the CloudEvents SDK. It must be as the resource's specification has it. */
export function announcementOf({ name, typeName, api }: ResourceDefinition, content: string): Announcement {
  const event = new CloudEvent<JsonObject>(JSON.parse(content) as JsonObject, true);
  expect(event.validate()).toBe(true);
  const { data = {}, time = '' } = event;
  const eventType = data['eventType'] as string;
  const wrapper = WRAPPERS[api] ?? 'event';
  const payload = data[wrapper] as JsonObject;
  const resource = payload[name] as JsonObject;
  expect(event).toMatchObject({ type: `org.tmforum.${name}.${eventType}`, dataschema: `urn:tmforum:${api}:v4:${eventType}`, partitionkey: event.subject });
  expect(data).toMatchObject({ eventId: event.id, eventTime: time, timeOcurred: expect.any(String) as string, domain: api });
  expect(resource).toMatchObject({ id: event.subject, href: `/tmf-api/${api}/v4/${name}/${event.subject}`, '@type': expect.any(String) as string });
  expect(Object.keys(payload)).toEqual([name]);
  const kind = eventType.slice(typeName.length);
  const shape = specificationOf(typeName).event(eventType);
  if (shape) {
    expect([eventType, shape.wrapper, shape.payload]).toEqual([typeName + kind, wrapper, [name]]);
    expect(Object.keys(data).filter((attribute) => !shape.attributes.includes(attribute))).toEqual([]);
  } else {
    expect([eventType, EXTENSIONS[name]]).toEqual([typeName + kind, expect.arrayContaining([kind])]);
  }
  const fieldPath = data['fieldPath'] as string | undefined;
  return { kind, revision: Number(event['sequence']), time, fieldPath, resource };
}

/** How the event of a state change is named after the type's name. */
export function stateChangeOf({ api }: ResourceDefinition): string {
  return api === 'paymentMethod' || api === 'partyInteraction' ? 'StatusChangeEvent' : 'StateChangeEvent';
}
