import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorBody } from '../errors.js';
import type { Reply } from '../message.js';
import { respond } from './json-response.js';

/** How long a client that was told off may still read before its connection is cut. */
const LINGER_MS = 1_000;

const FAULTS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, HPE_CHUNK_EXTENSIONS_OVERFLOW: 413, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers what Node's HTTP server refuses by itself with TM Forum error bodies: bytes that are no request, and requests that come too slowly. */
export function answerClientFaults(server: Server): void {
  const exchanges = new WeakMap<Duplex, Exchange>();
  const note = (request: IncomingMessage, response: ServerResponse): void => void exchanges.set(request.socket, { request, response });
  server.prependListener('request', note);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    note(request, response);
    respond(response, fault(417, 'Expect can only be 100-continue'));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const last = exchanges.get(socket);
    if (error.code === 'ECONNRESET' || socket.destroyed) {
      socket.destroy();
    } else if (socket.writable && (last === undefined || awaitsAnswer(last))) {
      socket.end(bytesOf(FAULTS[error.code ?? ''] ?? 400));
      cutLater(socket);
    } else if (last?.response.writableEnded) {
      cutLater(socket);
    } else {
      // Behind a request that is being answered: an answer to these bytes would be taken for that request's.
      socket.destroy();
    }
  });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Whether a fault on the connection is the first that the client hears of what it sent last. */
function awaitsAnswer({ request, response }: Exchange): boolean {
  if (!request.complete) return !response.headersSent;
  return response.writableFinished && response.shouldKeepAlive;
}

/** HTTP/1.1 demands the header (RFC 9112, section 3.2), and Node would refuse without a body. */
export function lacksHost(request: IncomingMessage): boolean {
  return request.httpVersion === '1.1' && request.headers.host === undefined;
}

export function refuseWithoutHost(response: ServerResponse): void {
  response.setHeader('Connection', 'close');
  respond(response, fault(400, 'The header Host is missing'));
}

function fault(status: number, reason: string): Reply {
  return { status, headers: {}, body: errorBody(status, reason) };
}

/** Not before the client has had time to read: unread bytes of a client make its system drop what it was sent. */
function cutLater(socket: Duplex): void {
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
}

/** Node has no response object for bytes that are no request. */
function bytesOf(status: number): string {
  const reason = STATUS_CODES[status] ?? '';
  const body = JSON.stringify(errorBody(status, reason));
  return [`HTTP/1.1 ${status} ${reason}`, 'Content-Type: application/json; charset=utf-8', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', body].join('\r\n');
}
