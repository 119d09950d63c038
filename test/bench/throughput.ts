import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseWatch } from './database.js';
import type { Mix } from './feed.js';
import { cpuMicroseconds, run, type Contender } from './process.js';
import type { Deployment } from './stage.js';

/** The first part of a run is not measured: connections, first compilation of the code. */
const WARM_UP = 0.3;
/** Nor is the very end, when the last batches are small. */
const MEASURED_UNTIL = 0.97;
const POLL_MS = 20;
const LIMIT_MS = 180_000;

/** Commands a second, and what one command costs. */
export interface Measure {
  readonly perSecond: number;
  readonly workerMicroseconds: number;
  readonly mongodMicroseconds: number;
  /** Requests to the database a command, and bytes both ways. */
  readonly roundTrips: number;
  readonly bytes: number;
}

/** Has a contender apply commands that are queued already, from its start to the last event. */
export async function measure(deployment: Deployment, contender: Contender, mix: Mix, count: number, roles: number, database: DatabaseWatch): Promise<Measure> {
  await deployment.queue(mix, count, roles);
  const { sink } = deployment;
  const before = await sink.count();
  const mongod = await database.pid();
  const running = run(contender, deployment.setting);
  try {
    const look = async (part: number): Promise<{ at: number; done: number; worker: number; mongod: number; requests: number; bytes: number }> => {
      const done = await reach(sink.count, before, count * part);
      const at = performance.now();
      const [worker, store] = [cpuMicroseconds(running.pid), cpuMicroseconds(mongod)];
      const { requests, bytesIn, bytesOut } = await database.traffic();
      return { at, done, worker, mongod: store, requests, bytes: bytesIn + bytesOut };
    };
    const first = await look(WARM_UP);
    const last = await look(MEASURED_UNTIL);
    await reach(sink.count, before, count);
    const commands = last.done - first.done;
    const each = (of: (at: typeof first) => number): number => (of(last) - of(first)) / commands;
    return {
      perSecond: 1000 / each(({ at }) => at),
      workerMicroseconds: each(({ worker }) => worker),
      mongodMicroseconds: each(({ mongod: used }) => used),
      roundTrips: each(({ requests }) => requests),
      bytes: each(({ bytes }) => bytes),
    };
  } finally {
    await running.stop();
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
