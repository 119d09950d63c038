import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/service.js';
import type { KillOrder } from './kill-points.js';

export interface WorkerOptions {
  /** A file of this folder, without its ending. */
  readonly main: 'worker-main' | 'broken-main';
  /** Environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where its output goes; it is appended. */
  readonly logFile: string;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the service, with points at which it can be told to die. It does not outlive this one. */
export class WorkerProcess {
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  /** Undefined while it runs. */
  exit: Exit | undefined;
  private readonly child: ChildProcess;
  private ending = false;
  private url: string | undefined;

  constructor({ main, settings, logFile }: WorkerOptions) {
    this.logFile = logFile;
    const output = openSync(logFile, 'a');
    this.child = spawn(process.execPath, ['--enable-source-maps', join(__dirname, `${main}.js`)], {
      env: { PATH: process.env['PATH'], PORT: '0', LOG_FORMAT: 'json', LOG_LEVEL: 'debug', ...settings },
      stdio: ['ignore', output, output, 'ipc'],
    });
    closeSync(output);
    this.child.on('error', () => undefined); // an order that came too late
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  /** It then dies by SIGKILL. */
  arm(order: KillOrder): void {
    this.tell(order);
  }

  disarm(): void {
    this.tell('live');
  }

  /** Whether it got a SIGTERM or SIGKILL from here. */
  get wasAskedToEnd(): boolean {
    return this.ending;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exit === undefined) this.child.kill(signal);
  }

  /** Sends the signal and waits for the end, which is SIGKILL after `ms`. */
  async end(signal: 'SIGTERM' | 'SIGKILL', ms = 20_000): Promise<Exit> {
    this.ending = true;
    this.signal(signal);
    const tooSlow = setTimeout(() => this.signal('SIGKILL'), ms);
    const exit = await this.exited;
    clearTimeout(tooSlow);
    return exit;
  }

  /** Its log so far, whole lines. */
  lines(): Readonly<Record<string, unknown>>[] {
    const text = readFileSync(this.logFile, 'utf8');
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').flatMap(parsed);
  }

  has(message: string): boolean {
    return this.lines().some(({ msg }) => msg === message);
  }

  /** Waits until it says that it is ready. @throws Error when it ends before, or after `ms`. */
  async ready(ms = 30_000): Promise<this> {
    await until(`${this.logFile} is ready`, () => this.isReady(), ms);
    return this;
  }

  /** `http://127.0.0.1:PORT`. */
  address(): string {
    if (this.url === undefined) throw new Error('it is not ready yet');
    return this.url;
  }

  private tell(order: KillOrder | 'live'): void {
    if (this.exit === undefined && this.child.connected) this.child.send(order);
  }

  private async isReady(): Promise<boolean> {
    if (this.exit !== undefined) throw new Error(`${this.logFile}: ended with ${this.exit.code ?? this.exit.signal}`);
    const listening = this.lines().find(({ msg }) => String(msg).endsWith('listening'));
    if (!listening) return false;
    this.url = `http://127.0.0.1:${String(listening['port'])}`;
    return fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2_000) }).then((response) => response.ok, () => false);
  }
}

/** What is no JSON is the output of Node.js itself: a crash. */
function parsed(line: string): Record<string, unknown>[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [{ msg: line }];
  }
}
