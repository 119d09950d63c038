import express, { type Express } from 'express';
import { Refusal } from '../errors.js';
import { adminRoutes } from './admin-routes.js';
import { contractRoutes } from './contract-routes.js';
import { customerRoutes } from './customer-routes.js';
import { errorResponse, unavailable } from './error-response.js';
import type { ApiErrorHandler, ApiHandler } from './exchange.js';
import { feedRoutes } from './feed-routes.js';
import { liveness, readiness } from './health.js';
import { apisOf, type HttpOptions } from './http-options.js';
import { hubRoutes } from './hub-routes.js';
import { respond } from './json-response.js';
import { limitRequests } from './request-limit.js';
import { logAccess, requestContext } from './request-context.js';
import { resourceRoutes } from './resource-routes.js';
import { streamRoutes } from './stream-routes.js';

/**
 * All routes: health, one pair for each resource type, and TM Forum error bodies for everything else.
 * @param holdMs how long a request may be under way
 * @param closing ends what has no end of its own
 */
export function application(options: HttpOptions, isDraining: () => boolean, holdMs: number, closing: AbortSignal): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.set('case sensitive routing', true);

  app.use(noteContext(options));
  app.get('/health/live', (_request, response) => respond(response, liveness()));
  app.get('/health/ready', (_request, response) => respond(response, readiness(options, isDraining())));
  if (options.admin) app.use('/admin', adminRoutes(options, options.admin));
  if (options.feed) app.use(streamRoutes(options, options.feed, closing));
  // Probes and operators get through when callers are too many.
  app.use(limitRequests(options.maxRequests, holdMs, options.log));
  if (options.hub) for (const api of apisOf(options)) app.use(api.path, hubRoutes(api, options, options.hub));
  for (const definition of options.definitions) app.use(options.basePathOf(definition), resourceRoutes(definition, options));
  if (options.feed) app.use(feedRoutes(options, options.feed));
  if (options.customerView) app.use(options.customerView.path, customerRoutes(options, options.customerView));
  if (options.contracts) app.use(contractRoutes(options, options.contracts));
  app.use((request) => {
    throw new Refusal(404, 'Nothing is here', [{ at: 'path', problem: request.path.slice(0, 200) }]);
  });
  app.use(answerError(options));
  return app;
}

function noteContext({ newId, log }: HttpOptions): ApiHandler {
  return (request, response, next) => {
    const context = requestContext(request, newId);
    response.locals.context = context;
    response.setHeader('X-Correlation-ID', context.correlationid);
    logAccess(log, request, response, context);
    next();
  };
}

/** Express knows an error handler by its four parameters. */
function answerError({ store, log }: HttpOptions): ApiErrorHandler {
  return (error: unknown, _request, response, _next) => {
    const known = errorResponse(error);
    // The store's drivers have errors of their own; whether they mean that it is away, the store says.
    const reply = known.status === 500 && !store.status().up ? unavailable('The database is away') : known;
    const { correlationid, traceparent } = response.locals.context;
    if (reply.status >= 500) log.error({ err: error, status: reply.status, correlationid, traceparent }, 'request failed');
    if (response.writableEnded) return;
    if (response.headersSent) response.destroy();
    else respond(response, reply);
  };
}
