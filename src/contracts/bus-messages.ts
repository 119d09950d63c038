import type { ResourceDefinition } from '../handlers/definition.js';
import type { JsonObject } from '../json.js';
import { STRUCTURED, type Action } from '../message.js';
import type { Broker } from './broker.js';
import { ANNOUNCEMENT, cloudEventName, commandAttributes, snapshotName } from './cloud-events.js';
import { ACTIONS, commandBodies, commandName, replyName, structuredName } from './command-schemas.js';
import { eventTypesOf } from './event-schemas.js';
import { ref } from './resource-components.js';

/** A message by its name among the components. */
export type Named = readonly [name: string, message: JsonObject];

/** A command in both modes, as one broker carries it: in binary mode the attributes are headers, and the data has the content type. */
export function commandMessages(definition: ResourceDefinition, action: Action, broker: Broker): Named[] {
  const name = commandName(definition, action);
  const type = `org.tmforum.${definition.name}.${action}`;
  const headers = inHeaders(commandAttributes(definition, action), broker.attributePrefix);
  const common = { headers, correlationId: broker.correlationId, traits: [{ $ref: `#/components/messageTraits/${broker.name}.binary` }] };
  const binary = commandBodies(definition, action).map(([mediaType, payload]): Named => [
    `${broker.name}.${name}.${mediaType.replace(/^application\//, '').replace(/\+json$/, '')}`,
    { name: type, ...common, contentType: mediaType, payload },
  ]);
  const empty: Named[] = binary.length === 0 ? [[`${broker.name}.${name}.binary`, { name: type, ...common }]] : [];
  const structured = { name: type, contentType: STRUCTURED, correlationId: broker.correlationId, payload: ref(structuredName(definition, action)) };
  return [...binary, ...empty, [`${broker.name}.${name}.structured`, structured]];
}

export function replyMessage(definition: ResourceDefinition, action: Action, broker: Broker): Named {
  const name = replyName(definition, action);
  return [`${broker.name}.${name}`, { name, contentType: 'application/json', correlationId: broker.correlationId, payload: ref(name) }];
}

export function replyMessages(definitions: readonly ResourceDefinition[], broker: Broker): Named[] {
  return definitions.flatMap((definition) => ACTIONS.map((action) => replyMessage(definition, action, broker)));
}

/** The events of a resource, by what stands in their keys. */
export function eventMessages(definition: ResourceDefinition): Map<string, Named> {
  const messageOf = (key: string, schema: string): [string, Named] => [key, [schema.replace(/\.CloudEvent$/, ''), { name: `org.tmforum.${definition.name}.${key}`, contentType: STRUCTURED, payload: ref(schema) }]];
  return new Map([...eventTypesOf(definition).map((eventType) => messageOf(eventType, cloudEventName(eventType))), messageOf('snapshot', snapshotName(definition))]);
}

export const ANNOUNCED: Named = ['CommandParked', { name: 'org.tmforum.command.parked', contentType: STRUCTURED, payload: ref(ANNOUNCEMENT) }];

/** What commands in binary mode have in common. */
export function messageTraits(brokers: readonly Broker[]): JsonObject {
  return Object.fromEntries(brokers.map(({ name, attributePrefix }) => [`${name}.binary`, { summary: `CloudEvents in binary mode: attributes are headers that begin with ${attributePrefix}.` }]));
}

function inHeaders(attributes: JsonObject, prefix: string): JsonObject {
  const { properties, required } = attributes as { properties: JsonObject; required: string[] };
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(properties).map(([name, schema]) => [prefix + name, schema])),
    required: required.map((name) => prefix + name),
  };
}
