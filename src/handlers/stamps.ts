import type { JsonObject } from '../json.js';

/** The resource with these date-times, but for those among what changed anyway: the sender set them. */
export function stamped(resource: JsonObject, names: readonly string[], changed: readonly string[], now: string): JsonObject {
  const missing = names.filter((name) => !changed.includes(name));
  return missing.length === 0 ? resource : { ...resource, ...Object.fromEntries(missing.map((name) => [name, now])) };
}
