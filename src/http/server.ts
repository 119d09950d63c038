import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorBody } from '../errors.js';
import { application } from './application.js';
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

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the 60 s after which common load balancers give up an idle connection, so that they close it and not we. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

export function createHttpServer(options: HttpOptions): HttpServer {
  let draining = false;
  const app = application(options, () => draining);
  const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS };
  const server = createServer(timeouts, (request, response) => {
    if (draining) response.setHeader('Connection', 'close');
    // A connection that was busy when the server closed would else stay open until its keep-alive ends.
    response.once('close', () => setImmediate(() => draining && server.closeIdleConnections()));
    app(request, response);
  });
  server.on('clientError', refuseBytes);
  return {
    listen: (port, host) => listening(server, port, host),
    drain: () => {
      draining = true;
    },
    close: (graceMs) => {
      draining = true;
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

const CLIENT_FAULTS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers bytes that are no HTTP request: Node has no response object for them. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = CLIENT_FAULTS[error.code ?? ''] ?? 400;
  const reason = STATUS_CODES[status] ?? '';
  const body = JSON.stringify(errorBody(status, reason));
  socket.end(
    [`HTTP/1.1 ${status} ${reason}`, 'Content-Type: application/json; charset=utf-8', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', body].join('\r\n'),
  );
}
