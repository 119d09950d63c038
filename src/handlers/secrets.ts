import { isObject, type Json, type JsonObject } from '../json.js';
import { mapped, patchOf } from './deep-map.js';
import type { Secrets } from './definition.js';
import { withOtherValues } from './loose-text.js';

const SHOWN = 4;

/** In place of what is not shown at all. */
export const HIDDEN = '****';

/** The value with its attributes that must be forgotten left out, at any depth; the same value when it has none. */
export function withoutDropped<T extends Json>(value: T, { dropped }: Pick<Secrets, 'dropped'>): T {
  if (dropped.length === 0) return value;
  const names = new Set(dropped);
  const left = mapped(value, {
    attribute: (name, child) => (names.has(name) ? undefined : child),
    operation: (operation) => (names.has(patchOf(operation, names) ?? '') ? undefined : operation),
    // JSON within a text, or what somebody noted.
    text: (text) => withOtherValues(text, dropped, () => ''),
  });
  return left as T;
}

/** Any JSON value about the resource, such as a command, as anybody may see it. */
export function maskedDeep(value: Json, { masked: rules }: Pick<Secrets, 'masked'>): Json {
  const names = new Set(Object.keys(rules));
  if (names.size === 0) return value;
  return mapped(value, {
    attribute: (name, child) => (names.has(name) ? maskedValue(child, rules[name]) : child),
    operation: (operation) => (patchOf(operation, names) !== undefined && Object.hasOwn(operation, 'value') ? { ...operation, value: HIDDEN } : operation),
    text: (text) => withOtherValues(text, [...names], () => HIDDEN),
  });
}

/** The resource as anybody may see it; the same one when it has no secrets. */
export function masked(resource: JsonObject, secrets: Pick<Secrets, 'masked'>): JsonObject {
  return maskedDeep(resource, secrets) as JsonObject;
}

/** The masked attributes that hold what only stands for a value: no number or token is written so. */
export function maskedAlready(resource: JsonObject, { masked: rules }: Pick<Secrets, 'masked'>): string[] {
  return Object.keys(rules).filter((name) => {
    const value = Object.hasOwn(resource, name) ? resource[name] : undefined;
    return typeof value === 'string' && /^\*+[^*]{0,4}$/.test(value);
  });
}

/** A JSON pointer: nothing in it selects by content. */
const PLAIN_POINTER = /^[^?$[\]]*$/;

/** The place in a JSON Patch of the first operation that could put a masked value where it is not masked. */
export function unmaskingOperation(patch: Json, { masked: rules }: Pick<Secrets, 'masked'>): number {
  const names = new Set(Object.keys(rules));
  if (names.size === 0 || !Array.isArray(patch)) return -1;
  return patch.findIndex((operation) => {
    const from = isObject(operation) ? operation['from'] : undefined;
    return typeof from === 'string' && (!PLAIN_POINTER.test(from) || patchOf({ from }, names) !== undefined);
  });
}

/** A masked value that comes back with a patch stands for the value that it hides. */
export function unmasked(before: JsonObject, after: JsonObject, secrets: Pick<Secrets, 'masked'>): JsonObject {
  const seen = masked(before, secrets);
  const returned = Object.keys(secrets.masked).filter((name) => Object.hasOwn(before, name) && Object.hasOwn(after, name) && after[name] === seen[name]);
  return returned.length === 0 ? after : { ...after, ...Object.fromEntries(returned.map((name) => [name, before[name] ?? null])) };
}

function maskedValue(value: Json, rule: 'lastFour' | 'all' | undefined): Json {
  if (typeof value !== 'string') return value === null ? null : HIDDEN;
  // Of a short text the last four would be most of it.
  const shown = rule === 'lastFour' && value.length >= 3 * SHOWN ? SHOWN : 0;
  return '*'.repeat(value.length - shown) + value.slice(value.length - shown);
}
