import type { ResourceDefinition } from './definition.js';
import { partyRole } from './party-role.js';

/** Every resource that this service serves. */
export function definitions(options: { readonly roleTypeDefault: boolean }): ResourceDefinition[] {
  return [partyRole(options)];
}
