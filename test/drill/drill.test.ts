import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from '../support/binaries.js';
import { whenServers } from '../support/servers.js';
import { runDrill, type DrillOptions, type Report } from './drill.js';
import { runEmbeddedDrill } from './embedded-drill.js';
import type { Kind } from './harms.js';

const LIMIT_MS = 240_000;
const common = { seed: 1, rate: 60, roles: 8, freezeMs: 3_000, settings: {} };

/** The report has the ends of the logs. */
async function withFolder(run: (folder: string) => Promise<Report>): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'party-role-drill-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each kind of harm once. */
async function drill(options: Pick<DrillOptions, 'bus' | 'members' | 'kinds'>): Promise<void> {
  const lines: string[] = [];
  const cycles = options.kinds.filter((kind) => kind !== 'replace').length;
  const report = await withFolder((folder) => runDrill({ ...common, ...options, cycles, folder, log: (line) => lines.push(line) }));
  expectNothingFound(report, lines);
}

/** What it shows when it fails must be enough to understand why. */
function expectNothingFound({ findings, logs, ...numbers }: Report, lines: readonly string[]): void {
  if (findings.length > 0) throw new Error(JSON.stringify({ findings, numbers, lines, logs }, undefined, 1));
  expect(numbers.counts['applied'] ?? numbers.counts['answered']).toBeGreaterThan(50);
}

// Side by side: for most of the time they wait for something that comes back.
whenServers('a short drill', ['rabbit', 'nats', 'mongo'], () => {
  it.concurrent('on RabbitMQ and MongoDB finds nothing', () => drill({ bus: 'rabbitmq', members: 1, kinds: ['worker', 'points', 'points', 'broker', 'proxy', 'replace'] }), LIMIT_MS);

  const kinds: readonly Kind[] = ['worker', 'points', 'points', 'points', 'points', 'points', 'broker', 'freeze', 'mongo'];
  it.concurrent('on JetStream and MongoDB finds nothing', () => drill({ bus: 'nats', members: 1, kinds }), LIMIT_MS);

  const itOnSet = binary('mongo') === undefined ? it.skip : it.concurrent;
  itOnSet('finds nothing when primaries of a replica set come and go', () => drill({ bus: 'nats', members: 3, kinds: ['stepdown', 'lag'] }), LIMIT_MS);
});

it('a short drill on the embedded pair finds nothing', async () => {
  const lines: string[] = [];
  const report = await withFolder((folder) => runEmbeddedDrill({ cycles: 8, seed: 1, folder, log: (line) => lines.push(line) }));
  expectNothingFound(report, lines);
}, LIMIT_MS);
