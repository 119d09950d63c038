import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openBus, openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import type { JsonObject } from '../../src/json.js';
import { Lifecycle } from '../../src/lifecycle.js';
import { OpenPorts } from '../../src/tool-ports.js';
import { runImport } from '../../src/transfer/import-tool.js';
import { startService, type Service } from '../support/service.js';

const CLEAR = '\r\x1b[K';
const LINES = 60;

let folder: string;
let service: Service;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'party-role-import-'));
  service = await startService({ BUS_URL: 'memory:', STORE_URL: 'memory:' });
}, 60_000);
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('shows on a terminal how far it is, and what it prints stands on lines of its own', async () => {
  const file = join(folder, 'roles.ndjson');
  writeFileSync(file, Array.from({ length: LINES }, (_, index) => `${JSON.stringify(index % 20 === 7 ? { id: `r${index}` } : { id: `r${index}`, name: 'n' })}\n`).join(''));
  const seen: (string | JsonObject)[] = [];
  const config = readConfig({ PORT: new URL(service.url).port });
  const log = pino({ level: 'silent' });
  const ports = new OpenPorts(config, { openStore, openBus }, new Lifecycle(log), log, '');
  const task = { name: 'import', file, resource: 'partyRole', source: '/crm', concurrency: 5, rate: 50, url: `${service.url}/tmf-api` } as const;
  const code = await runImport(config, task, ports, (line) => seen.push(line), { isTTY: true, write: (text: string | Uint8Array) => seen.push(String(text)) > 0 });

  const printed = seen.flatMap((entry, index) => (typeof entry === 'string' ? [] : [{ entry, before: seen[index - 1] }]));
  expect(printed.map(({ entry }) => entry['line'] ?? entry['totals'])).toEqual([8, 28, 48, { lines: LINES, created: 57, alreadyThere: 0, refused: 3, warned: 0 }]);
  expect(printed.map(({ before }) => before)).toEqual([CLEAR, CLEAR, CLEAR, '\n']);
  expect(code).toBe(1);

  const frames = seen.filter((entry): entry is string => typeof entry === 'string' && entry.startsWith(`${CLEAR}[`));
  const shares = frames.map((frame) => Number(/\] (\d+) %/.exec(frame)?.[1]));
  expect(shares.slice().sort((a, b) => a - b)).toEqual(shares);
  expect(shares.some((share) => share > 0 && share < 100)).toBe(true);
  expect(frames.at(-1)).toMatch(/\[#{24}\] 100 % {2}60 lines .* created 57 {2}already there 0 {2}refused 3$/);
}, 60_000);
