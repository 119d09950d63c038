import { EXPECTED_REVISION_PATTERN } from '../bus/envelope.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { schemaUrn, type SchemaUri } from '../handlers/notification.js';
import type { JsonObject } from '../json.js';
import type { Action } from '../message.js';
import { RESOURCE_ID_PATTERN } from '../resource-id.js';
import type { Contract } from './contract.js';
import { eventTypesOf } from './event-schemas.js';
import { ref, refTo } from './resource-components.js';

const TEXT = { type: 'string' };
const SOME_TEXT = { type: 'string', minLength: 1 };
const TIME = { type: 'string', format: 'date-time' };
const ID = { type: 'string', pattern: RESOURCE_ID_PATTERN };
const TRACE = { correlationid: TEXT, traceparent: TEXT, tracestate: TEXT };

/** The attributes of a command, as `commandOf` understands them. `datacontenttype` stands elsewhere in binary mode. */
export function commandAttributes({ name, api, version }: ResourceDefinition, action: Action): JsonObject {
  return {
    type: 'object',
    properties: {
      specversion: { const: '1.0' },
      id: { ...SOME_TEXT, description: 'With the source the identity of the command: the same again is answered from the first time.' },
      source: { ...SOME_TEXT, description: 'Who asks.' },
      type: { const: `org.tmforum.${name}.${action}` },
      subject: { ...ID, description: `The resource's id${action === 'create' ? '; absent: that of the body, else one is derived from source and id' : ''}.` },
      time: { ...TIME, description: 'When it was asked.' },
      dataschema: { ...TEXT, pattern: `(^|[:/#?])${version}([:/#?]|$)`, examples: [`urn:tmforum:${api}:${version}`] },
      expectedrevision: { ...TEXT, pattern: EXPECTED_REVISION_PATTERN, description: 'Revisions that the sender accepts, or `*`.' },
      authid: { ...TEXT, description: 'In whose name.' },
      channel: { ...TEXT, description: 'Over which channel it came.' },
      ...TRACE,
      imported: { enum: [true, 'true', false, 'false'], description: 'Part of a mass import.' },
    },
    required: ['specversion', 'id', 'source', 'type', ...(action === 'create' ? [] : ['subject'])],
  };
}

/** The component of an event as CloudEvent in structured mode. */
export function cloudEventName(eventType: string): string {
  return `${eventType}.CloudEvent`;
}

export function snapshotName({ typeName }: ResourceDefinition): string {
  return cloudEventName(`${typeName}Snapshot`);
}

export const ANNOUNCEMENT = cloudEventName('CommandParked');

/** Every event as CloudEvent in structured mode, and the announcement of a parked message. */
export function cloudEventSchemas(definitions: readonly ResourceDefinition[], { schemaUri }: Pick<Contract, 'schemaUri'>): JsonObject {
  const events = definitions.flatMap((definition): [string, JsonObject][] => [
    ...eventTypesOf(definition).map((eventType): [string, JsonObject] => [
      cloudEventName(eventType),
      aboutResource(definition, eventType, eventType, schemaUri, []),
    ]),
    [
      snapshotName(definition),
      aboutResource(definition, 'snapshot', definition.schemas.whole, schemaUri, ['replayed']),
    ],
  ]);
  return { ...Object.fromEntries(events), [ANNOUNCEMENT]: cloudEvent({ type: { const: 'org.tmforum.command.parked' }, subject: TEXT, data: ref('ParkedMessage') }, []) };
}

/** @param schema of the data */
function aboutResource(definition: ResourceDefinition, type: string, schema: string, schemaUri: SchemaUri, required: readonly string[]): JsonObject {
  return cloudEvent(
    {
      type: { const: `org.tmforum.${definition.name}.${type}` },
      subject: ID,
      // Events of the time before there was a public address have the other.
      dataschema: { enum: [...new Set([schemaUri(definition, schema), schemaUrn(definition, schema)])] },
      sequence: { ...TEXT, pattern: '^\\d{16}$', description: 'The revision of the resource: counts its events without gaps, from 1.' },
      partitionkey: ID,
      ...TRACE,
      imported: { const: true, description: 'Part of a mass import.' },
      replayed: { const: true, description: 'Sent again.' },
      data: refTo(definition, schema),
    },
    ['dataschema', 'sequence', 'partitionkey', ...required],
  );
}

function cloudEvent(attributes: JsonObject, required: readonly string[]): JsonObject {
  return {
    type: 'object',
    properties: { specversion: { const: '1.0' }, id: SOME_TEXT, source: SOME_TEXT, time: TIME, datacontenttype: { const: 'application/json' }, ...attributes },
    required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data', ...required],
  };
}
