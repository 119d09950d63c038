import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import { Random } from '../fuzz/random.js';
import { feed } from '../bench/feed.js';
import { publishAmqp } from '../outage/backlog.js';
import { startMongo, startRabbit } from '../support/servers.js';
import { until } from '../support/service.js';
import { judgeListener, type Announced, type HubFindings } from './hub-judge.js';
import { Listener, type Habit } from './hub-listeners.js';
import { WorkerProcess } from './worker-process.js';

export interface HubDrillOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Commands a second. */
  readonly rate: number;
  /** How long the dead listeners are dead. */
  readonly deadSeconds: number;
  /** Where the logs go. */
  readonly folder: string;
  readonly log: (line: string) => void;
}

export interface HubReport {
  readonly events: number;
  readonly kills: number;
  readonly listeners: readonly (HubFindings & { readonly name: string; readonly taken: number })[];
  readonly findings: readonly string[];
}

/** Twenty listeners of every kind. */
const HABITS: readonly Habit[] = (['fast', 'slow', 'random', 'dead', 'hanging', 'garbage'] as const).flatMap((habit, index) => Array.from({ length: [8, 2, 4, 2, 2, 2][index] ?? 0 }, () => habit));
const HUBS = 2;
const API = 'partyRoleManagement';
const PREFIX = 'hubdrill';
/** How long everything may take to arrive after the last command. */
const ARRIVE_MS = 180_000;

/**
 * Twenty listeners, two hubs of which one or the other is killed again and again, and a stream of commands: in the end each listener
 * must have taken every event of the log, those of a resource in order.
 */
export async function runHubDrill(options: HubDrillOptions): Promise<HubReport> {
  const { seed, folder, log } = options;
  const random = new Random(seed, 1);
  mkdirSync(folder, { recursive: true });
  const [mongo, rabbit] = await Promise.all([startMongo(), startRabbit()]);
  const storeUrl = new URL(mongo.url);
  storeUrl.pathname = `/${PREFIX}`;
  const settings = { BUS_URL: rabbit.url, STORE_URL: storeUrl.href, PREFIX, HUB_ALLOW: '127.0.0.1', HUB_TIMEOUT_MS: '500', HUB_RETRY_MAX_MS: '2000', LOG_LEVEL: 'info' };
  let started = 0;
  const start = (roles: string): Promise<WorkerProcess> => {
    started += 1;
    return new WorkerProcess({ main: 'worker-main', settings: { ...settings, ROLES: roles }, logFile: join(folder, `${started}-${roles}.log`) }).ready();
  };
  const service = await start('http,worker');
  const listeners: Listener[] = [];
  const hubs: WorkerProcess[] = [];
  try {
    for (const [number, habit] of HABITS.entries()) listeners.push(await Listener.start(`${habit}-${number}`, habit, new Random(seed, number + 2)));
    for (const { callback } of listeners) await register(service.address(), callback);
    for (let number = 0; number < HUBS; number += 1) hubs.push(await start('hub'));

    const kills = killing(hubs, () => start('hub'), random, options);
    const deaths = dying(listeners, options);
    await produce(rabbit.url, options);
    const killed = await kills;
    await deaths;
    log('the load has ended');
    const events = await logOf(settings);
    await Promise.all(
      listeners.map(({ name, received }) =>
        until(`${name} has everything`, () => taken(received) >= events.length, ARRIVE_MS).then(
          () => log(`${name} has everything`),
          () => log(`${name} has not got everything in time`),
        ),
      ),
    );
    return report(events, killed, listeners);
  } finally {
    await Promise.all([...hubs.map((hub) => hub.end('SIGKILL')), service.end('SIGKILL'), ...listeners.map((listener) => listener.down())]);
    await Promise.all([mongo.stop(), rabbit.stop()]);
  }
}

async function register(origin: string, callback: string): Promise<void> {
  const response = await fetch(`${origin}/tmf-api/${API}/v4/hub`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ callback, dialect: 'cloudevents-structured' }),
  });
  if (response.status !== 201) throw new Error(`hub: ${response.status} ${await response.text()}`);
}

/** Kills one of the hubs every few seconds, and starts another in its place. */
async function killing(hubs: WorkerProcess[], start: () => Promise<WorkerProcess>, random: Random, { seconds, log }: HubDrillOptions): Promise<number> {
  let kills = 0;
  for (const end = Date.now() + seconds * 1000; Date.now() < end || kills < 2; ) {
    await pause(1_500 + random.below(5_000));
    const number = random.below(hubs.length);
    await hubs[number]?.end('SIGKILL');
    kills += 1;
    log(`hub ${number} killed`);
    await pause(random.below(2_000));
    hubs[number] = await start();
  }
  return kills;
}

async function dying(listeners: readonly Listener[], { seconds, deadSeconds }: HubDrillOptions): Promise<void> {
  const mortal = listeners.filter(({ habit }) => habit === 'dead');
  await pause(Math.max(0, (seconds - deadSeconds) / 3) * 1000);
  for (const listener of mortal) await listener.down();
  await pause(deadSeconds * 1000);
  for (const listener of mortal) await listener.up();
}

/** Half creates, four tenths patches, one tenth deletes, a part of them each second. */
async function produce(url: string, { seconds, rate }: HubDrillOptions): Promise<void> {
  const roles = 200;
  await publishAmqp(url, PREFIX, feed('creates', roles, 0, 'base'));
  const commands = [...feed('mixed', seconds * rate, roles, 'drill')];
  for (let second = 0; second < seconds; second += 1) {
    const began = Date.now();
    await publishAmqp(url, PREFIX, commands.slice(second * rate, (second + 1) * rate));
    await pause(Math.max(0, 1000 - (Date.now() - began)));
  }
}

/** All events of the log, once nothing is pending any more. */
async function logOf(settings: Readonly<Record<string, string>>): Promise<Announced[]> {
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const store = await openStore(readConfig(settings), onFatal, pino({ level: 'silent' }), 'operate');
  await until('the database is there', () => store.status().up);
  let last = -1;
  await until('the log does not grow any more', async () => {
    const before = last;
    last = await store.lastPosition();
    await pause(2_000);
    return before === last && (await store.pending({ before: new Date(Date.now() + 1000), limit: 1 })).length === 0;
  }, 60_000);
  const events: Announced[] = [];
  for (let after = 0; ; ) {
    const page = await store.readLog(after, 20);
    const end = page.at(-1);
    if (!end) break;
    for (const { topic, content } of page.flatMap(({ entries }) => entries.flatMap((entry) => entry.events))) if (topic === 'events') events.push(JSON.parse(content) as Announced);
    after = end.position;
  }
  await store.close();
  return events;
}

function taken(received: Listener['received']): number {
  return new Set(received.filter((one) => one.taken).map(({ id }) => id)).size;
}

function report(events: readonly Announced[], kills: number, listeners: readonly Listener[]): HubReport {
  const judged = listeners.map(({ name, received }) => ({ name, taken: taken(received), ...judgeListener(events, received) }));
  const findings = judged.flatMap(({ name, lost, reordered, strange }) => [
    ...lost.map((text) => `${name}: lost ${text}`),
    ...reordered.map((text) => `${name}: reordered ${text}`),
    ...strange.map((text) => `${name}: strange ${text}`),
  ]);
  return { events: events.length, kills, listeners: judged, findings };
}
