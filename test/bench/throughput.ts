import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseWatch } from './database.js';
import type { BacklogCommand } from '../outage/backlog.js';
import { cpuMicroseconds, type Running } from './process.js';
import type { Deployment } from './stage.js';

/** The very end is not measured, when the last batches are small. */
const MEASURED_UNTIL = 0.97;
const POLL_MS = 20;
const LIMIT_MS = 180_000;

/** Commands a second, and what one command costs. */
export interface Measure {
  readonly perSecond: number;
  readonly workerMicroseconds: number;
  readonly mongodMicroseconds: number;
  readonly brokerMicroseconds: number;
  /** Requests to the database a command, and bytes both ways. */
  readonly roundTrips: number;
  readonly bytes: number;
}

/**
 * Has processes apply commands that are queued already, from their start to the last event; each command has one event.
 * @param warmUp how many of the first are not measured: code is compiled while it runs
 */
export async function measure(deployment: Deployment, commands: readonly BacklogCommand[], warmUp: number, database: DatabaseWatch, start: () => readonly Running[]): Promise<Measure> {
  await deployment.queue(commands);
  const { sink, pids } = deployment;
  const count = commands.length;
  const before = await sink.count();
  const running = start();
  try {
    const look = async (wanted: number): Promise<{ at: number; done: number; worker: number; mongod: number; broker: number; requests: number; bytes: number }> => {
      const done = await reach(() => sink.count(), before, wanted);
      const at = performance.now();
      const worker = running.reduce((sum, { pid }) => sum + cpuMicroseconds(pid), 0);
      const [mongod, broker] = [cpuMicroseconds(pids.mongod), cpuMicroseconds(pids.broker)];
      const { requests, bytesIn, bytesOut } = await database.traffic();
      return { at, done, worker, mongod, broker, requests, bytes: bytesIn + bytesOut };
    };
    const first = await look(warmUp);
    const last = await look(count * MEASURED_UNTIL);
    await reach(() => sink.count(), before, count);
    const each = (of: (at: typeof first) => number): number => (of(last) - of(first)) / (last.done - first.done);
    return {
      perSecond: 1000 / each(({ at }) => at),
      workerMicroseconds: each(({ worker }) => worker),
      mongodMicroseconds: each(({ mongod: used }) => used),
      brokerMicroseconds: each(({ broker }) => broker),
      roundTrips: each(({ requests }) => requests),
      bytes: each(({ bytes }) => bytes),
    };
  } finally {
    await Promise.all(running.map((process) => process.stop()));
  }
}

/** Waits for so many events; how many there then are. */
async function reach(count: () => Promise<number>, before: number, wanted: number): Promise<number> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const done = (await count()) - before;
    if (done >= wanted) return done;
    if (performance.now() > deadline) throw new Error(`${done} of ${wanted} events after ${LIMIT_MS} ms`);
    await pause(POLL_MS);
  }
}
