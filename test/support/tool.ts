import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from './service.js';

const MAIN = join(__dirname, '../../src/main.js');
const DYING = join(__dirname, 'dying-tool.js');

export interface Finished {
  readonly code: number | null;
  /** What it printed, parsed. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly errors: string;
}

/** Runs one of the operator's tools as a process of its own. */
export async function runTool(settings: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Finished> {
  const { output, ...finished } = await runForText(settings, ...args);
  const lines = output.split('\n').filter((line) => line !== '');
  return { ...finished, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** The same, whatever it prints. */
export async function runForText(settings: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Omit<Finished, 'lines'> & { readonly output: string }> {
  const child = start(MAIN, settings, args);
  let output = '';
  let errors = '';
  child.stdout?.on('data', (bytes) => (output += String(bytes)));
  child.stderr?.on('data', (bytes) => (errors += String(bytes)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, errors };
}

/** Runs a tool and kills it as soon as the condition holds. @throws Error when it ends before. */
export async function killWhen(condition: () => boolean, settings: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<void> {
  const child = start(MAIN, settings, args);
  const ended = once(child, 'close');
  child.stdout?.resume();
  child.stderr?.resume();
  try {
    await until('the tool is to be killed', () => {
      if (child.exitCode !== null) throw new Error(`it ended by itself with ${child.exitCode}`);
      return condition();
    });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Runs a retry and kills it once it has sent a message and before it records that. */
export async function killBeforeRecord(settings: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<void> {
  const child = start(DYING, settings, args);
  const ended = once(child, 'close');
  const sent = new Promise<void>((resolve) => child.stdout?.on('data', (bytes) => String(bytes).includes('sent') && resolve()));
  await Promise.race([sent, ended.then(([code]) => Promise.reject(new Error(`it ended by itself with ${String(code)}`)))]);
  child.kill('SIGKILL');
  await ended;
}

function start(script: string, settings: Readonly<Record<string, string>>, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--enable-source-maps', script, ...args], { env: { PATH: process.env['PATH'], ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
}
