import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const { shared, what, limitMs } = workerData as { shared: Int32Array; what: string; limitMs: number };
const LOOK_MS = 500;

let seen = -1;
let since = Date.now();
setInterval(() => {
  const now = Atomics.load(shared, 1);
  if (now !== seen) [seen, since] = [now, Date.now()];
  if (Date.now() - since < limitMs) return;
  writeSync(2, `FINDING: the event loop is blocked since ${limitMs} ms; ${what}, first message not done: ${Atomics.load(shared, 0)}\n`);
  process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
