import { isObject, sameJson, type JsonObject } from '../json.js';

/**
 * Dotted paths of what differs between two states of a resource, in the order of the new one; objects are
 * entered, arrays are compared as a whole.
 */
export function changedPaths(before: JsonObject, after: JsonObject, prefix = ''): string[] {
  const changed: string[] = [];
  for (const name of new Set([...Object.keys(after), ...Object.keys(before)])) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const now = Object.hasOwn(after, name) ? after[name] : undefined;
    // What a patch leaves alone is the very same object.
    if (old === now) continue;
    if (isObject(old) && isObject(now)) for (const path of changedPaths(old, now, `${prefix}${name}.`)) changed.push(path);
    else if (!sameJson(old, now)) changed.push(prefix + name);
  }
  return changed;
}
