import type { JsonObject } from '../json.js';
import type { ContractApi } from './contract.js';
import { errorResponses } from './errors.js';
import { ownSchemas } from './resource-components.js';
import { responseHeaders } from './response-headers.js';

const tags = ['Contracts'];
const answer = (mediaType: string, description: string): JsonObject => ({
  200: { description, headers: responseHeaders(), content: { [mediaType]: { schema: { type: 'object' } } } },
  ...errorResponses(406),
});

/** The schemas of one API, each by its own address. */
export function schemaPaths({ path, definitions }: ContractApi): JsonObject {
  return {
    [`${path}/schemas/{schema}.json`]: {
      get: {
        operationId: `schemas${definitions.map(({ typeName }) => typeName).join('')}`,
        tags,
        summary: 'Reads the schema of a resource, of what is sent of it, or of an event',
        parameters: [{ name: 'schema', in: 'path', required: true, schema: { enum: definitions.flatMap(ownSchemas) } }],
        responses: { ...answer('application/schema+json', 'JSON Schema (2020-12).'), ...errorResponses(400, 404) },
      },
    },
  };
}

export const DOCUMENT_PATHS: JsonObject = {
  '/openapi.json': { get: { operationId: 'openApi', tags, summary: 'Reads this document', responses: answer('application/json', 'OpenAPI 3.1.') } },
  '/asyncapi.json': { get: { operationId: 'asyncApi', tags, summary: 'Reads what is said on the bus', responses: answer('application/json', 'AsyncAPI 3.0.') } },
};
