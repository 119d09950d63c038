import type { Document } from 'mongodb';
import { PermanentStoreError, StartError } from '../../src/errors.js';
import type { JsonObject } from '../../src/json.js';
import { openMongoStore } from '../../src/store/mongo-store.js';
import type { Store } from '../../src/store/store.js';
import { storeContract, type StoreHarness } from '../contract/store.contract.js';
import { newSubscription } from '../contract/hub-fixtures.js';
import { announcing, batch, change, creation, deletion, entry, event, parkedMessage, query, TYPE } from '../contract/store-fixtures.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { silent } from './embedded-harness.js';
import { MongoHarness, openUntilUp } from './mongo-harness.js';

whenServers('MongoDB store', ['mongo'], () => {
  let harness: MongoHarness;
  beforeAll(() => {
    harness = new MongoHarness(sharedUrl('mongo'));
  });
  afterAll(() => harness.remove());

  const later: StoreHarness = {
    open: (database) => harness.open(database),
    contents: (database) => harness.contents(database),
    makeNewer: (database) => harness.makeNewer(database),
  };
  storeContract(later);

  describe('with several workers', () => {
    const database = `workers-${process.pid}`;
    let workers: Store[];

    beforeEach(async () => {
      workers = await Promise.all([1, 2, 3].map(() => harness.open(database)));
    });
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await harness.client.db(database).dropDatabase();
    });

    const all = <T>(act: (worker: Store, i: number) => Promise<T>): Promise<T[]> => Promise.all(workers.map(act));

    it('lets one of the commits with the same command through', async () => {
      for (let round = 0; round < 20; round += 1) {
        const results = await all((worker, i) => worker.commit(batch({ writes: [creation(`${round}-${i}`)], entries: [entry(`c${round}`, [event('e')])] })));
        expect(results.filter((result) => result === 'committed')).toHaveLength(1);
      }
      expect((await workers[0]?.find(TYPE, query()))?.total).toBe(20);
    });

    it('lets one of the changes of a resource through', async () => {
      await workers[0]?.commit(batch({ writes: [creation('1')] }));
      for (let revision = 1; revision <= 20; revision += 1) {
        const results = await all((worker) => worker.commit(batch({ writes: [change('1', revision)] })));
        expect(results.filter((result) => result === 'committed')).toHaveLength(1);
      }
      expect((await workers[0]?.load(TYPE, ['1']))?.get('1')?.revision).toBe(21);
    });

    it('lets no two commits rely on what the other one changes', async () => {
      let committed = 0;
      for (let round = 0; round < 20; round += 1) {
        const [a, b] = [`a${round}`, `b${round}`];
        await workers[0]?.commit(batch({ writes: [creation(a), creation(b)] }));
        const results = await Promise.all([
          workers[0]?.commit(batch({ writes: [change(a, 1)], guards: [{ type: TYPE, id: b, revision: 1 }] })),
          workers[1]?.commit(batch({ writes: [change(b, 1)], guards: [{ type: TYPE, id: a, revision: 1 }] })),
        ]);
        const through = results.filter((result) => result === 'committed').length;
        expect(through).toBeLessThanOrEqual(1);
        committed += through;
      }
      expect(committed).toBeGreaterThan(0);
    });

    it('gives positions without gaps', async () => {
      const commits = Array.from({ length: 30 }, () => announcing());
      for (const commit of commits) await workers[0]?.commit(commit);
      const ids = commits.map(({ id }) => id);
      await all((worker, i) => worker.markPublished(ids.slice(i * 5, i * 5 + 20)));
      const log = (await workers[0]?.readLog(0, 100)) ?? [];
      expect(log.map(({ position }) => position)).toEqual(ids.map((_, i) => i + 1));
      expect(log.map(({ id }) => id).sort()).toEqual([...ids].sort());
    });

    it('records one retry and any number of notes', async () => {
      await workers[0]?.commit(batch({ parked: [parkedMessage('p')] }));
      for (let number = 0; number < 10; number += 1) {
        const retries = await all((worker, i) => worker.recordRetry('p', number, { at: new Date(), command: `${number}-${i}`, edited: false }));
        expect(retries.filter((recorded) => recorded)).toHaveLength(1);
        await all((worker, i) => worker.writeNotes([`m${number}`, 'm'], i === 0 ? 'alone' : 'together'));
      }
      expect((await workers[0]?.parked({}, 1))?.[0]?.retries).toHaveLength(10);
      expect((await workers[0]?.notes(['m', 'm0', 'm9']))?.size).toBe(3);
    });

    it('keeps what a hub held for it, though its process has ended', async () => {
      await workers[0]?.hub.register(newSubscription('s'));
      expect((await workers[0]?.hub.claim('ended', 60_000))?.held).toHaveLength(1);
      await workers[0]?.close();
      expect((await workers[1]?.hub.claim('other', 60_000))?.held).toEqual([]);
      expect((await workers[1]?.hub.claim('ended', 60_000))?.held).toHaveLength(1);
    });

    it('shares subscriptions, each of them held by one hub', async () => {
      const ids = Array.from({ length: 90 }, (_, i) => `s${i}`);
      await all(({ hub }) => Promise.all(ids.map((id) => hub.register(newSubscription(id)))));
      for (let round = 0; round < 12; round += 1) {
        // In every fourth round the hubs are new: what those before held is free for whoever comes first.
        const hubOf = (i: number): string => `h${i}-${Math.floor(round / 4)}`;
        const claims = await all(async ({ hub }, i) => hub.claim(hubOf(i), 60_000));
        const held = claims.flatMap((claim) => claim.held.map(({ id }) => id));
        expect(held).toHaveLength(new Set(held).size);
        await all(async ({ hub }, i) => hub.release(hubOf(i), claims[i]?.held.slice(claims[i]?.share).map(({ id }) => id) ?? []));
        if (round % 4 < 3) continue;
        expect(claims.map((claim) => claim.held.length)).toEqual([30, 30, 30]);
        await all(async ({ hub }, i) => hub.leaveHub(hubOf(i)));
      }
    });

    it('records one setting and gives one lease', async () => {
      expect(new Set(await all((worker, i) => worker.recordSetting('lanes', String(i)))).size).toBe(1);
      expect((await all((worker, i) => worker.takeLease('lane', `w${i}`, 60_000))).filter((taken) => taken)).toHaveLength(1);
    });
  });

  describe('in the database', () => {
    const database = `inside-${process.pid}`;
    let store: Store;
    beforeAll(async () => {
      store = await harness.open(database);
    });
    afterAll(() => store.close());

    const deep = (levels: number): JsonObject => (levels === 0 ? {} : { a: deep(levels - 1) });

    it.each([
      ['larger than a document may be', (): JsonObject => ({ text: 'x'.repeat(17 * 1024 * 1024) })],
      ['larger than a message may be', (): JsonObject => ({ text: 'x'.repeat(49 * 1024 * 1024) })],
      ['nested deeper than a document may be', (): JsonObject => deep(400)],
    ])('a resource %s is refused for good, and nothing of its commit is kept', async (_, resource) => {
      await expect(store.commit(batch({ writes: [creation('small'), { ...creation('bad'), resource: resource() }], entries: [entry('c')] }))).rejects.toThrow(PermanentStoreError);
      expect((await store.load(TYPE, ['small', 'bad'])).size).toBe(0);
      expect((await store.receipts(['c'])).size).toBe(0);
    });

    it('is left as it is by a tool, which may know another retention', async () => {
      const [found, empty] = [`${database}-found`, `${database}-empty`];
      await (await openUntilUp(harness.urlOf(found), 7_200_000)).close();
      const shape = async (name: string): Promise<string> => {
        const collections = (await harness.client.db(name).collections()).sort((a, b) => (a.collectionName < b.collectionName ? -1 : 1));
        return JSON.stringify(await Promise.all(collections.map(async (one) => [one.collectionName, await one.indexes(), await one.find().toArray()])));
      };
      const before = await shape(found);
      for (const name of [found, empty]) await (await openUntilUp(harness.urlOf(name), 60_000, true)).close();
      expect(await shape(found)).toBe(before);
      expect(await shape(empty)).toBe('[]');
    });

    it('has commits and tombstones expire, and follows a changed retention', async () => {
      await (await openUntilUp(harness.urlOf(database), 7_200_000)).close();
      const expiry = async (collection: string): Promise<Document[]> => {
        const indexes = await harness.client.db(database).collection(collection).indexes();
        return indexes.filter(({ expireAfterSeconds }) => expireAfterSeconds !== undefined).map(({ key, expireAfterSeconds }) => ({ key, expireAfterSeconds }));
      };
      expect(await expiry('commits')).toEqual([{ key: { publishedAt: 1 }, expireAfterSeconds: 7200 }]);
      expect(await expiry('parked')).toEqual([{ key: { retriedAt: 1 }, expireAfterSeconds: 7200 }]);
      expect(await expiry('parkedDeliveries')).toEqual([{ key: { at: 1 }, expireAfterSeconds: 7200 }]);
      expect(await expiry('subscriptions')).toEqual([]);
      expect(await expiry('notes')).toEqual([{ key: { at: 1 }, expireAfterSeconds: 86_400 }]);
      expect(await expiry(TYPE)).toEqual([{ key: { expires: 1 }, expireAfterSeconds: 0 }]);
    });

    it('keeps the indexes of an earlier version, with the time of now', async () => {
      const earlier = `${database}-earlier`;
      const commits = harness.client.db(earlier).collection('commits');
      await commits.createIndex({ publishedAt: 1 }, { expireAfterSeconds: 1 });
      await (await openUntilUp(harness.urlOf(earlier), 7_200_000)).close();
      expect(await commits.indexes()).toContainEqual(expect.objectContaining({ key: { publishedAt: 1 }, expireAfterSeconds: 7200 }));
    });

    it('has an expiry on tombstones and published commits alone', async () => {
      const expires = new Date(Date.now() + 3_600_000);
      await store.commit(batch({ writes: [creation('t'), creation('u')] }));
      await store.commit(batch({ writes: [deletion('t', 1, expires)] }));
      await store.commit(batch({ writes: [change('t', 2)] }));
      await store.commit(batch({ writes: [deletion('u', 1, expires)] }));
      const db = harness.client.db(database);
      expect(await db.collection(TYPE).distinct('_id', { expires: { $exists: true } })).toEqual(['u']);
      expect(await db.collection('commits').countDocuments({ pending: true, publishedAt: { $exists: true } })).toBe(0);
      expect(await db.collection('commits').countDocuments({ pending: { $exists: false }, publishedAt: { $not: { $type: 'date' } } })).toBe(0);
    });

    it('reads what was written before there were retries and the way back', async () => {
      const parked = parkedMessage('before', { error: 'before' });
      const commit = batch({ writes: [creation('before')], entries: [entry('before')], parked: [parked] });
      await store.commit(commit);
      const db = harness.client.db(database);
      await db.collection('parked').updateOne({ error: 'before' }, { $unset: { attributes: '' } });
      expect(await db.collection('commits').countDocuments({ commands: 'before', previous: { $exists: false } })).toBe(1);
      expect(await store.parked({ ids: ['before'], state: 'waiting' }, 1)).toEqual([parked]);
      expect(await store.readCommit(commit.id)).toEqual({ id: commit.id, at: commit.at, entries: commit.entries, previous: new Map() });
    });

    it('uses the database partyrole when the URL names none', async () => {
      const url = new URL(harness.urlOf(`partyrole`));
      url.pathname = '/';
      await (await openUntilUp(url.href)).close();
      expect(await harness.client.db('partyrole').collection('meta').countDocuments()).toBe(1);
    });

    it('refuses a URL that is none', async () => {
      const options = { types: [], retentionMs: 1, queryTimeoutMs: 1, log: silent, onFatal: (): void => undefined };
      await expect(openMongoStore({ ...options, url: 'mongodb://' })).rejects.toThrow(StartError);
    });
  });
});
