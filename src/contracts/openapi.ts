import type { JsonObject } from '../json.js';
import { cloudEventSchemas } from './cloud-events.js';
import { CONTRACT_VERSION, definitionsOf, type Contract } from './contract.js';
import { customerPaths, customerSchemas } from './customer-paths.js';
import { ERROR_SCHEMA, errorComponents } from './errors.js';
import { feedPaths } from './feed-paths.js';
import { HEALTH_PATHS, HEALTH_SCHEMAS } from './health-paths.js';
import { HUB_SCHEMAS, hubPaths } from './hub-paths.js';
import { parameterComponents } from './parameters.js';
import { PARKED_SCHEMAS } from './parked-schema.js';
import { PATCH_SCHEMAS } from './patch-bodies.js';
import { ref, resourceComponents } from './resource-components.js';
import { resourcePaths } from './resource-paths.js';
import { HEADER_COMPONENTS, responseHeaders } from './response-headers.js';
import { DOCUMENT_PATHS, schemaPaths } from './schema-paths.js';
import { odaSchemas, WEBHOOK_PARAMETERS, webhooks } from './webhooks.js';

/** What can be asked over HTTP, and what listeners are sent: OpenAPI 3.1. */
export function openApi(contract: Contract): JsonObject {
  const definitions = definitionsOf(contract);
  const resources = contract.apis.flatMap((api) => api.definitions.map((definition) => resourcePaths(api, definition, contract)));
  const paths = [...resources, ...contract.apis.flatMap((api) => [hubPaths(api, contract), feedPaths(api, contract), schemaPaths(api)]), customerPaths(contract), DOCUMENT_PATHS, HEALTH_PATHS];
  const components = resourceComponents(definitions);
  return {
    openapi: '3.1.0',
    info: {
      title: 'The customers of a telecom operator',
      version: CONTRACT_VERSION,
      description:
        'TM Forum APIs, version 4. HEAD is answered as GET without a body, OPTIONS with `Allow`, any other method with 405. What is no HTTP request, or comes too slowly, is answered with 400, 408, 413, 417 or 431 and the same error body. ' +
        'Attributes that a schema does not have are kept as well.',
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: contract.publicUrl === '' ? '/' : contract.publicUrl }],
    tags: [...definitions.map(({ typeName }) => ({ name: typeName })), { name: 'Notifications' }, { name: 'Customer' }, { name: 'Contracts' }, { name: 'Health' }],
    security: [],
    paths: Object.assign({}, ...paths) as JsonObject,
    webhooks: contract.hub ? webhooks(definitions) : {},
    components: {
      schemas: {
        ...components,
        ...(contract.hub ? odaSchemas(definitions, components) : {}),
        ...cloudEventSchemas(definitions, contract),
        ...PATCH_SCHEMAS,
        ...PARKED_SCHEMAS,
        ...HUB_SCHEMAS,
        ...customerSchemas(contract),
        ...HEALTH_SCHEMAS,
        ...SELECTED,
        Error: ERROR_SCHEMA,
      },
      parameters: { ...parameterComponents(contract), ...(contract.hub ? WEBHOOK_PARAMETERS : {}) },
      headers: HEADER_COMPONENTS,
      responses: errorComponents(responseHeaders()),
    },
  };
}

/** What `fields` chose: nothing that is mandatory in the whole need be there. */
const SELECTED: JsonObject = {
  Selected: { description: 'With `fields`: what it chose, and these.', type: 'object', properties: { id: { type: 'string' }, href: { type: 'string' } }, required: ['id', 'href'] },
  SelectedEvent: {
    description: 'With `fields`: what it chose, and these.',
    type: 'object',
    properties: { eventId: { type: 'string' }, eventTime: { type: 'string', format: 'date-time' }, eventType: { type: 'string' } },
    required: ['eventId', 'eventTime', 'eventType'],
  },
  SelectedCloudEvent: {
    description: 'With `fields`: what it chose of the envelope.',
    type: 'object',
    properties: { specversion: { const: '1.0' }, id: { type: 'string' }, source: { type: 'string' }, type: { type: 'string' }, data: ref('SelectedEvent') },
    required: ['specversion', 'id', 'source', 'type', 'data'],
  },
};
