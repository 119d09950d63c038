import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Random } from '../fuzz/random.js';

/** How a listener behaves. */
export type Habit = 'fast' | 'slow' | 'random' | 'dead' | 'hanging' | 'garbage';

/** An event that a listener was sent, and whether it took it. */
export interface Received {
  readonly id: string;
  readonly subject: string;
  readonly sequence: string;
  readonly taken: boolean;
}

const SLOW_MS = 150;
const FAILS = 0.2;

/** A listener with a habit, on a port of its own; it remembers everything that it was sent. */
export class Listener {
  readonly received: Received[] = [];
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly name: string,
    readonly habit: Habit,
    private readonly random: Random,
    readonly port: number,
  ) {}

  static async start(name: string, habit: Habit, random: Random): Promise<Listener> {
    const port = await freePort();
    const listener = new Listener(name, habit, random, port);
    await listener.up();
    return listener;
  }

  get callback(): string {
    return `http://127.0.0.1:${this.port}/listener/${this.name}`;
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => this.receive(request, response));
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.server = server;
  }

  /** Nobody listens there any more. */
  async down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { id, subject, sequence } = JSON.parse(Buffer.concat(parts).toString()) as Record<'id' | 'subject' | 'sequence', string>;
      this.answer(request, response, (taken) => this.received.push({ id, subject, sequence, taken }));
    });
  }

  private answer(request: IncomingMessage, response: ServerResponse, note: (taken: boolean) => void): void {
    const fails = this.random.chance(FAILS);
    const take = (): void => {
      note(true);
      response.writeHead(204).end();
    };
    if (this.habit === 'slow') setTimeout(take, SLOW_MS);
    else if (!fails || this.habit === 'fast' || this.habit === 'dead') take();
    else this.fail(request, response, note);
  }

  private fail(request: IncomingMessage, response: ServerResponse, note: (taken: boolean) => void): void {
    note(false);
    if (this.habit === 'hanging') return;
    if (this.habit === 'garbage') {
      request.socket.end('\u0000\u0001 what is this?\r\n\r\n');
      return;
    }
    // A pause of a second each time would be more than it could make up for.
    if (this.random.below(16) === 0) {
      response.writeHead(503, { 'Retry-After': '1' }).end();
      return;
    }
    switch (this.random.below(3)) {
      case 0:
        response.writeHead(500).end('broken');
        break;
      case 1:
        request.socket.destroy();
        break;
      default:
        response.writeHead(302, { Location: 'http://127.0.0.1/' }).end();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
