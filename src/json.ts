/** Any value that JSON can hold (RFC 8259). */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Attribute names are any text, `__proto__`, `$ref` and `a.b` included. */
export interface JsonObject {
  [name: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are the same; the order of attributes does not matter. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((value, index) => sameJson(value, other[index]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && sameJson(one[name], other[name]));
}

/** Whether a value has more than so many levels of arrays and objects. */
export function deeperThan(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels <= 0) return true;
  return Object.values(value).some((child) => deeperThan(child, levels - 1));
}

/** Where a text stopped being JSON, such as ` at position 7`; nothing else of the engine's words, which quote what stands around it. */
export function atPosition(error: unknown): string {
  const position = /position \d+/.exec(error instanceof Error ? error.message : '')?.[0];
  return position === undefined ? '' : ` at ${position}`;
}

/** The attributes that are there. */
export function withoutUndefined<T extends object>(attributes: T): Partial<T> {
  const found: Partial<T> = {};
  for (const name of Object.keys(attributes) as (keyof T)[]) if (attributes[name] !== undefined) found[name] = attributes[name];
  return found;
}
