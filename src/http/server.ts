import { setMaxListeners } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { application } from './application.js';
import { answerClientFaults, lacksHost, refuseWithoutHost } from './client-faults.js';
import type { HttpOptions } from './http-options.js';

/** The REST adapter as the composition root sees it. */
export interface HttpServer {
  /** Resolves with the port when requests are accepted; port 0 takes a free one. */
  listen(port: number, host: string): Promise<number>;
  /** Readiness goes false, so that a load balancer looks elsewhere; requests are still served. */
  drain(): void;
  /** Accepts no more, finishes what is running, then closes; what runs longer than `graceMs` is cut off. */
  close(graceMs: number): Promise<void>;
}

/** How long a client may take, in milliseconds. */
export interface ClientLimits {
  /** To send the head of a request; then 408. */
  readonly headersMs: number;
  /** To send a whole request; then 408. */
  readonly requestMs: number;
  /** To take the answer, from when it could be there at the latest; then its connection is cut. */
  readonly answerMs: number;
}

const CLIENT_LIMITS: ClientLimits = { headersMs: 10_000, requestMs: 30_000, answerMs: 30_000 };
/** How often Node looks for clients that are too slow. */
const LOOK_MS = 1_000;
/** Longer than the 60 s after which common load balancers give up an idle connection, so that they close it and not we. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

export function createHttpServer(options: HttpOptions, clients: ClientLimits = CLIENT_LIMITS): HttpServer {
  let draining = false;
  const closing = new AbortController();
  // Each stream listens.
  setMaxListeners(0, closing.signal);
  const app = application(options, () => draining, clients.requestMs + options.replyTimeoutMs + clients.answerMs, closing.signal);
  const settings = {
    headersTimeout: clients.headersMs,
    requestTimeout: clients.requestMs,
    connectionsCheckingInterval: Math.min(LOOK_MS, clients.headersMs),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requireHostHeader: false,
  };
  const server = createServer(settings, (request, response) => {
    if (draining) response.setHeader('Connection', 'close');
    // A connection that was busy when the server closed would else stay open until its keep-alive ends.
    response.once('close', () => setImmediate(() => draining && server.closeIdleConnections()));
    if (lacksHost(request)) refuseWithoutHost(response);
    else app(request, response);
  });
  answerClientFaults(server);
  return {
    listen: (port, host) => listening(server, port, host),
    drain: () => {
      draining = true;
    },
    close: (graceMs) => {
      draining = true;
      closing.abort(new Error('the service closes'));
      return closed(server, graceMs);
    },
  };
}

function listening(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closed(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
  });
}
