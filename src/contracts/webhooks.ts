import type { ResourceDefinition } from '../handlers/definition.js';
import { odaName } from '../hub/oda-names.js';
import type { JsonObject } from '../json.js';
import { STRUCTURED } from '../message.js';
import { cloudEventName } from './cloud-events.js';
import { eventTypesOf } from './event-schemas.js';
import { ref, refTo } from './resource-components.js';

const header = (name: string, description: string): JsonObject => ({ name, in: 'header', description, schema: { type: 'string' } });

/** Standard Webhooks (standardwebhooks.com). */
const HEADERS: JsonObject[] = [
  header('webhook-id', 'The id of the event, the same at each attempt.'),
  header('webhook-timestamp', 'When this attempt was made, in seconds.'),
  header('webhook-signature', 'One signature for each secret that is valid, where there is any.'),
];

/** What registered listeners are sent, by event type. */
export function webhooks(definitions: readonly ResourceDefinition[]): JsonObject {
  const entries = definitions.flatMap((definition) => eventTypesOf(definition).map((eventType): [string, JsonObject] => [eventType, { post: delivery(definition, eventType) }]));
  return Object.fromEntries(entries);
}

function delivery(definition: ResourceDefinition, eventType: string): JsonObject {
  return {
    operationId: `deliver${eventType}`,
    tags: ['Notifications'],
    summary: `${eventType}, in the dialect of the subscription`,
    description: `In the dialect \`oda\` the event type is ${odaName(eventType)}. Where the subscription has \`fields\`, only what they choose is sent.`,
    parameters: HEADERS,
    requestBody: { required: true, content: { 'application/json': { schema: refTo(definition, eventType) }, [STRUCTURED]: { schema: ref(cloudEventName(eventType)) } } },
    responses: {
      '2XX': { description: 'The listener has it.' },
      410: { description: 'The listener wants no more: it is unregistered.' },
      default: { description: 'It is sent again, later and later.' },
    },
  };
}
