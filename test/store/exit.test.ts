import { execFile } from 'node:child_process';
import { join } from 'node:path';

const TIMES = 8;
const LIMIT_MS = 20_000;

it('a process can exit amid the writes of an embedded store', async () => {
  const exitCode = (): Promise<unknown> =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [join(__dirname, 'exit-main.js')], { timeout: LIMIT_MS, killSignal: 'SIGKILL' }, () => resolve(child.exitCode ?? child.signalCode));
    });
  const codes: unknown[] = [];
  for (let time = 0; time < TIMES; time += 1) codes.push(await exitCode());
  expect(codes).toEqual(Array.from({ length: TIMES }, () => 3));
}, TIMES * LIMIT_MS);
