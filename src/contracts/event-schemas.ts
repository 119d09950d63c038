import type { ResourceDefinition } from '../handlers/definition.js';
import { DEFS } from '../handlers/resource-schemas.js';
import type { JsonObject } from '../json.js';

const TEXT = { type: 'string' };
const TIME = { type: 'string', format: 'date-time' };

/** The events that a resource has. */
export function eventTypesOf({ events, statusAttribute }: ResourceDefinition): string[] {
  const { stateChange, ...others } = events;
  return [...Object.values(others), ...(statusAttribute === undefined ? [] : [stateChange])];
}

/** The TM Forum envelope of each event (TMF630 part 1, notifications), by event type. */
export function eventSchemas(definition: ResourceDefinition): Record<string, JsonObject> {
  return Object.fromEntries(eventTypesOf(definition).map((eventType) => [eventType, envelopeSchema(definition, eventType)]));
}

function envelopeSchema({ name, wrapper, events, schemas }: ResourceDefinition, eventType: string): JsonObject {
  const saysWhatChanged = eventType === events.attributeValueChange;
  return {
    type: 'object',
    properties: {
      eventId: { ...TEXT, description: 'Tells repetitions of the event.' },
      eventTime: TIME,
      eventType: { const: eventType },
      timeOcurred: { ...TIME, description: 'When it was asked for.' },
      domain: TEXT,
      correlationId: TEXT,
      ...(saysWhatChanged ? { fieldPath: { ...TEXT, description: 'The changed paths, joined by commas.' } } : {}),
      [wrapper]: { type: 'object', properties: { [name]: { $ref: DEFS + schemas.whole } }, required: [name] },
    },
    required: ['eventId', 'eventTime', 'eventType', 'timeOcurred', 'domain', ...(saysWhatChanged ? ['fieldPath'] : []), wrapper],
  };
}
