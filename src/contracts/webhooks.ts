import type { ResourceDefinition } from '../handlers/definition.js';
import { odaName } from '../hub/oda-names.js';
import type { JsonObject } from '../json.js';
import { STRUCTURED } from '../message.js';
import { cloudEventName } from './cloud-events.js';
import { eventTypesOf } from './event-schemas.js';
import { ref, refTo } from './resource-components.js';

const header = (name: string, description: string, required = true): JsonObject => ({ name, in: 'header', description, required, schema: { type: 'string' } });

const OF_CLOUD_EVENT = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'sequence', 'partitionkey', 'correlationid', 'traceparent', 'tracestate', 'imported', 'replayed'];

/** Standard Webhooks (standardwebhooks.com), and the CloudEvents HTTP binding, section 3.1. */
export const WEBHOOK_PARAMETERS: JsonObject = {
  'webhook-id': header('webhook-id', 'The id of the event, the same at each attempt.'),
  'webhook-timestamp': header('webhook-timestamp', 'When this attempt was made, in seconds.'),
  'webhook-signature': header('webhook-signature', 'One signature for each secret that is valid, where there is any.', false),
  ...Object.fromEntries(OF_CLOUD_EVENT.map((name) => [`ce-${name}`, header(`ce-${name}`, `In the dialect \`cloudevents-binary\`: \`${name}\` of the event, percent-encoded, where it has one.`, false)])),
};

/** What registered listeners are sent, by event type. */
export function webhooks(definitions: readonly ResourceDefinition[]): JsonObject {
  const entries = definitions.flatMap((definition) => eventTypesOf(definition).map((eventType): [string, JsonObject] => [eventType, { post: delivery(definition, eventType) }]));
  return Object.fromEntries(entries);
}

/** The envelopes of the dialect `oda`, where they differ. @param components where the others are, by name */
export function odaSchemas(definitions: readonly ResourceDefinition[], components: JsonObject): JsonObject {
  const renamed = definitions.flatMap(eventTypesOf).filter((eventType) => odaName(eventType) !== eventType);
  return Object.fromEntries(
    renamed.map((eventType) => {
      const schema = components[eventType] as { readonly properties: JsonObject };
      return [odaName(eventType), { ...schema, properties: { ...schema.properties, eventType: { const: odaName(eventType) } } }];
    }),
  );
}

function delivery(definition: ResourceDefinition, eventType: string): JsonObject {
  const oda = odaName(eventType);
  const envelopes = [refTo(definition, eventType), ...(oda === eventType ? [] : [ref(oda)]), ref('SelectedEvent')];
  return {
    operationId: `deliver${eventType}`,
    tags: ['Notifications'],
    summary: `${eventType}, in the dialect of the subscription`,
    description: `In the dialect \`oda\` the event type is ${oda}. Where the subscription has \`fields\`, only what they choose is sent.`,
    parameters: Object.keys(WEBHOOK_PARAMETERS).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { anyOf: envelopes } }, [STRUCTURED]: { schema: { anyOf: [ref(cloudEventName(eventType)), ref('SelectedCloudEvent')] } } },
    },
    responses: {
      '2XX': { description: 'The listener has it.' },
      410: { description: 'The listener wants no more: it is unregistered.' },
      default: { description: 'It is sent again, later and later.' },
    },
  };
}
