import type { ResourceDefinition } from './definition.js';
import { partyRole } from './party-role.js';

/** Every resource that this service serves, by its name. */
const resources = { partyRole };

export const resourceNames: readonly string[] = Object.keys(resources);

export function definitions(options: { readonly roleTypeDefault: boolean }): ResourceDefinition[] {
  return Object.values(resources).map((define) => define(options));
}
