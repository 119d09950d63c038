import { performance } from 'node:perf_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';

/** What ties a request to the commands, events and log lines that it causes. */
export interface RequestContext {
  readonly correlationid: string;
  /** W3C trace context; absent when the request has none, or none that is well-formed. */
  readonly traceparent?: string;
  readonly tracestate?: string;
}

const CORRELATION_ID = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** From `X-Correlation-ID`, `traceparent` and `tracestate`; a correlation id that cannot be used is replaced by a new one. */
export function requestContext(request: IncomingMessage, newId: () => string): RequestContext {
  const given = header(request, 'x-correlation-id');
  const correlationid = given !== undefined && CORRELATION_ID.test(given) ? given : newId();
  const traceparent = header(request, 'traceparent');
  if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return { correlationid };
  const tracestate = header(request, 'tracestate');
  if (tracestate === undefined || !TRACESTATE.test(tracestate)) return { correlationid, traceparent };
  return { correlationid, traceparent, tracestate };
}

function header(request: IncomingMessage, name: string): string | undefined {
  return request.headersDistinct[name]?.join(',');
}

/** One line when the answer is out or the caller is gone; no query values, no payloads. Probes are logged at debug. */
export function logAccess(log: Logger, request: IncomingMessage, response: ServerResponse, context: RequestContext): void {
  const started = performance.now();
  const path = request.url?.split('?', 1)[0];
  const level = path?.startsWith('/health/') ? 'debug' : 'info';
  response.once('close', () => {
    log[level](
      {
        method: request.method,
        path,
        status: response.statusCode,
        ms: Math.round(performance.now() - started),
        correlationid: context.correlationid,
        traceparent: context.traceparent,
        ...(response.writableFinished ? {} : { aborted: true }),
      },
      'request',
    );
  });
}
