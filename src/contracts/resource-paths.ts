import type { ResourceDefinition } from '../handlers/definition.js';
import { PATCH_TYPES } from '../handlers/patch.js';
import type { JsonObject } from '../json.js';
import { REPLAYED } from '../message.js';
import type { Contract, ContractApi } from './contract.js';
import { errorResponses } from './errors.js';
import { filterParameter, parameters, writeParameters } from './parameters.js';
import { patchBodies } from './patch-bodies.js';
import { ref, refTo } from './resource-components.js';
import { responseHeaders } from './response-headers.js';

/** The paths of one resource: its collection and its members (TMF630 part 1). */
export function resourcePaths({ path }: ContractApi, definition: ResourceDefinition, contract: Contract): JsonObject {
  return {
    [`${path}/${definition.name}`]: { get: list(definition, contract), post: create(definition, contract) },
    [`${path}/${definition.name}/{id}`]: { parameters: parameters('id'), get: retrieve(definition), patch: patch(definition, contract), delete: remove(definition, contract) },
  };
}

function list(definition: ResourceDefinition, { countMax }: Contract): JsonObject {
  const { typeName, indexes, secrets } = definition;
  const often = [...new Set(indexes.map(({ path }) => path))].map((path) => filterParameter(path));
  const hidden = Object.keys(secrets.masked);
  return {
    operationId: `list${typeName}`,
    tags: [typeName],
    summary: `Lists resources of type ${typeName}`,
    description: `The total is exact below ${countMax}.${hidden.length === 0 ? '' : ` Neither filtered nor sorted by ${hidden.join(', ')}, which lists mask.`}`,
    parameters: [...parameters('fields', 'sort', 'offset', 'limit', 'cursor'), ...often, ...parameters('filter', 'correlation', 'traceparent', 'tracestate')],
    responses: {
      200: {
        description: 'A page of them.',
        headers: responseHeaders('X-Result-Count', 'X-Total-Count', 'X-Total-Count-Relation', 'X-Next-Cursor', 'Link', 'Warning'),
        content: { 'application/json': { schema: { type: 'array', items: selectable(definition) } } },
      },
      ...errorResponses(400, 406, 414),
    },
  };
}

function create(definition: ResourceDefinition, contract: Contract): JsonObject {
  const { typeName, schemas } = definition;
  return {
    operationId: `create${typeName}`,
    tags: [typeName],
    summary: `Creates a ${typeName}`,
    parameters: writeParameters(contract),
    requestBody: { required: true, content: { 'application/json': { schema: refTo(definition, schemas.create) } } },
    responses: {
      201: { description: 'It is there.', headers: responseHeaders('ETag', 'Location', 'Warning', REPLAYED), content: { 'application/json': { schema: refTo(definition, schemas.whole) } } },
      ...errorResponses(400, 406, 409, 412, 413, 415, 422, 504),
    },
  };
}

function retrieve(definition: ResourceDefinition): JsonObject {
  const { typeName } = definition;
  return {
    operationId: `retrieve${typeName}`,
    tags: [typeName],
    summary: `Retrieves a ${typeName} by its id`,
    parameters: parameters('fields', 'ifNoneMatch', 'correlation', 'traceparent', 'tracestate'),
    responses: {
      200: { description: 'As it is now.', headers: responseHeaders('ETag'), content: { 'application/json': { schema: selectable(definition) } } },
      304: { description: 'It still has a revision that `If-None-Match` names.', headers: responseHeaders('ETag') },
      ...errorResponses(400, 404, 406, 414),
    },
  };
}

function patch(definition: ResourceDefinition, contract: Contract): JsonObject {
  const { typeName, schemas, unpatchable } = definition;
  const bodies = patchBodies(definition);
  return {
    operationId: `patch${typeName}`,
    tags: [typeName],
    summary: `Changes a part of a ${typeName}`,
    ...(unpatchable.length === 0 ? {} : { description: `Cannot be changed: ${unpatchable.join(', ')}.` }),
    parameters: [...parameters('ifMatch'), ...writeParameters(contract)],
    requestBody: { required: true, content: Object.fromEntries(PATCH_TYPES.map((type) => [type, { schema: bodies[type] }])) },
    responses: {
      200: { description: 'As it is now.', headers: responseHeaders('ETag', 'Warning', REPLAYED), content: { 'application/json': { schema: refTo(definition, schemas.whole) } } },
      ...errorResponses(400, 404, 406, 409, 412, 413, 415, 422, 504),
    },
  };
}

function remove({ typeName }: ResourceDefinition, contract: Contract): JsonObject {
  return {
    operationId: `delete${typeName}`,
    tags: [typeName],
    summary: `Deletes a ${typeName}`,
    parameters: [...parameters('ifMatch'), ...writeParameters(contract)],
    responses: {
      204: { description: 'It is gone.', headers: responseHeaders(REPLAYED) },
      ...errorResponses(400, 404, 406, 409, 412, 422, 504),
    },
  };
}

/** The resource, or what `fields` chose of it. */
function selectable(definition: ResourceDefinition): JsonObject {
  return { anyOf: [refTo(definition, definition.schemas.whole), ref('Selected')] };
}
