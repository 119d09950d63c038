import { isObject, type Json, type JsonObject } from '../json.js';

/**
 * Attribute names that MongoDB or its driver would refuse, misread or hide from queries: empty, `$ref`, `a.b`, NUL,
 * `_bsontype`, and numbers, which a query path would take for the index of an array.
 */
const UNSAFE = /^$|^\$|^_bsontype$|^\d+$|[.%\0]/;

/** `constructor`, `__proto__` and so on: the driver looks names up in plain objects and finds these in every one. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Reversible: the empty name becomes a lone `%`, any other offending character its percent-encoding. */
export function escapeName(name: string): string {
  if (name === '') return '%';
  if (!isUnsafe(name)) return name;
  const inside = name.replace(/[.%\0]/g, percentEncode);
  return inside === name || name.startsWith('$') ? percentEncode(inside.charAt(0)) + inside.slice(1) : inside;
}

function isUnsafe(name: string): boolean {
  return UNSAFE.test(name) || INHERITED.has(name);
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function unescapeName(name: string): string {
  return name === '%' ? '' : name.replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

/** True when a name in it must be escaped: rare, so the common resource is neither copied nor decoded. */
export function hasUnsafeNames(json: Json): boolean {
  if (Array.isArray(json)) return json.some(hasUnsafeNames);
  if (!isObject(json)) return false;
  for (const name of Object.keys(json)) if (isUnsafe(name) || hasUnsafeNames(json[name] ?? null)) return true;
  return false;
}

/** Any value as it is stored. */
export function escapeAll(json: Json): Json {
  return renameAll(json, escapeName);
}

export function escapeNames(resource: JsonObject): JsonObject {
  return renameObject(resource, escapeName);
}

export function unescapeNames(resource: JsonObject): JsonObject {
  return renameObject(resource, unescapeName);
}

/** `fromEntries` defines attributes, so `__proto__` stays one. */
function renameObject(object: JsonObject, rename: (name: string) => string): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [rename(name), renameAll(value, rename)]));
}

function renameAll(json: Json, rename: (name: string) => string): Json {
  if (Array.isArray(json)) return json.map((item) => renameAll(item, rename));
  return isObject(json) ? renameObject(json, rename) : json;
}
