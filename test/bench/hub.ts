import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import type { JsonObject } from '../../src/json.js';
import type { Store } from '../../src/store/store.js';
import type { BacklogCommand } from '../outage/backlog.js';
import { until } from '../support/service.js';
import { coresOf, ownProcesses, useCores } from './cores.js';
import { DatabaseWatch } from './database.js';
import { feed } from './feed.js';
import type { Post } from './hub-fetch-main.js';
import type { Expect, Told } from './hub-listener-main.js';
import { inTurn } from './in-turn.js';
import { run, type Running, type Setting } from './process.js';
import type { Line } from './report.js';
import { Deployment, type Stage } from './stage.js';
import { measure } from './throughput.js';

const API = 'partyRoleManagement';
/** As HUB_CONCURRENCY has it. */
const AT_ONCE = 8;
/** How many events each number of listeners is sent. */
const SIZES: Readonly<Record<'short' | 'full', readonly (readonly [listeners: number, events: number])[]>> = {
  short: [[1, 4_000], [10, 600], [100, 80]],
  full: [[1, 20_000], [10, 4_000], [100, 400]],
};
const WORKER_COMMANDS = { short: 7_000, full: 24_000 };
const WORKER_WARM_UP = 3_000;
const HEALTHY = 99;
const DELETION_EVERY = 1_000;
/** A listener that nobody is behind. */
const DEAD = 'http://127.0.0.1:9/';
const WAIT_MS = 120_000;
/** Until it has claimed all subscriptions. */
const HUB_START_MS = 4_000;

/**
 * Deliveries to healthy listeners beside plain `fetch` calls of the same bodies, and what a hub with many listeners in a process of
 * its own leaves of the worker's throughput.
 */
export async function hubSection(stage: Stage, { rounds, full }: { readonly rounds: number; readonly full: boolean }): Promise<Line[]> {
  const size = full ? 'full' : 'short';
  const count = WORKER_COMMANDS[size];
  return [...(await deliveries(stage, rounds, SIZES[size])), ...(full ? await besideWorker(stage, rounds, count) : []), ...(await onItsOwnCore(stage, rounds, count))];
}

async function deliveries(stage: Stage, rounds: number, sizes: readonly (readonly [number, number])[]): Promise<Line[]> {
  const deployment = await Deployment.prepare(stage, 'rabbitmq');
  const { setting } = deployment;
  const store = await storeOf(setting);
  const events = Math.max(...sizes.map(([, count]) => count));
  await fill(deployment, events);
  const bodies = await bodiesOf(store, events);
  const [listener, fetcher] = [fork(join(__dirname, 'hub-listener-main.js')), fork(join(__dirname, 'hub-fetch-main.js'))];
  const found = new Map<string, number[]>();
  try {
    const port = await portOf(listener);
    for (let round = 0; round < rounds; round += 1) {
      for (const [listeners, count] of sizes) {
        const callbacks = Array.from({ length: listeners }, (_, number) => `http://127.0.0.1:${port}/listener/${round}/${number}`);
        const last = await store.lastPosition();
        const from = last - (await commitsOf(store, last, count));
        const measured: [string, () => Promise<number>][] = [
          ['hub', () => hubRate(store, setting, listener, callbacks, from, count)],
          ['fetch', () => fetchRate(listener, fetcher, { callbacks, bodies: bodies.slice(0, count), atOnce: AT_ONCE })],
        ];
        for (const [who, rate] of inTurn(measured, round)) add(found, `${who} ${listeners}`, await rate());
      }
    }
  } finally {
    listener.disconnect();
    fetcher.disconnect();
    await store.close();
    await deployment.close();
  }
  return sizes.flatMap(([listeners]): Line[] => {
    const [hub, plain] = [found.get(`hub ${listeners}`) ?? [], found.get(`fetch ${listeners}`) ?? []];
    const what = `deliveries, listeners: ${listeners}`;
    return [
      { section: 'hub', what: `${what}: hub`, unit: '1/s', values: hub },
      { section: 'hub', what: `${what}: plain fetch`, unit: '1/s', values: plain },
      { section: 'hub', what: `${what}: hub ÷ plain fetch`, unit: '×', values: ratios(hub, plain), target: { atLeast: 0.7 } },
    ];
  });
}

/** Hub, worker and servers share all cores, which are busy without the hub: what it uses is the worker's. */
async function besideWorker(stage: Stage, rounds: number, count: number): Promise<Line[]> {
  const { beside, alone } = await withAndWithout(stage, rounds, count, () => undefined);
  return [
    { section: 'hub', what: 'creates beside a hub of 100 listeners, one of them dead', unit: '1/s', values: beside },
    { section: 'hub', what: 'creates beside that hub ÷ without a hub', unit: '×', values: ratios(beside, alone) },
  ];
}

/** Hub and listener have the last core, worker and servers the others: what is left is how far the hub delays the worker in the database. */
async function onItsOwnCore(stage: Stage, rounds: number, count: number): Promise<Line[]> {
  const cores = coresOf();
  if (!cores) {
    process.stderr.write('NOT measured, for want of a second core or of taskset: creates beside a hub on a core of its own\n');
    return [];
  }
  for (const pid of ownProcesses()) useCores(pid, cores.most);
  try {
    const { beside, alone } = await withAndWithout(stage, rounds, count, (pid) => useCores(pid, cores.last));
    return [
      { section: 'hub', what: 'creates beside a hub of 100 listeners, one of them dead, on a core of its own', unit: '1/s', values: beside },
      { section: 'hub', what: 'creates beside a hub on a core of its own ÷ without a hub', unit: '×', values: ratios(beside, alone), target: { atLeast: 0.9 } },
    ];
  } finally {
    for (const pid of ownProcesses()) useCores(pid, cores.all);
  }
}

/**
 * The worker with and without a hub in a process of its own that has 100 subscriptions: 99 for deletions, each delivered, and one for
 * everything whose listener is dead.
 * @param place called with the processes of hub and listener @returns creates a second
 */
async function withAndWithout(stage: Stage, rounds: number, count: number, place: (pid: number) => void): Promise<{ readonly beside: readonly number[]; readonly alone: readonly number[] }> {
  const database = new DatabaseWatch(stage.mongo.url);
  const commands = withDeletions(feed('creates', count, 0));
  const deletions = commands.length - count;
  const listener = fork(join(__dirname, 'hub-listener-main.js'));
  const found = new Map<string, number[]>();
  try {
    const port = await portOf(listener);
    place(listener.pid ?? 0);
    for (let round = 0; round < rounds; round += 1) {
      const kinds = ['without', 'with'] as const;
      for (const kind of inTurn(kinds, round)) {
        const deployment = await Deployment.prepare(stage, 'rabbitmq');
        const delivered = kind === 'with' ? expect(listener, HEALTHY * deletions) : undefined;
        const hub = kind === 'with' ? await busyHub(deployment.setting, port, place) : undefined;
        const { perSecond } = await measure(deployment, commands, WORKER_WARM_UP, database, () => [run('worker', deployment.setting)]);
        await delivered;
        await hub?.stop();
        await deployment.close();
        add(found, kind, perSecond);
      }
    }
  } finally {
    listener.disconnect();
    await database.close();
  }
  return { beside: found.get('with') ?? [], alone: found.get('without') ?? [] };
}

function ratios(own: readonly number[], other: readonly number[]): number[] {
  return own.map((value, round) => value / (other[round] ?? NaN));
}

/** Behind every so many creates one of the roles is deleted. */
function withDeletions(creates: Iterable<BacklogCommand>): BacklogCommand[] {
  const commands: BacklogCommand[] = [];
  for (const create of creates) {
    commands.push(create);
    if (commands.length % DELETION_EVERY !== 0) continue;
    const attributes = { ...create.attributes, id: `${create.attributes['id']}/deletion`, type: 'org.tmforum.partyRole.delete' };
    commands.push({ ...create, attributes, body: '' });
  }
  return commands;
}

async function busyHub(setting: Setting, port: number, place: (pid: number) => void): Promise<Running> {
  const store = await storeOf(setting);
  for (let number = 0; number < HEALTHY; number += 1) await register(store, `http://127.0.0.1:${port}/${number}`, 'eventType=PartyRoleDeleteEvent', 0);
  await register(store, DEAD, '', 0);
  const hub = startHub(setting);
  place(hub.pid);
  await store.close();
  await pause(HUB_START_MS);
  return hub;
}

async function hubRate(store: Store, setting: Setting, listener: ChildProcess, callbacks: readonly string[], from: number, count: number): Promise<number> {
  const wanted = callbacks.length * count;
  const done = expect(listener, wanted);
  const ids: string[] = [];
  for (const callback of callbacks) ids.push(await register(store, callback, '', from));
  const hub = startHub(setting);
  try {
    return (wanted - 1) / ((await done) / 1000);
  } finally {
    await hub.stop();
    for (const id of ids) await store.hub.unregister(id);
  }
}

async function fetchRate(listener: ChildProcess, fetcher: ChildProcess, post: Post): Promise<number> {
  const wanted = post.callbacks.length * post.bodies.length;
  const done = expect(listener, wanted);
  fetcher.send(post);
  return (wanted - 1) / ((await done) / 1000);
}

function startHub(setting: Setting): Running {
  return run('worker', setting, { ROLES: 'hub', HUB_ALLOW: '127.0.0.1' });
}

async function register(store: Store, callback: string, query: string, cursor: number): Promise<string> {
  const { subscription } = await store.hub.register({ id: `bench-${callback}`, api: API, callback, query, dialect: 'tmf', secrets: { signing: [] }, cursor });
  return subscription.id;
}

/** Has the worker make so many events. */
async function fill(deployment: Deployment, events: number): Promise<void> {
  await deployment.queue(feed('creates', events, 0));
  const worker = run('worker', deployment.setting);
  await until('all events are published', async () => (await deployment.sink.count()) >= events, WAIT_MS);
  // What is confirmed is marked a moment later.
  await pause(1_000);
  await worker.stop();
}

/** The envelopes of the last events of the log. */
async function bodiesOf(store: Store, count: number): Promise<string[]> {
  const bodies: string[] = [];
  for (let after = 0; ; ) {
    const page = await store.readLog(after, 20);
    const last = page.at(-1);
    if (!last) return bodies.slice(-count);
    for (const { entries } of page) {
      for (const { events } of entries) for (const { content } of events) bodies.push(JSON.stringify((JSON.parse(content) as { data: JsonObject }).data));
    }
    after = last.position;
  }
}

/** How many of the last commits have at least so many events. */
async function commitsOf(store: Store, last: number, count: number): Promise<number> {
  for (let commits = 1, events = 0; commits <= last; commits += 1) {
    const [commit] = await store.readLog(last - commits, 1);
    events += commit?.entries.reduce((sum, entry) => sum + entry.events.length, 0) ?? 0;
    if (events >= count) return commits;
  }
  throw new Error(`the log has less than ${count} events`);
}

async function storeOf({ busUrl, storeUrl, prefix }: Setting): Promise<Store> {
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const store = await openStore(readConfig({ BUS_URL: busUrl, STORE_URL: storeUrl, PREFIX: prefix }), onFatal, pino({ level: 'silent' }));
  await until('the database is there', () => store.status().up);
  return store;
}

async function portOf(listener: ChildProcess): Promise<number> {
  const told = await next(listener);
  if (!('port' in told)) throw new Error('the listener has no port');
  return told.port;
}

async function expect(listener: ChildProcess, deliveries: number): Promise<number> {
  listener.send({ deliveries } satisfies Expect);
  const told = await next(listener);
  if (!('ms' in told)) throw new Error('the listener began anew');
  return told.ms;
}

async function next(listener: ChildProcess): Promise<Told> {
  const [told] = (await once(listener, 'message', { signal: AbortSignal.timeout(WAIT_MS) })) as [Told];
  return told;
}

function add(found: Map<string, number[]>, what: string, value: number): void {
  found.set(what, [...(found.get(what) ?? []), value]);
}
