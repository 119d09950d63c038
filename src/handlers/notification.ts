import { withoutUndefined, type JsonObject } from '../json.js';
import type { Command } from '../message.js';
import type { RecordedEvent } from '../store/store.js';
import type { ResourceDefinition } from './definition.js';

/** Namespace of the ids derived here (a fixed random UUID). */
export const NAMESPACE = '5a1f6c0e-7d0b-4c53-9f43-2d7f3a1c9b60';

const SEQUENCE_DIGITS = 16;

/** A revision as the extension `sequence`: text that sorts as the numbers do. */
export function sequenceOf(revision: number): string {
  return String(revision).padStart(SEQUENCE_DIGITS, '0');
}

/**
 * A UUID of version 8 (RFC 9562, section 5.8): bits of the command's SHA-256, then the number in 16 bits.
 * A version 5 would hash once more, at the cost of a twentieth of the whole command.
 */
function eventId(commandHash: string, number: number): string {
  const variant = (8 + (parseInt(commandHash.charAt(16), 16) & 3)).toString(16);
  return [
    commandHash.slice(0, 8),
    commandHash.slice(8, 12),
    `8${commandHash.slice(13, 16)}`,
    `${variant}${commandHash.slice(17, 20)}`,
    `${commandHash.slice(20, 28)}${number.toString(16).padStart(4, '0')}`,
  ].join('-');
}

/** How `dataschema` names a schema of a resource's API: `PartyRoleCreateEvent`, `PartyRole`. */
export type SchemaUri = (definition: ResourceDefinition, schema: string) => string;

/** A name, since a URI must be absolute, and no place where it can be read. */
export const schemaUrn: SchemaUri = ({ api, version }, schema) => `urn:tmforum:${api}:${version}:${schema}`;

/** Where it can be read, if the public address of the APIs is known. @param pathOf below that address */
export function schemaUris(publicUrl: string, pathOf: SchemaUri): SchemaUri {
  return publicUrl === '' ? schemaUrn : (definition, schema) => publicUrl + pathOf(definition, schema);
}

/** Settings that every notification carries. */
export interface NotificationSettings {
  /** CloudEvents `source`: the same for all instances of one deployment. */
  readonly source: string;
  /** TM Forum envelope `domain`; absent: the name of the resource's API. */
  readonly domain?: string;
  /** Default `schemaUrn`. */
  readonly schemaUri?: SchemaUri;
}

/** One thing that happened to a resource. */
export interface Happening {
  readonly eventType: string;
  /** The resource's revision after it. */
  readonly revision: number;
  /** Which of the command's events it is, counted from 0. */
  readonly number: number;
  readonly fieldPath?: string;
}

/**
 * The notification of one happening: a CloudEvent (1.0, structured JSON) around the TM Forum event envelope
 * (TMF630 part 1, notifications; `PartyRoleCreateEvent` and its siblings in the specification).
 */
export function notification(
  definition: ResourceDefinition,
  command: Command,
  happening: Happening,
  represented: JsonObject,
  settings: NotificationSettings,
  now: string,
): RecordedEvent {
  const id = eventId(command.hash, happening.number);
  const subject = represented['id'] as string;
  const event = {
    specversion: '1.0',
    id,
    source: settings.source,
    type: `org.tmforum.${definition.name}.${happening.eventType}`,
    subject,
    time: now,
    datacontenttype: 'application/json',
    dataschema: (settings.schemaUri ?? schemaUrn)(definition, happening.eventType),
    sequence: sequenceOf(happening.revision),
    partitionkey: subject,
    ...withoutUndefined({ correlationid: command.correlationid, traceparent: command.traceparent, tracestate: command.tracestate, imported: command.imported }),
    data: {
      eventId: id,
      eventTime: now,
      eventType: happening.eventType,
      timeOcurred: command.time ?? now,
      domain: settings.domain ?? definition.api,
      ...withoutUndefined({ correlationId: command.correlationid, fieldPath: happening.fieldPath }),
      [definition.wrapper]: { [definition.name]: represented },
    },
  };
  return {
    topic: 'events',
    key: `${definition.name}.${happening.eventType}`,
    order: `${definition.name}/${subject}`,
    id,
    content: JSON.stringify(event),
  };
}
