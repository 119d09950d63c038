import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Router } from 'express';
import type { ResourceDefinition } from '../handlers/definition.js';
import { warningHeader } from '../handlers/warnings.js';
import { parseEventQuery } from '../hub/event-filter.js';
import { type FeedPlace, pageBehind } from '../hub/feed-place.js';
import { unavailable } from './error-response.js';
import { type ApiHandler, rawQueryOf } from './exchange.js';
import { blameAfter, blameResumption, readFeedQuery, readResumption, refusePlace } from './feed-query.js';
import { onlyStreams } from './feed-routes.js';
import { FeedStream, type StreamPace } from './feed-stream.js';
import { apisOf, type FeedOptions, type HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { requireStore } from './route-steps.js';

/** Common proxies close a connection that is silent for a minute. */
const PACE: StreamPace = { heartbeatMs: 15_000, stallMs: 30_000 };

const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };

/**
 * The events of each API as streams. To be mounted where requests are neither counted nor cut off: a stream takes as long as its
 * client likes, and has a bound of its own.
 * @param closing ends all of them, and accepts no more
 */
export function streamRoutes(options: HttpOptions, { tail, maxStreams, pace = PACE }: FeedOptions, closing: AbortSignal): Router {
  const router = Router({ caseSensitive: true });
  const { store, log } = options;
  let underWay = 0;

  function streamOf(definitions: readonly ResourceDefinition[]): ApiHandler {
    return async (request, response) => {
      const { after, filter: query } = readFeedQuery(rawQueryOf(request));
      const resumed = readResumption(request);
      const from = resumed ?? after;
      const filter = parseEventQuery(query, definitions);
      if (closing.aborted) return respond(response, unavailable('The service is stopping'));
      if (underWay >= maxStreams) return respond(response, unavailable(`More than ${maxStreams} event streams are under way`));
      underWay += 1;
      const { signal, forget } = endOf(response, request.socket, closing);
      try {
        const place = await checked(from === undefined || from === 'now' ? { position: await tail.end() } : from, resumed ? blameResumption : blameAfter);
        response.writeHead(200, { ...HEADERS, ...warningHeader(filter.warnings) });
        if (request.method === 'HEAD') response.end();
        else await new FeedStream(response, tail, filter, place, pace, log.child(response.locals.context)).run(signal);
      } finally {
        forget();
        underWay -= 1;
      }
    };
  }

  /** Refused while there can still be a status. */
  async function checked(place: FeedPlace, blame: typeof blameAfter): Promise<FeedPlace> {
    await pageBehind(place, (position) => tail.read(position)).catch((error: unknown) => refusePlace(error, blame));
    return place;
  }

  // Not `get`: Express would answer OPTIONS by itself.
  for (const { path, definitions } of apisOf(options)) router.all(`${path}/events`, onlyStreams, requireStore(store), streamOf(definitions));
  return router;
}

/** Aborted when the client is gone or the service closes; `forget` listens no more. */
function endOf(response: ServerResponse, socket: Socket, closing: AbortSignal): { readonly signal: AbortSignal; readonly forget: () => void } {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  response.once('close', end);
  // A pipelined request whose turn has not come has a response without a socket: that never closes.
  socket.setMaxListeners(0).once('close', end);
  closing.addEventListener('abort', end);
  const forget = (): void => {
    response.off('close', end);
    socket.off('close', end);
    closing.removeEventListener('abort', end);
  };
  return { signal: ended.signal, forget };
}
