import { apiPath, customerViewPath, schemaPath } from '../../src/api-paths.js';
import { asyncApi } from '../../src/contracts/asyncapi.js';
import type { Contract } from '../../src/contracts/contract.js';
import { openApi } from '../../src/contracts/openapi.js';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { schemaUris } from '../../src/handlers/notification.js';
import type { JsonObject } from '../../src/json.js';
import { all } from './resources.js';

/** The contract of a service without any setting, but for these. */
export function contractOf(definitions: readonly ResourceDefinition[] = all, { publicUrl = '', prefix = 'tmf' } = {}): Contract {
  const paths = [...new Set(definitions.map((definition) => apiPath('/tmf-api', definition)))];
  return {
    apis: paths.map((path) => ({ path, definitions: definitions.filter((definition) => apiPath('/tmf-api', definition) === path) })),
    publicUrl,
    prefix,
    schemaUri: schemaUris(publicUrl, (definition, schema) => schemaPath('/tmf-api', definition, schema)),
    pageDefault: 100,
    pageMax: 1_000,
    countMax: 10_000,
    authidHeader: undefined,
    customer: { path: customerViewPath('/tmf-api'), limits: { usual: 20, most: 100 } },
    hub: true,
    feed: { usual: 100, most: 1_000 },
  };
}

/** Both documents, as JSON says them. */
export function documentsOf(contract: Contract): { readonly openapi: JsonObject; readonly asyncapi: JsonObject } {
  return JSON.parse(JSON.stringify({ openapi: openApi(contract), asyncapi: asyncApi(contract) })) as { openapi: JsonObject; asyncapi: JsonObject };
}

/** Every place that a document refers to, and what is there. */
export function references(document: JsonObject): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, child] of Object.entries(value)) {
      if (name === '$ref' && typeof child === 'string') found.set(child, at(document, child));
      else visit(child);
    }
  };
  visit(document);
  return found;
}

/** What lies at a JSON pointer with `#` before it. */
export function at(document: unknown, pointer: string): unknown {
  return pointer
    .replace(/^#\/?/, '')
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((value: unknown, token) => (typeof value === 'object' && value !== null && token !== '' ? (value as Record<string, unknown>)[token] : value), document);
}
