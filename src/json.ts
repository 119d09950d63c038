/** Any value that JSON can hold (RFC 8259). */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Attribute names are any text, `__proto__`, `$ref` and `a.b` included. */
export interface JsonObject {
  [name: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
