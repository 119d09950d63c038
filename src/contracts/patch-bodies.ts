import type { ResourceDefinition } from '../handlers/definition.js';
import type { PATCH_TYPES } from '../handlers/patch.js';
import type { JsonObject } from '../json.js';
import { ref, refTo } from './resource-components.js';

type PatchType = (typeof PATCH_TYPES)[number];

/** The schema of a patch, by its media type. */
export function patchBodies(definition: ResourceDefinition): Readonly<Record<PatchType, JsonObject>> {
  const mergePatch = refTo(definition, definition.schemas.patch);
  return {
    'application/merge-patch+json': mergePatch,
    'application/json': mergePatch,
    'application/json-patch+json': ref('JsonPatch'),
    'application/json-patch-query+json': ref('JsonPatchQuery'),
  };
}

const POINTER = { type: 'string', pattern: '^(/.*)?$', description: 'JSON pointer (RFC 6901).' };
const QUERY = {
  type: 'string',
  description: 'Elements of arrays are selected by their content: `/contactMedium/characteristic/city?mediumType=post`, or JSONPath: `relatedParty[?(@.role==\'owner\')].name`.',
};

/** What all resources have in common. */
export const PATCH_SCHEMAS: JsonObject = {
  JsonPatch: { description: 'JSON Patch (RFC 6902).', ...operationsAt(POINTER) },
  JsonPatchQuery: { description: 'JSON Patch Query (TMF630 part 5).', ...operationsAt(QUERY) },
};

function operationsAt(place: JsonObject): JsonObject {
  const operation = (names: readonly string[], more: JsonObject): JsonObject => ({
    type: 'object',
    properties: { op: { enum: [...names] }, path: place, ...more },
    required: ['op', 'path', ...Object.keys(more)],
  });
  return {
    type: 'array',
    items: { anyOf: [operation(['add', 'replace', 'test'], { value: {} }), operation(['move', 'copy'], { from: place }), operation(['remove'], {})] },
  };
}
