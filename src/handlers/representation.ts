import { sameJson, type JsonObject } from '../json.js';
import type { ResourceDefinition } from './definition.js';
import { masked } from './secrets.js';

/** Builds the answer form of a stored resource: the same over REST, in replies and in events. */
export interface Representation {
  /** `href` by configuration alone, e.g. `https://api.example.com/tmf-api/partyRoleManagement/v4/partyRole/42`. */
  href(definition: ResourceDefinition, id: string): string;
  /** The resource with `id` and `href` first and the definition's answer defaults where an attribute is absent. */
  represent(definition: ResourceDefinition, resource: JsonObject): JsonObject;
  /** The same as anybody may see it, its secrets masked: in lists, replies and events. */
  seen(definition: ResourceDefinition, resource: JsonObject): JsonObject;
}

/** @param baseOf public base URL (may be empty) and base path of a definition's API. */
export function representationOf(baseOf: (definition: ResourceDefinition) => string): Representation {
  const href = (definition: ResourceDefinition, id: string): string =>
    `${baseOf(definition)}/${definition.name}/${encodeURIComponent(id).replaceAll('%3A', ':').replaceAll('%40', '@')}`;
  const represent = (definition: ResourceDefinition, resource: JsonObject): JsonObject => {
    const id = resource['id'] as string;
    return { id, href: href(definition, id), ...resource, ...absentDefaults(definition, resource) };
  };
  return { href, represent, seen: (definition, resource) => masked(represent(definition, resource), definition.secrets) };
}

/** Takes off what `represent` put on: the form that is stored. */
export function storedForm(definition: ResourceDefinition, before: JsonObject, represented: JsonObject): JsonObject {
  const answerOnly = absentDefaults(definition, before);
  return Object.fromEntries(
    Object.entries(represented).filter(
      ([name, value]) => name !== 'href' && !(name in answerOnly && sameJson(value, answerOnly[name])),
    ),
  );
}

function absentDefaults(definition: ResourceDefinition, resource: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(definition.answerDefaults).filter(([name]) => !Object.hasOwn(resource, name)));
}
