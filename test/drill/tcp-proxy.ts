import { once } from 'node:events';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { freePort } from '../support/ports.js';

/** `open`: passes everything. `refuse`: nobody listens. `hang`: nothing moves, in either direction, and nobody is told. */
type Mode = 'open' | 'refuse' | 'hang';

/** The two halves of one connection. */
type Pair = readonly [Socket, Socket];

/** A network between two processes, which can be cut. */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private mode: Mode = 'open';
  private server: Server | undefined;
  /** To be torn at their next bytes. */
  private doomed = new Set<Pair>();

  private constructor(
    readonly port: number,
    private readonly target: { readonly host: string; readonly port: number },
  ) {}

  /** Passes connections on to the host and port of `url`. */
  static async start(url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new TcpProxy(await freePort(), { host: hostname, port: Number(port) });
    await proxy.listen();
    return proxy;
  }

  /** The same URL by way of this proxy. */
  urlFor(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.port);
    return through.href;
  }

  async refuse(): Promise<void> {
    this.mode = 'refuse';
    const { server } = this;
    this.server = undefined;
    this.dropAll();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** What is on its way waits, and goes on when the proxy is healed. */
  hang(): Promise<void> {
    this.mode = 'hang';
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
    return Promise.resolve();
  }

  /** Resets each connection with only half of its next bytes passed on; new connections are not affected. */
  reset(): Promise<void> {
    this.doomed = new Set(this.pairs);
    return Promise.resolve();
  }

  async heal(): Promise<void> {
    const before = this.mode;
    this.mode = 'open';
    this.doomed.clear();
    if (before === 'refuse') await this.listen();
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    await this.refuse();
  }

  private async listen(): Promise<void> {
    const server = createServer((near) => this.accept(near));
    server.on('error', () => undefined);
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.server = server;
  }

  private accept(near: Socket): void {
    const far = connect(this.target);
    const pair: Pair = [near, far];
    this.pairs.add(pair);
    this.pass(near, far, pair);
    this.pass(far, near, pair);
    if (this.mode === 'hang') for (const socket of pair) socket.pause();
  }

  private pass(from: Socket, to: Socket, pair: Pair): void {
    from.setNoDelay(true);
    from.on('data', (bytes: Buffer) => {
      if (this.doomed.has(pair)) return this.tear(pair, to, bytes);
      if (to.write(bytes)) return;
      from.pause();
      to.once('drain', () => {
        if (this.mode !== 'hang') from.resume();
      });
    });
    from.on('end', () => to.end());
    from.on('error', () => this.drop(pair));
    from.on('close', () => {
      if (to.destroyed) this.pairs.delete(pair);
      else to.end();
    });
  }

  private tear(pair: Pair, to: Socket, bytes: Buffer): void {
    this.doomed.delete(pair);
    for (const socket of pair) socket.pause();
    to.write(bytes.subarray(0, bytes.length >> 1), () => {
      for (const socket of pair) socket.resetAndDestroy();
    });
  }

  private drop(pair: Pair): void {
    this.pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }

  private dropAll(): void {
    for (const pair of this.pairs) this.drop(pair);
  }
}
