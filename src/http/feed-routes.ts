import type { IncomingMessage } from 'node:http';
import { Router } from 'express';
import { Refusal } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { warningHeader } from '../handlers/warnings.js';
import { parseEventQuery } from '../hub/event-filter.js';
import { readFeedPage } from '../hub/feed-page.js';
import { toToken } from '../hub/feed-place.js';
import { preferredType } from './accept.js';
import { type ApiHandler, type ApiResponse, rawQueryOf } from './exchange.js';
import { readFeedQuery, refusePlace } from './feed-query.js';
import { apisOf, type FeedOptions, type HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { feedLink } from './paging-links.js';
import { allow, refuseMethod, requireStore } from './route-steps.js';

const METHODS = 'GET, HEAD, OPTIONS';

const JSON_TYPE = 'application/json';
/** CloudEvents JSON format, section 4. */
const BATCH_TYPE = 'application/cloudevents-batch+json';
/** HTML standard, section 9.2. */
const STREAM_TYPE = 'text/event-stream';
const TYPES = [JSON_TYPE, BATCH_TYPE, STREAM_TYPE] as const;

/** The events of each API, `<base path>/events`, as pages in the order of the log: one place for all who have neither the bus nor a callback. */
export function feedRoutes(options: HttpOptions, { tail }: FeedOptions): Router {
  const router = Router({ caseSensitive: true });

  function listOf(definitions: readonly ResourceDefinition[], address: string) {
    return async (request: IncomingMessage, response: ApiResponse): Promise<void> => {
      const rawQuery = rawQueryOf(request);
      const { after, limit, filter: query } = readFeedQuery(rawQuery);
      const filter = parseEventQuery(query, definitions);
      const from = after === 'now' ? { position: await tail.end() } : after;
      const { events, next } = await readFeedPage(tail, filter, from, limit).catch((error: unknown) => refusePlace(error));
      const cursor = toToken(next);
      const paging = { 'X-Result-Count': String(events.length), 'X-Next-Cursor': cursor, Link: feedLink(address, rawQuery, limit, cursor) };
      const headers = { ...paging, ...warningHeader(events.length === 0 ? filter.warnings : []) };
      const isBatch = typeOf(request) === BATCH_TYPE;
      respond(response, {
        status: 200,
        headers: isBatch ? { ...headers, 'Content-Type': BATCH_TYPE } : headers,
        body: events.map(({ cloudEvent, envelope }) => (isBatch ? { ...cloudEvent, data: filter.slim(envelope) } : filter.slim(envelope))),
      });
    };
  }

  for (const { path, address, definitions } of apisOf(options)) {
    router
      .route(`${path}/events`)
      .all(requireFeedAnswer)
      .get(requireStore(options.store), listOf(definitions, `${address}/events`))
      .options(allow(METHODS, {}))
      .all(refuseMethod(METHODS));
  }
  return router;
}

/** Passes on to the next route whatever does not ask for a stream. */
export const onlyStreams: ApiHandler = (request, _response, next) => {
  const isStream = (request.method === 'GET' || request.method === 'HEAD') && typeOf(request) === STREAM_TYPE;
  next(isStream ? undefined : 'route');
};

const requireFeedAnswer: ApiHandler = (request, _response, next) => {
  if (typeOf(request) === undefined) throw new Refusal(406, `Answers are ${TYPES.join(', ')}`, [{ at: 'Accept', problem: 'excludes them' }]);
  next();
};

function typeOf({ headers }: IncomingMessage): (typeof TYPES)[number] | undefined {
  return preferredType(headers.accept, TYPES);
}
