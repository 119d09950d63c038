import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import type { Bus } from '../src/bus/bus.js';
import { openMemoryBus } from '../src/bus/memory-bus.js';
import type { DeletionMode } from '../src/handlers/references.js';
import type { JsonObject } from '../src/json.js';
import type { OutgoingCommand } from '../src/message.js';
import { openEmbeddedStore } from '../src/store/embedded-store.js';
import { openMongoStore } from '../src/store/mongo-store.js';
import type { Store } from '../src/store/store.js';
import { whenUp } from './store/mongo-harness.js';
import { startWorker } from './support/embedded-worker.js';
import { faulty } from './support/faults.js';
import { definitionOf, referencesOf, representation } from './support/resources.js';
import { sharedUrl, whenServers } from './support/servers.js';

/** How long each of the properties is tried. */
const TRIAL_MS = 3_000;
const PARTIES = 12;

const log = pino({ level: 'silent' });
const definitions = ['partyRole', 'individual'].map(definitionOf);
const PARTY = { givenName: 'Ann', familyName: 'Lee' };

function asked(resource: string, action: string, subject: string, data?: JsonObject): OutgoingCommand {
  const contentType = action === 'patch' ? 'application/merge-patch+json' : 'application/json';
  return {
    resource,
    key: subject,
    attributes: { specversion: '1.0', id: randomUUID(), source: '/test', type: `org.tmforum.${resource}.${action}`, subject },
    ...(data ? { contentType } : {}),
    body: Buffer.from(data ? JSON.stringify(data) : ''),
  };
}

/** A database as two workers see it, each with a connection of its own where that is possible. */
type Open = () => Promise<{ readonly stores: readonly [Store, Store]; close(): Promise<void> }>;

/** What two workers make of a resource that is deleted by one of them while it is referred to by the other. */
function property(open: Open): void {
  let opened: Awaited<ReturnType<Open>>;
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await opened.close();
  });

  /** A worker on a bus of its own, so that nothing puts its commands in order with the other's. */
  function worker(store: Store, onDelete: DeletionMode): Bus {
    const bus = openMemoryBus({ log });
    const dawdle = async <T>(call: () => Promise<T>): Promise<T> => {
      await pause(Math.random() * 6);
      const result = await call();
      await pause(Math.random() * 6);
      return result;
    };
    const slow = faulty(store, { referrers: (real, ...args) => dawdle(() => real(...args)), load: (real, ...args) => dawdle(() => real(...args)) });
    const references = referencesOf('strict', onDelete, definitions);
    const pace = { sweepAfterMs: 60_000, sweepEveryMs: 60_000, relayGraceMs: 1000 };
    const running = startWorker({ bus, store: slow, incarnation: randomUUID().slice(0, 8), ...pace, log, definitions, references, representation, notifications: { source: '/test' } });
    closing.push(async () => {
      await running.close();
      await bus.close();
    });
    return bus;
  }

  const status = async (bus: Bus, command: OutgoingCommand): Promise<number> => (await bus.request(command, 20_000)).status;

  it.each<DeletionMode>(['refuse', 'detach'])('nothing ever refers to what is gone: %s', async (onDelete) => {
    const [one, other] = opened.stores.map((store) => worker(store, onDelete)) as [Bus, Bus];
    const all = Array.from({ length: PARTIES }, (_, index) => index);
    const seen = new Map<string, number>();
    const deadline = Date.now() + TRIAL_MS;
    for (let round = 0; Date.now() < deadline; round += 1) {
      const [party, role] = [(index: number) => `p${round}-${index}`, (index: number) => `r${round}-${index}`];
      await Promise.all(all.map((index) => status(one, asked('individual', 'create', party(index), PARTY))));
      const outcomes = await Promise.all(
        all.map(async (index) => {
          const refer = pause(Math.random() * 25).then(() => status(one, asked('partyRole', 'create', role(index), { name: 'R', engagedParty: { id: party(index) } })));
          // A change of what is referred to, in the same batch as its deletion or in the one before.
          const change = pause(Math.random() * 25).then(() => status(other, asked('individual', 'patch', party(index), { title: String(round) })));
          const remove = pause(Math.random() * 25).then(() => status(other, asked('individual', 'delete', party(index))));
          return Promise.all([refer, remove, change]);
        }),
      );
      for (const [created, deleted] of outcomes) seen.set(`${created} ${deleted}`, (seen.get(`${created} ${deleted}`) ?? 0) + 1);
      const [store] = opened.stores;
      const [parties, roles] = await Promise.all([store.load('individual', all.map(party)), store.load('partyRole', all.map(role))]);
      const dangling = [...roles.values()].filter(({ resource, deleted }) => {
        const { id } = (resource['engagedParty'] ?? {}) as { id?: string };
        return !deleted && id !== undefined && parties.get(id)?.deleted !== false;
      });
      expect(dangling).toEqual([]);
    }
    // Whoever was first, a refusal is never the answer to both.
    const possible = onDelete === 'refuse' ? ['201 409', '409 204'] : ['201 204', '409 204'];
    expect(possible).toEqual(expect.arrayContaining([...seen.keys()]));
  }, 60_000);
}

describe('on the embedded store, with two workers in one process', () => {
  property(async () => {
    const store = await openEmbeddedStore({ path: undefined, retentionMs: 60_000, log });
    return { stores: [store, store], close: () => store.close() };
  });
});

whenServers('on MongoDB, with two workers', ['mongo'], () => {
  let databases = 0;
  property(async () => {
    const url = new URL(sharedUrl('mongo'));
    url.pathname = `/dangling-${process.pid}-${(databases += 1)}`;
    const types = definitions.map(({ name, indexes }) => ({ name, indexes }));
    const connect = async (): Promise<Store> => whenUp(await openMongoStore({ url: url.href, types, retentionMs: 60_000, queryTimeoutMs: 5_000, log, onFatal: (error) => { throw error; } }));
    const stores: [Store, Store] = [await connect(), await connect()];
    return { stores, close: async () => void (await Promise.all(stores.map((store) => store.close()))) };
  });
});
