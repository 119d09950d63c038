import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { exitProcess } from '../../src/exit.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';

/** A process of its own that exits amid the writes of an embedded store. */

const WRITERS = 20;
const EXIT_CODE = 3;
/** For a thread of the pool to begin a write, and to wait for this one. */
const BUSY_MS = 20;

async function main(): Promise<void> {
  const store = await openEmbeddedStore({ path: undefined, retentionMs: 3_600_000, log: pino({ level: 'silent' }) });
  const write = async (name: string): Promise<void> => {
    for (let number = 0; ; number += 1) await store.recordSetting(`${name}.${number}`, 'x');
  };
  for (let writer = 0; writer < WRITERS; writer += 1) void write(String(writer));
  await pause(50 + Math.random() * 50);
  for (const until = performance.now() + BUSY_MS; performance.now() < until; );
  exitProcess(EXIT_CODE);
}

void main();
