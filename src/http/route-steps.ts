import { Refusal } from '../errors.js';
import type { Store } from '../store/store.js';
import { acceptsJson } from './accept.js';
import { RefusalWithHeaders, unavailable } from './error-response.js';
import type { ApiHandler } from './exchange.js';
import { respond } from './json-response.js';

/** 406 for whoever does not take JSON. */
export const requireJsonAnswer: ApiHandler = (request, _response, next) => {
  if (!acceptsJson(request.headers.accept)) throw new Refusal(406, 'Answers are application/json', [{ at: 'Accept', problem: 'excludes it' }]);
  next();
};

/** Answers 503 at once when the database is known to be away. */
export function requireStore(store: Store): ApiHandler {
  return (_request, response, next) => {
    if (store.status().up) next();
    else respond(response, unavailable('The database is away'));
  };
}

/** The answer to OPTIONS. */
export function allow(methods: string, headers: Readonly<Record<string, string>>): ApiHandler {
  return (_request, response) => {
    respond(response, { status: 204, headers: { Allow: methods, ...headers } });
  };
}

/** 405 for every method that was not taken before. */
export function refuseMethod(methods: string): ApiHandler {
  return (request) => {
    throw new RefusalWithHeaders(405, `${request.method} is not possible here`, { Allow: methods });
  };
}
