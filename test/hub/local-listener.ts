import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import { HttpSender, type HttpSenderOptions } from '../../src/hub/http-sender.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server of this machine that a test sends to. */
export interface LocalListener {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Connections that were made. */
  readonly connections: () => number;
  /** Connections that are open. */
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

const running = new Set<() => Promise<void>>();

/** Closes all that tests have started. */
export async function closeAll(): Promise<void> {
  await Promise.all([...running].map((close) => close()));
}

/** The answer of a listener that takes what it gets. */
export const ok = (response: ServerResponse): void => void response.writeHead(204).end();

/** Answers over HTTP. @param answer is called when the whole request is there */
export function startListener(answer: (response: ServerResponse, received: Received) => void, port = 0, host = '127.0.0.1'): Promise<LocalListener> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      received.push(one);
      answer(response, one);
    });
  });
  return listening(server, received, port, host);
}

/** Answers each new connection in whatever way, HTTP or not. */
export function startRaw(connected: (socket: Socket) => void): Promise<LocalListener> {
  return listening(createTcpServer(connected), [], 0, '127.0.0.1');
}

async function listening(server: Server, received: readonly Received[], port: number, host: string): Promise<LocalListener> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, host, done));
  const address = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    running.delete(close);
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  };
  running.add(close);
  return { url: `http://${host}:${address.port}/listener`, port: address.port, received, connections: () => connections, open: () => sockets.size, close };
}

/** A sender that may send to this machine. */
export function openSender(options: Partial<HttpSenderOptions> = {}): HttpSender {
  const sender = new HttpSender({ rules: { allowed: new AllowedTargets(['127.0.0.1']), httpsOnly: false }, timeoutMs: 5_000, log: pino({ level: 'silent' }), ...options });
  const close = async (): Promise<void> => {
    running.delete(close);
    await sender.close();
  };
  running.add(close);
  return sender;
}
