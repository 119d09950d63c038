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
  const exchanges = new WeakMap<Duplex, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => exchanges.set(request.socket, { request, response }));
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => respond(response, fault(417, 'Expect can only be 100-continue')));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const last = exchanges.get(socket);
    const answered = last === undefined || last.response.writableFinished;
    if (error.code === 'ECONNRESET' || socket.destroyed) socket.destroy();
    // What was answered last is still on its way out.
    else if (socket.writableEnded) cutLater(socket);
    // Behind a request that is being answered: an answer to these bytes would be taken for that request's.
    else if (!answered && (last.request.complete || last.response.headersSent)) socket.destroy();
    else {
      socket.end(bytesOf(FAULTS[error.code ?? ''] ?? 400));
      cutLater(socket);
    }
  });
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
