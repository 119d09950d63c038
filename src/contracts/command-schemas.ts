import type { ResourceDefinition } from '../handlers/definition.js';
import { PATCH_TYPES } from '../handlers/patch.js';
import type { JsonObject } from '../json.js';
import { REPLAYED, type Action } from '../message.js';
import { commandAttributes } from './cloud-events.js';
import { patchBodies } from './patch-bodies.js';
import { ref, refTo } from './resource-components.js';

export const ACTIONS: readonly Action[] = ['create', 'patch', 'delete'];

const TEXT = { type: 'string' };

/** `createPartyRole` */
export function commandName({ typeName }: ResourceDefinition, action: Action): string {
  return `${action}${typeName}`;
}

/** The component of a command as CloudEvent in structured mode. */
export function structuredName(definition: ResourceDefinition, action: Action): string {
  return `${commandName(definition, action)}.CloudEvent`;
}

export function replyName(definition: ResourceDefinition, action: Action): string {
  return `${commandName(definition, action)}.Reply`;
}

/** What a command can carry, by its media type. */
export function commandBodies(definition: ResourceDefinition, action: Action): [mediaType: string, schema: JsonObject][] {
  if (action === 'delete') return [];
  const bodies = patchBodies(definition);
  return action === 'create' ? [['application/json', refTo(definition, definition.schemas.create)]] : PATCH_TYPES.map((type) => [type, bodies[type]]);
}

/** Every command in structured mode, and what it is answered with. */
export function commandSchemas(definitions: readonly ResourceDefinition[]): JsonObject {
  const entries = definitions.flatMap((definition) =>
    ACTIONS.flatMap((action): [string, JsonObject][] => [
      [structuredName(definition, action), structured(definition, action)],
      [replyName(definition, action), { anyOf: [accepted(definition, action), ref('RefusedReply')] }],
    ]),
  );
  return { ...Object.fromEntries(entries), RefusedReply: REFUSED };
}

/** Without `datacontenttype` the data is JSON. */
function structured(definition: ResourceDefinition, action: Action): JsonObject {
  const { properties, required } = commandAttributes(definition, action) as { properties: JsonObject; required: string[] };
  const bodies = commandBodies(definition, action);
  if (bodies.length === 0) return { type: 'object', properties, required };
  const [[first] = []] = bodies;
  const typed = { datacontenttype: { enum: bodies.map(([mediaType]) => mediaType), ...(bodies.length === 1 ? { default: first ?? '' } : {}) } };
  const [, json] = bodies.find(([mediaType]) => mediaType === 'application/json') ?? [];
  const others = bodies.filter(([mediaType]) => mediaType !== 'application/json');
  const has = (mediaType: string): JsonObject => ({ properties: { datacontenttype: { const: mediaType } }, required: ['datacontenttype'] });
  const ofType = others.map(([mediaType, data]): JsonObject => ({ if: has(mediaType), then: { properties: { data } } }));
  const asJson: JsonObject = { if: { not: { anyOf: others.map(([mediaType]) => has(mediaType)) } }, then: { properties: { data: json ?? {} } } };
  return {
    type: 'object',
    properties: { ...properties, ...typed, ...(others.length === 0 ? { data: json ?? {} } : {}) },
    required: [...required, 'data'],
    ...(others.length === 0 ? {} : { allOf: [...ofType, asJson] }),
  };
}

const STATUS: Readonly<Record<Action, number>> = { create: 201, patch: 200, delete: 204 };
const ETAG = { ...TEXT, pattern: '^"\\d+"$' };
const HEADERS: Readonly<Record<Action, JsonObject>> = { create: { ETag: ETAG, Location: TEXT }, patch: { ETag: ETAG }, delete: {} };

function accepted(definition: ResourceDefinition, action: Action): JsonObject {
  const hasBody = action !== 'delete';
  const headers = HEADERS[action];
  return {
    type: 'object',
    properties: {
      status: { const: STATUS[action] },
      headers: { type: 'object', properties: { ...headers, Warning: TEXT, [REPLAYED]: { const: 'true' } }, required: Object.keys(headers) },
      ...(hasBody ? { body: refTo(definition, definition.schemas.whole) } : {}),
    },
    required: ['status', 'headers', ...(hasBody ? ['body'] : [])],
  };
}

const REFUSED: JsonObject = {
  description: 'The same status, headers and body as over HTTP.',
  type: 'object',
  properties: { status: { type: 'integer', minimum: 400, maximum: 599 }, headers: { type: 'object', additionalProperties: TEXT }, body: ref('Error') },
  required: ['status', 'headers', 'body'],
};
