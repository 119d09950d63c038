import { Router } from 'express';
import { asyncApi } from '../contracts/asyncapi.js';
import type { Contract } from '../contracts/contract.js';
import { openApi } from '../contracts/openapi.js';
import { ownSchemas, standaloneSchema } from '../contracts/resource-components.js';
import type { JsonObject } from '../json.js';
import { TIMELINE_LIMITS } from './customer-query.js';
import { docsRoutes } from './docs-routes.js';
import type { ApiHandler } from './exchange.js';
import { FEED_LIMITS } from './feed-query.js';
import { apisOf, type ContractOptions, type HttpOptions } from './http-options.js';
import { allow, refuseMethod, requireJsonAnswer } from './route-steps.js';

const METHODS = 'GET, HEAD, OPTIONS';
const JSON_TYPE = 'application/json; charset=utf-8';
/** JSON Schema (draft 2020-12), section 14.1. */
const SCHEMA_TYPE = 'application/schema+json; charset=utf-8';

/** What machines read of this service: its contracts, each schema by its own address, and for people a page to try it. */
export function contractRoutes(options: HttpOptions, { publicUrl, schemaUri, prefix }: ContractOptions): Router {
  const router = Router({ caseSensitive: true });
  const serve = (path: string, type: string, documentOf: () => JsonObject): void => {
    router.route(path).all(requireJsonAnswer).get(showing(type, documentOf)).options(allow(METHODS, {})).all(refuseMethod(METHODS));
  };

  const contract = contractOf(options, { publicUrl, schemaUri, prefix });
  serve('/openapi.json', JSON_TYPE, () => openApi(contract));
  serve('/asyncapi.json', JSON_TYPE, () => asyncApi(contract));
  for (const { path, definitions } of contract.apis) {
    for (const definition of definitions) {
      for (const name of ownSchemas(definition)) serve(`${path}/schemas/${name}.json`, SCHEMA_TYPE, () => standaloneSchema(definition, name, schemaUri(definition, name)));
    }
  }
  router.use('/docs', docsRoutes(publicUrl));
  return router;
}

function contractOf(options: HttpOptions, served: ContractOptions): Contract {
  const { pageDefault, pageMax, countMax, authidHeader, customerView, hub, feed } = options;
  return {
    ...served,
    apis: apisOf(options),
    pageDefault,
    pageMax,
    countMax,
    authidHeader,
    customer: customerView && { path: customerView.path, limits: TIMELINE_LIMITS },
    hub: hub !== undefined,
    feed: feed && FEED_LIMITS,
  };
}

/** Made when it is first asked for. */
function showing(type: string, documentOf: () => JsonObject): ApiHandler {
  let bytes: Buffer | undefined;
  return (_request, response) => {
    bytes ??= Buffer.from(JSON.stringify(documentOf()));
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', bytes.byteLength);
    response.end(bytes);
  };
}
