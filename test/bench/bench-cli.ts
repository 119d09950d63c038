import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchNeeded } from '../support/fetch-needed.js';
import { growthSection } from './growth.js';
import { hubSection } from './hub.js';
import { latencySection } from './latency.js';
import { NODE_FLAGS } from './process.js';
import { merged, poorOf, table, type Line } from './report.js';
import { restSection } from './rest.js';
import { openStage, type BusKind, type Stage } from './stage.js';
import { throughputSection } from './throughput-section.js';
import { serverVersions } from './versions.js';

const SECTIONS = ['throughput', 'rest', 'latency', 'hub', 'growth'] as const;
const BUSES: readonly BusKind[] = ['rabbitmq', 'nats'];
/** Few rounds on a shared machine can be poor by chance: before a median counts as poor, it is taken over up to three times as many. */
const MORE_LOOKS = 2;

const HELP = `Measures the service beside what it is compared with, in the same run, and prints one table.
Starts its own servers; nothing else should run on the machine meanwhile.

  --full             every section on both buses, all sizes, 5 rounds: some forty minutes; without it a part, in four
  --only a,b         of ${SECTIONS.join(', ')}; rest, hub and growth are measured on RabbitMQ, growth only with --full
  --bus a,b          of ${BUSES.join(', ')}; without --full rabbitmq alone
  --rounds N
  --nats-sync TIME   sync_interval of JetStream; default 2m, as that of the server. With "always" each message is one sync
                     to the disk for whoever is measured, which then is what is measured
  --least SHARE      exit code 1 when a median reaches less than this share of its target, such as 0.7, or of what
                     it has come to as yet where that is known to be less; what does is
                     measured up to twice more before, and the median is that of all rounds
  --json FILE        default .cache/bench/latest.json

With BENCH_PROFILE=FOLDER every process that is measured writes its CPU profile there (for Chrome's DevTools); figures are then lower.
`;

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    bus: { type: 'string' },
    rounds: { type: 'string' },
    'nats-sync': { type: 'string', default: '2m' },
    least: { type: 'string' },
    json: { type: 'string', default: '.cache/bench/latest.json' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const { full } = options;
  const [rounds, least] = [numberOf('rounds', options.rounds ?? (full ? '5' : '2')), numberOf('least', options.least ?? '0')];
  const buses = chosen(options.bus, BUSES) ?? (full ? BUSES : ['rabbitmq' as const]);
  const sections = chosen(options.only, SECTIONS) ?? SECTIONS;
  if (!(await fetchNeeded())) throw new Error('the servers cannot be had');
  const began = new Date();
  const stage = await openStage(buses, options['nats-sync']);
  let lines: Line[] = [];
  try {
    // What was measured before something fails is worth having.
    await measureAll(stage, { rounds, full, sections }, lines).finally(() => tell(stage, began, lines));
    for (let looks = 0; looks < MORE_LOOKS && poorOf(lines, least).length > 0; looks += 1) {
      const poor = poorOf(lines, least);
      process.stderr.write(`${table(poor)}\nless than ${least} of the target: measured again\n`);
      const again: Line[] = [];
      await measureAll(stage, { rounds, full, sections: SECTIONS.filter((section) => poor.some((line) => line.section.toLowerCase() === section)) }, again);
      lines = merged(lines, again);
      await tell(stage, began, lines);
    }
    if (poorOf(lines, least).length > 0) {
      process.stderr.write(`${table(poorOf(lines, least))}\nless than ${least} of the target\n`);
      process.exitCode = 1;
    }
  } finally {
    await stage.close();
  }
}

async function tell(stage: Stage, began: Date, lines: readonly Line[]): Promise<void> {
  const seconds = String(Math.round((Date.now() - began.getTime()) / 1000));
  const setting = { date: began.toISOString().slice(0, 10), seconds, ...machine(), ...(await serverVersions(stage)), 'JetStream sync_interval': options['nats-sync'] };
  process.stdout.write(`${table(lines)}\n\n${Object.entries(setting).map(([name, value]) => `${name}: ${value}`).join(', ')}\n`);
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(options.json, `${JSON.stringify({ setting, lines }, undefined, 1)}\n`);
}

interface Choice {
  readonly rounds: number;
  readonly full: boolean;
  readonly sections: readonly (typeof SECTIONS)[number][];
}

async function measureAll(stage: Stage, { rounds, full, sections }: Choice, lines: Line[]): Promise<void> {
  let capacity: ReadonlyMap<BusKind, number> = new Map();
  if (sections.includes('throughput')) {
    const throughput = await throughputSection(stage, { rounds, full });
    lines.push(...throughput.lines);
    capacity = throughput.capacity;
  }
  const hasRabbit = stage.buses.has('rabbitmq');
  if (sections.includes('rest') && hasRabbit) lines.push(...(await restSection(stage, { rounds, full })));
  if (sections.includes('latency')) lines.push(...(await latencySection(stage, { rounds, full, capacity })));
  if (sections.includes('hub') && hasRabbit) lines.push(...(await hubSection(stage, { rounds, full })));
  if (sections.includes('growth') && full && hasRabbit) lines.push(...(await growthSection(stage, { rounds })));
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (text === '' || !(number >= 0)) throw new Error(`--${name} must be a number`);
  return number;
}

function chosen<T extends string>(list: string | undefined, allowed: readonly T[]): readonly T[] | undefined {
  if (list === undefined) return undefined;
  return list.split(',').map((name) => {
    const found = allowed.find((candidate) => candidate === name);
    if (found === undefined) throw new Error(`"${name}" is none of ${allowed.join(', ')}`);
    return found;
  });
}

function machine(): Record<string, string> {
  return { cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? '?'}`, memory: `${Math.round(totalmem() / 2 ** 30)} GiB`, node: `${process.version} ${NODE_FLAGS.join(' ')}` };
}

void main();
