import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from '../support/binaries.js';
import { whenServers } from '../support/servers.js';
import { runDrill, type DrillOptions, type Report } from './drill.js';
import { runEmbeddedDrill } from './embedded-drill.js';

const LIMIT_MS = 240_000;
const lines: string[] = [];
const common = { seed: 1, rate: 100, roles: 10, freezeMs: 3_000, settings: {}, log: (line: string): unknown => lines.push(line) };

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'party-role-drill-'));
}

async function drill(options: Pick<DrillOptions, 'bus' | 'members' | 'kinds' | 'cycles'>): Promise<Report> {
  return runDrill({ ...common, ...options, folder: folder() });
}

/** What it shows when it fails must be enough to understand why. */
function expectNothingFound({ findings, logs, ...numbers }: Report): void {
  if (findings.length > 0) throw new Error(JSON.stringify({ findings, numbers, lines, logs }, undefined, 1));
  expect(numbers.counts['applied'] ?? numbers.counts['answered']).toBeGreaterThan(50);
}

beforeEach(() => lines.splice(0));

whenServers('a short drill on RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => {
  it('finds nothing', async () => {
    const report = await drill({ bus: 'rabbitmq', members: 1, kinds: ['worker', 'points', 'broker', 'proxy', 'replace'], cycles: 4 });
    expectNothingFound(report);
  }, LIMIT_MS);
});

whenServers('a short drill on JetStream and MongoDB', ['nats', 'mongo'], () => {
  it('finds nothing', async () => {
    const report = await drill({ bus: 'nats', members: 1, kinds: ['worker', 'points', 'broker', 'freeze', 'mongo'], cycles: 5 });
    expectNothingFound(report);
  }, LIMIT_MS);

  const itOnSet = binary('mongo') === undefined ? it.skip : it;
  itOnSet('finds nothing when primaries of a replica set come and go', async () => {
    const report = await drill({ bus: 'nats', members: 3, kinds: ['stepdown', 'lag'], cycles: 2 });
    expectNothingFound(report);
  }, LIMIT_MS);
});

describe('a short drill on the embedded pair', () => {
  it('finds nothing', async () => {
    const report = await runEmbeddedDrill({ cycles: 5, seed: 1, folder: folder(), log: common.log });
    expectNothingFound(report);
  }, LIMIT_MS);
});
