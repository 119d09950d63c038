import { isObject, type Json, type JsonObject } from '../../../src/json.js';

/** JSON Merge Patch (RFC 7396) of an object, as anybody writes it. */
export function mergePatch(target: Json | undefined, patch: JsonObject): JsonObject {
  const result: JsonObject = target !== undefined && isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = isObject(value) ? mergePatch(result[name], value) : value;
  }
  return result;
}
