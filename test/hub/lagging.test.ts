import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LIMIT_MS = 120_000;

it('200 listeners that are down, each at another place in a log of 130 MB, need little memory', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=128', join(__dirname, 'lagging-main.js')], { timeout: LIMIT_MS });
  expect(stdout).toBe('200');
}, LIMIT_MS);
