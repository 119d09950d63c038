import { setTimeout as pause } from 'node:timers/promises';
import { exitProcess } from '../../src/exit.js';
import { append, changed } from './append.js';
import { RunningHub } from './running-hub.js';

/** A process of its own: many listeners that nobody is behind, each at another place in a log of large commits. Prints how many were tried. */

const LISTENERS = 200;
const EVENTS = 500;
/** A listener that nobody is behind. */
const DEAD = 'http://127.0.0.1:9/';

async function main(): Promise<void> {
  const running = await RunningHub.open();
  const event = changed('r', 1, { note: 'x'.repeat(900) });
  const ids: string[] = [];
  for (let position = 0; position < LISTENERS; position += 1) {
    await append(running.store, Array.from({ length: EVENTS }, (_, number) => ({ ...event, id: `${position}.${number}`, order: `partyRole/${position}.${number}` })));
    ids.push(await running.register(DEAD, { cursor: position }));
  }
  running.start({ firstMs: 500, longestMs: 1_000 });
  const tried = async (id: string): Promise<boolean> => (await running.subscription(id)).health.lastError !== undefined;
  for (const id of ids) while (!(await tried(id))) await pause(50);
  await pause(1_000);
  process.stdout.write(String(ids.length));
}

void main().then(() => exitProcess(0));
