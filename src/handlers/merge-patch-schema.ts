import { isObject, type Json, type JsonObject } from '../json.js';

/** Gives the name of the schema for patches of a part, which `patched` makes of that part's own where there is none yet. */
export type PatchOfPart = (name: string, patched: (part: JsonObject) => JsonObject) => string;

/**
 * What a merge patch (RFC 7396) may say of what this schema describes: a part of an object, or null to take a value away. Arrays are
 * replaced as a whole.
 * @param mandatory what cannot be taken away
 */
export function mergePatchSchema(schema: JsonObject, mandatory: readonly string[], patchOfPart: PatchOfPart): JsonObject {
  const { required: _, anyOf: __, properties, ...rest } = schema;
  if (!isObject(properties)) return rest;
  const patched = Object.entries(properties).map(([name, value]): [string, Json] => {
    const attribute = valueSchema(value as JsonObject, patchOfPart);
    return [name, mandatory.includes(name) ? attribute : orNull(attribute)];
  });
  return { ...rest, properties: Object.fromEntries(patched) };
}

function valueSchema(schema: JsonObject, patchOfPart: PatchOfPart): JsonObject {
  const { $ref } = schema;
  if (typeof $ref !== 'string') return mergePatchSchema(schema, [], patchOfPart);
  const place = $ref.slice(0, $ref.lastIndexOf('/') + 1);
  return { ...schema, $ref: place + patchOfPart($ref.slice(place.length), (part) => mergePatchSchema(part, [], patchOfPart)) };
}

function orNull(schema: JsonObject): JsonObject {
  const { type } = schema;
  if ('$ref' in schema || 'enum' in schema) return { anyOf: [schema, { type: 'null' }] };
  return typeof type === 'string' ? { ...schema, type: [type, 'null'] } : schema;
}
