import { setTimeout as pause } from 'node:timers/promises';
import type { MongoSet } from '../support/mongo-set.js';
import type { Server } from '../support/server.js';
import { pick, shuffled, type Deck, type Random } from './deck.js';
import type { Fleet, Slot } from './fleet.js';
import type { Point } from './kill-points.js';

/** What can be done to the parts of a running service; `replace` goes on all the time, beside the others. */
export const kinds = ['worker', 'points', 'broker', 'freeze', 'mongo', 'stepdown', 'lag', 'proxy', 'replace'] as const;

export type Kind = (typeof kinds)[number];

/** Only a replica set of three members can be harmed so. */
export const SET_KINDS: ReadonlySet<Kind> = new Set<Kind>(['stepdown', 'lag']);

/** What there is to harm. */
export interface Field {
  readonly fleet: Fleet;
  /** The slots that are not being replaced all the time. */
  readonly steady: readonly Slot[];
  readonly broker: Server;
  /** The one server, or three. */
  readonly database: Server | MongoSet;
  readonly freezeMs: number;
  readonly points: Deck<Point>;
  readonly random: Random;
  readonly log: (line: string) => void;
}

/** Does it, takes it back, and tells what it was, in a few words to be counted. */
type Harm = (field: Field) => Promise<string>;

const POINT_MS = 15_000;
const MOST_COMMITS = 12;
const LONGEST_DOWN_MS = 2_000;
const LONGEST_CUT_MS = 8_000;
const LAG_MS = 700;

export const harms: Readonly<Record<Exclude<Kind, 'replace'>, Harm>> = {
  worker: async ({ fleet, steady, random }) => {
    const most = 1 + Math.floor(random() * steady.length);
    const struck = shuffled(steady, random).slice(0, random() < 0.7 ? 1 : most);
    await Promise.all(struck.map((slot) => fleet.replace(slot, 'SIGKILL')));
    return struck.length === 1 ? 'worker killed' : 'several workers killed at once';
  },

  points: async ({ fleet, points, random, log }) => {
    const point = points.draw();
    const count = 1 + Math.floor(random() * MOST_COMMITS);
    log(`point ${point}, time ${count}`);
    const died = await fleet.killAt({ point, count }, POINT_MS);
    if (!died) return `point ${point} not reached`;
    fleet.revive(died);
    return `worker killed ${point}`;
  },

  broker: async ({ broker, random }) => {
    await broker.kill('SIGKILL');
    await pause(random() * LONGEST_DOWN_MS);
    await broker.restart();
    return 'broker killed';
  },

  freeze: async ({ broker, database, steady, freezeMs, random, log }) => {
    const server = 'primary' in database ? await database.primary() : database;
    const freezable = { broker, database: server, worker: undefined };
    const name = pick(['broker', 'broker', 'worker', 'database'] as const, random);
    log(`freezing ${name}`);
    if (name === 'worker') {
      const { worker } = pick(steady, random);
      worker.signal('SIGSTOP');
      await pause(freezeMs);
      worker.signal('SIGCONT');
    } else {
      await freezable[name].kill('SIGSTOP');
      await pause(freezeMs);
      await freezable[name].kill('SIGCONT');
    }
    return `${name} frozen`;
  },

  mongo: async ({ database, random }) => {
    const server = 'primary' in database ? await database.primary() : database;
    await server.kill('SIGKILL');
    await pause(random() * LONGEST_DOWN_MS);
    await server.restart();
    return 'database killed';
  },

  stepdown: async ({ database }) => {
    await setOf(database).stepDown(5);
    return 'primary stepped down';
  },

  lag: async ({ database, random }) => {
    const set = setOf(database);
    const primary = await set.primary();
    await set.holdReplication(primary);
    await pause(random() * LAG_MS);
    await primary.kill('SIGKILL');
    await set.releaseReplication();
    await pause(1_000 + random() * 4_000);
    // What only it had is rolled back.
    await primary.restart();
    return 'primary lost with replication lagging';
  },

  proxy: async ({ steady, random, log }) => {
    const struck = random() < 0.5 ? [pick(steady, random)] : steady;
    const [toBus, toStore] = pick([[true, false], [false, true], [true, true]] as const, random);
    const way = pick(['refuse', 'hang', 'reset'] as const, random);
    const proxies = struck.flatMap(({ network: [bus, store] }) => [...(toBus && bus ? [bus] : []), ...(toStore && store ? [store] : [])]);
    log(`${way}: ${struck.length} workers, ${toBus ? 'broker ' : ''}${toStore ? 'database' : ''}`);
    await Promise.all(proxies.map((proxy) => proxy[way]()));
    await pause(random() * LONGEST_CUT_MS);
    await Promise.all(proxies.map((proxy) => proxy.heal()));
    return `network: ${way}`;
  },
};

function setOf(database: Server | MongoSet): MongoSet {
  if ('primary' in database) return database;
  throw new Error('this needs a replica set of three members');
}
