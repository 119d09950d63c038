import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(__dirname, '../../src/main.js');
const START_MS = 30_000;

/** A real process of the service. */
export interface Service {
  /** `http://127.0.0.1:PORT`; a process without the role http serves only its health there. */
  readonly url: string;
  readonly pid: number;
  /** Its log, line by line. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Waits until the condition holds. @throws Error with the end of the log. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Sends a signal and does not wait. */
  signal(name: NodeJS.Signals): void;
  /** The exit code, once it has ended; null when a signal ended it. */
  ended(): Promise<number | null>;
  /** The exit code after SIGTERM. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Starts the service, or another main file around it, with these settings and waits until it is ready, or no more than listening. */
export async function startService(settings: Readonly<Record<string, string>>, waitFor: 'ready' | 'listening' = 'ready', main = MAIN): Promise<Service> {
  const child = spawn(process.execPath, ['--enable-source-maps', main], {
    env: { PATH: process.env['PATH'], PORT: '0', LOG_FORMAT: 'json', LOG_LEVEL: 'debug', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line) as Record<string, unknown>));
  const exited = once(child, 'exit');
  const service = (url: string): Service => ({
    url,
    pid: child.pid ?? 0,
    log,
    signal: (name) => void child.kill(name),
    ended: async () => {
      await exited;
      return child.exitCode;
    },
    until: (what, condition) =>
      until(what, condition).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${log.slice(-40).map((line) => JSON.stringify(line).slice(0, 300)).join('\n')}`);
      }),
    stop: () => end(child, exited, 'SIGTERM'),
    kill: async () => {
      await end(child, exited, 'SIGKILL');
    },
  });
  try {
    await until('the service has started', () => {
      if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}: ${JSON.stringify(log.at(-1))}`);
      return log.some((line) => line['msg'] === 'started');
    });
    const listening = log.find((line) => String(line['msg']).endsWith('listening'));
    if (!listening) throw new Error('the service listens nowhere');
    const url = `http://127.0.0.1:${String(listening['port'])}`;
    if (waitFor === 'ready') await until('the service is ready', async () => (await fetch(`${url}/health/ready`)).ok);
    return service(url);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function end(child: ChildProcess, exited: Promise<unknown[]>, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}

/** Waits until the condition holds. @throws Error that says for what, after `ms`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = START_MS): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
