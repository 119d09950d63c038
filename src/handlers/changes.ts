import { isObject, sameJson, type JsonObject } from '../json.js';

/**
 * Dotted paths of what differs between two states of a resource, in the order of the new one; objects are
 * entered, arrays are compared as a whole.
 */
export function changedPaths(before: JsonObject, after: JsonObject, prefix = ''): string[] {
  const names = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...names].flatMap((name) => {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const now = Object.hasOwn(after, name) ? after[name] : undefined;
    if (isObject(old) && isObject(now)) return changedPaths(old, now, `${prefix}${name}.`);
    return sameJson(old, now) ? [] : [prefix + name];
  });
}
