import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { Collections, toResourceDocument } from '../../src/store/mongo-documents.js';
import type { JsonObject } from '../../src/json.js';
import { MemoryWatch } from '../outage/memory.js';
import { until } from '../support/service.js';
import { measureView, viewLines } from './customer.js';
import { DatabaseWatch } from './database.js';
import { feed, roleBody } from './feed.js';
import { inTurn } from './in-turn.js';
import { percentile } from './percentile.js';
import { run, type Setting } from './process.js';
import type { Line, Target } from './report.js';
import { serve } from './serving.js';
import { Deployment, type Stage } from './stage.js';
import { measure } from './throughput.js';

const SIZES = [10_000, 100_000, 1_000_000] as const;
const [SMALLEST, LARGEST] = [SIZES[0], SIZES[2]];
const COMMANDS = 12_000;
const WARM_UP = 5_000;
const CHANGES = 1_000;
const READS = 300;
const WORKERS = [1, 2, 4] as const;
const WAITING = 100_000;
const INSERTED_AT_ONCE = 5_000;
const START_MS = 30_000;
const QUEUE_MS = 180_000;
const IDLE_MS = 10_000;

/** How it goes on with many roles, many changes of one, several workers and a long queue; on RabbitMQ. */
export async function growthSection(stage: Stage, { rounds }: { readonly rounds: number }): Promise<Line[]> {
  const database = new DatabaseWatch(stage.mongo.url);
  const deployments = new Map<number, Deployment>();
  try {
    for (const size of SIZES) {
      const deployment = await Deployment.prepare(stage, 'rabbitmq');
      await fillRoles(deployment.setting.storeUrl, size);
      deployments.set(size, deployment);
    }
    const figures = new Figures();
    for (let round = 0; round < rounds; round += 1) {
      for (const [size, deployment] of inTurn(deployments, round)) await measureSize(deployment, size, round, figures, database);
    }
    const largest = deployments.get(LARGEST) as Deployment;
    await measureWorkers(stage, rounds, figures, database);
    for (let round = 0; round < rounds; round += 1) {
      figures.add(`idle, ${LARGEST} roles: memory`, await idleMemory(largest.setting));
      figures.add(`${WAITING} commands waiting: memory`, await memoryOfQueue(stage));
    }
    return linesOf(figures);
  } finally {
    await database.close();
    for (const deployment of deployments.values()) await deployment.close();
  }
}

class Figures {
  private readonly found = new Map<string, number[]>();

  add(name: string, value: number): void {
    this.found.set(name, [...this.of(name), value]);
  }

  of(name: string): readonly number[] {
    return this.found.get(name) ?? [];
  }
}

/** As the service would have written them, in much less time. */
export async function fillRoles(storeUrl: string, size: number): Promise<void> {
  const client = new MongoClient(storeUrl);
  const roles = new Collections(client.db()).resources('partyRole');
  const commit = { id: 'filled-000000000001', at: new Date(), writes: [], guards: [], parked: [], entries: [] };
  for (let first = 0; first < size; first += INSERTED_AT_ONCE) {
    const documents = Array.from({ length: Math.min(INSERTED_AT_ONCE, size - first) }, (_, index) => {
      const id = `role-${first + index}`;
      const resource = { id, ...roleBody(first + index) } as JsonObject;
      return toResourceDocument({ type: 'partyRole', id, expected: 0, revision: 1, resource, deleted: false }, commit);
    });
    await roles.insertMany(documents, { ordered: false });
  }
  await client.close();
}

async function remove(storeUrl: string, roles: string[]): Promise<void> {
  const client = new MongoClient(storeUrl);
  await new Collections(client.db()).resources('partyRole').deleteMany({ _id: { $in: roles } });
  await client.close();
}

async function measureSize(deployment: Deployment, size: number, round: number, figures: Figures, database: DatabaseWatch): Promise<void> {
  for (const mix of ['creates', 'patches'] as const) {
    // Each round's new roles come after those of the rounds before.
    const commands = [...feed(mix, COMMANDS, mix === 'creates' ? size + round * COMMANDS : size, `${mix} ${round}`)];
    const { perSecond } = await measure(deployment, commands, WARM_UP, database, () => [run('worker', deployment.setting)]);
    figures.add(`${mix}, ${size} roles`, perSecond);
    // So that it is as many again.
    if (mix === 'creates') await remove(deployment.setting.storeUrl, commands.map(({ role }) => role));
  }
  await serving(deployment.setting, async (url) => {
    const changed = `changed-${round}`;
    await change(deployment, changed);
    const reads: Readonly<Record<string, (number: number) => string>> = {
      'GET by id': (number) => `/role-${(number * 7919) % size}`,
      'list by name': (number) => `?name=${encodeURIComponent(`Reseller ${(number * 7919) % size}`)}&limit=20`,
      'list sorted by name': () => '?sort=-name&status=approved&limit=20',
      'count of a filter that all match': () => '?status=approved&limit=1&fields=none',
      [`GET by id after ${CHANGES} changes`]: () => `/${changed}`,
    };
    for (const [what, path] of Object.entries(reads)) figures.add(`${what}, ${size} roles`, await p50(url, path));
    if (size === LARGEST) for (const [what, ms] of await measureView(url, size, `customer-${round}`)) figures.add(what, ms);
  });
}

async function serving(setting: Setting, work: (url: string) => Promise<void>): Promise<void> {
  const { url, process } = await serve(setting);
  try {
    await work(url);
  } finally {
    await process.stop();
  }
}

/** Creates a role and changes it many times; resolves when all is applied. */
async function change(deployment: Deployment, id: string): Promise<void> {
  const { sink } = deployment;
  const before = await sink.count();
  const [create] = [...feed('creates', 1, 0)];
  const patches = [...feed('patches', CHANGES, 1, id)];
  const commands = [create, ...patches].flatMap((command, number) => (command ? [{ ...command, role: id, attributes: { ...command.attributes, id: `${id}/${number}`, subject: id } }] : []));
  await deployment.queue(commands);
  await until('every change is applied', async () => (await sink.count()) - before >= commands.length, START_MS);
}

/** Milliseconds of a request, one after the other. */
async function p50(url: string, path: (number: number) => string): Promise<number> {
  const times: number[] = [];
  for (let number = 0; number < READS; number += 1) {
    const from = performance.now();
    const response = await fetch(url + path(number));
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${response.status} for ${path(number)}`);
    times.push(performance.now() - from);
  }
  return percentile(times.slice(READS / 3), 0.5);
}

async function idleMemory(setting: Setting): Promise<number> {
  const service = run('worker', setting, { ROLES: 'http,worker' });
  const memory = new MemoryWatch(service.pid);
  await pause(IDLE_MS);
  memory.since();
  await pause(IDLE_MS / 10);
  const megabytes = memory.since();
  memory.stop();
  await service.stop();
  return megabytes;
}

async function measureWorkers(stage: Stage, rounds: number, figures: Figures, database: DatabaseWatch): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const count of inTurn(WORKERS, round)) {
      const deployment = await Deployment.prepare(stage, 'rabbitmq');
      const start = () => Array.from({ length: count }, () => run('worker', deployment.setting));
      const { perSecond } = await measure(deployment, [...feed('creates', 2 * COMMANDS, 0)], WARM_UP, database, start);
      figures.add(`creates, workers: ${count}`, perSecond);
      await deployment.close();
    }
  }
}

/** The most that a worker has while it works off a long queue, in MB. */
async function memoryOfQueue(stage: Stage): Promise<number> {
  const deployment = await Deployment.prepare(stage, 'rabbitmq');
  await deployment.queue(feed('creates', WAITING, 0));
  const worker = run('worker', deployment.setting);
  const memory = new MemoryWatch(worker.pid);
  await until('every command is applied', async () => (await deployment.sink.count()) >= WAITING, QUEUE_MS);
  const megabytes = memory.peak();
  memory.stop();
  await worker.stop();
  await deployment.close();
  return megabytes;
}

function linesOf(figures: Figures): Line[] {
  const line = (what: string, unit: Line['unit'], target?: Target): Line => ({ section: 'growth', what, unit, values: figures.of(what), ...(target ? { target } : {}) });
  const bySize = (what: string, unit: Line['unit'], target?: Target): Line[] => {
    const [small, large] = [SMALLEST, LARGEST].map((size) => figures.of(`${what}, ${size} roles`));
    const values = (large ?? []).map((value, round) => value / (small?.[round] ?? NaN));
    return [...SIZES.map((size) => line(`${what}, ${size} roles`, unit)), { section: 'growth', what: `${what}: ${LARGEST} ÷ ${SMALLEST} roles`, unit: '×', values, ...(target ? { target } : {}) }];
  };
  return [
    ...bySize('creates', '1/s', { atLeast: 0.8 }),
    ...bySize('patches', '1/s', { atLeast: 0.8 }),
    ...bySize('GET by id', 'ms'),
    ...bySize('list by name', 'ms', { atMost: 1.5 }),
    ...bySize('list sorted by name', 'ms', { atMost: 1.5 }),
    ...bySize('count of a filter that all match', 'ms'),
    ...bySize(`GET by id after ${CHANGES} changes`, 'ms'),
    ...viewLines((what) => figures.of(what), LARGEST),
    ...WORKERS.map((count) => line(`creates, workers: ${count}`, '1/s')),
    line(`idle, ${LARGEST} roles: memory`, 'MB', { atMost: 150 }),
    line(`${WAITING} commands waiting: memory`, 'MB', { atMost: 200 }),
  ];
}
