import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
/** As `npm start` has it: without it the heap grows to twice of what is needed under load, for no gain in speed (measured). */
export const NODE_FLAGS = ['--enable-source-maps', '--heap-growing-percent=50'];
/** Linux reports times in hundredths of a second. */
const TICK_MICROSECONDS = 10_000;

export type Contender = 'worker' | 'null' | 'grouped' | 'plain' | 'naive' | 'express';

/** A process that applies commands: the service, or one of the hand-written workers beside it. */
export interface Running {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Setting {
  readonly busUrl: string;
  readonly storeUrl: string;
  readonly prefix: string;
  readonly lanes: number;
}

/** The service as it is by default; its log goes nowhere. */
export function run(contender: Contender, { busUrl, storeUrl, prefix, lanes }: Setting, more: Readonly<Record<string, string>> = {}): Running {
  const args = contender === 'worker' ? [join(ROOT, 'src/main.js')] : [join(ROOT, 'test/bench/baselines/main.js'), contender];
  const settings = { BUS_URL: busUrl, STORE_URL: storeUrl, PREFIX: prefix, LANES: String(lanes), PORT: '0', ROLES: 'worker', ...more };
  const child = spawn(process.execPath, [...NODE_FLAGS, ...profiling(), ...args], { env: { PATH: process.env['PATH'], ...settings }, stdio: ['ignore', 'ignore', 'inherit'] });
  let stopping = false;
  child.once('exit', (code) => {
    if (!stopping) throw new Error(`the ${contender} worker ended with ${code}`);
  });
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(contender === 'worker' ? 'SIGTERM' : 'SIGINT');
      await once(child, 'exit');
    },
  };
}

/** With BENCH_PROFILE=FOLDER every process writes a CPU profile there as it ends. */
function profiling(): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** CPU time that a process has used so far, in microseconds (Linux); not a number for one that is not of this machine. */
export function cpuMicroseconds(pid: number | undefined): number {
  if (pid === undefined) return NaN;
  // The name in brackets may hold spaces; user and system time are the 12th and 13th after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS;
}
