import { Router } from 'express';
import { notFound } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { PATCH_TYPES } from '../handlers/patch.js';
import type { ResourceRequest } from './exchange.js';
import type { HttpOptions } from './http-options.js';
import { readHandlers } from './read-handlers.js';
import { bodyReader, requireBody } from './request-body.js';
import { allow, refuseMethod, requireJsonAnswer, requireStore } from './route-steps.js';
import { isResourceId } from '../resource-id.js';
import { writeHandlers } from './write-handlers.js';

const POST_TYPES = ['application/json'];
const POST_HEADER = 'Accept-Post';
const PATCH_HEADER = 'Accept-Patch';

/** The routes of one resource type, below its API's base path: its collection and its members (TMF630 part 1). */
export function resourceRoutes(definition: ResourceDefinition, options: HttpOptions): Router {
  const router = Router({ caseSensitive: true });
  const { list, retrieve } = readHandlers(definition, options);
  const { create, patch, remove } = writeHandlers(definition, options);
  const readBody = bodyReader(options.bodyLimitBytes);
  // Reads would wait for the driver's patience, writes for a worker that holds. The bus says by itself that it is away.
  const storeNeeded = requireStore(options.store);

  router
    .route(`/${definition.name}`)
    .all(requireJsonAnswer)
    .get(storeNeeded, list)
    .post(requireBody(POST_TYPES, POST_HEADER), storeNeeded, readBody, create)
    .options(allow('GET, HEAD, POST, OPTIONS', { [POST_HEADER]: POST_TYPES.join(', ') }))
    .all(refuseMethod('GET, HEAD, POST, OPTIONS'));

  router
    .route(`/${definition.name}/:id`)
    .all(requireJsonAnswer, (request: ResourceRequest, _response, next) => {
      if (!isResourceId(request.params.id)) throw notFound(definition.name, request.params.id);
      next();
    })
    .get(storeNeeded, retrieve)
    .patch(requireBody(PATCH_TYPES, PATCH_HEADER), storeNeeded, readBody, patch)
    .delete(storeNeeded, remove)
    .options(allow('GET, HEAD, PATCH, DELETE, OPTIONS', { [PATCH_HEADER]: PATCH_TYPES.join(', ') }))
    .all(refuseMethod('GET, HEAD, PATCH, DELETE, OPTIONS'));

  return router;
}
