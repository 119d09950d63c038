import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '../../src/bus/bus.js';
import { openMemoryBus } from '../../src/bus/memory-bus.js';
import { LogTail } from '../../src/hub/log-tail.js';
import type { JsonObject } from '../../src/json.js';
import { openMongoStore } from '../../src/store/mongo-store.js';
import type { RecordedEvent, Store } from '../../src/store/store.js';
import { append, appendMany, changed } from '../hub/append.js';
import { silent } from '../store/embedded-harness.js';
import { MongoHarness, whenUp } from '../store/mongo-harness.js';
import { asked } from '../support/embedded-service.js';
import { startWorker } from '../support/embedded-worker.js';
import { EventStreamClient } from '../support/event-stream.js';
import { definitionOf } from '../support/resources.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { until } from '../support/service.js';
import { ask, BASE_PATH, type Rest, startRest, tmfError } from './rest-fixture.js';

const WORKERS = 4;
const ROLES = 60;
const ROUNDS = 25;
const SLOW_MS = 120_000;
const POLL_MS = 20;

whenServers('the feed on MongoDB', ['mongo'], () => {
  let harness: MongoHarness;
  let database: string;
  let store: Store;
  let tail: LogTail;
  let rest: Rest;
  let feed: string;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(() => {
    harness = new MongoHarness(sharedUrl('mongo'));
  });
  beforeEach(async () => {
    database = `feed-${randomUUID().slice(0, 8)}`;
    store = await connect();
    // Little is kept for others, so that readers who come late read the database.
    tail = new LogTail({ store, pollMs: POLL_MS, maxBytes: 20_000, log: silent });
    rest = await startRest(() => ({ store, feed: { tail, maxStreams: 10 } }));
    feed = `${rest.origin}${BASE_PATH}/events`;
  });
  afterEach(async () => {
    await rest.close();
    await tail.close();
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(() => harness.remove());

  async function connect(): Promise<Store> {
    const { name, indexes } = definitionOf('partyRole');
    const onFatal = (error: unknown): void => {
      throw error;
    };
    const opened = await whenUp(await openMongoStore({ url: harness.urlOf(database), types: [{ name, indexes }], retentionMs: 3_600_000, queryTimeoutMs: 5_000, log: silent, onFatal }));
    closing.push(() => opened.close());
    return opened;
  }

  /** A worker with a connection and a bus of its own. */
  async function worker(): Promise<{ bus: Bus; close: () => Promise<void> }> {
    const bus = openMemoryBus({ log: silent });
    const running = startWorker({ bus, store: await connect(), incarnation: randomUUID().slice(0, 8), sweepAfterMs: 1_000, sweepEveryMs: 200, relayGraceMs: 0, log: silent });
    let isClosed = false;
    const close = async (): Promise<void> => {
      if (isClosed) return;
      isClosed = true;
      await running.close();
      await bus.close();
    };
    closing.push(close);
    return { bus, close };
  }

  /** The log as the database has it. */
  async function log(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let after = 0; ; ) {
      const commits = await store.readLog(after, 100);
      if (commits.length === 0) return events;
      events.push(...commits.flatMap(({ entries }) => entries).flatMap((entry) => entry.events));
      after = commits.at(-1)?.position ?? after;
    }
  }

  /** Reads pages of any size until it has all, and gives up many a request under way. */
  async function readPages(isLast: (cursor: string) => boolean): Promise<{ seen: JsonObject[]; givenUp: number }> {
    const seen: JsonObject[] = [];
    let givenUp = 0;
    for (let cursor = '0'; !isLast(cursor); ) {
      const patience = Math.random() < 0.3 ? Math.floor(Math.random() * 20) : 60_000;
      const url = `${feed}?after=${cursor}&limit=${1 + Math.floor(Math.random() * 40)}`;
      try {
        const { status, headers, body } = await ask(url, { headers: { Accept: 'application/cloudevents-batch+json' }, signal: AbortSignal.timeout(patience) });
        expect(status).toBe(200);
        seen.push(...(body as JsonObject[]));
        cursor = headers.get('x-next-cursor') ?? '';
        if ((body as JsonObject[]).length === 0) await pause(POLL_MS);
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        givenUp += 1;
      }
    }
    return { seen, givenUp };
  }

  /** Follows the stream until it has all, and breaks off again and again. */
  async function readStream(isLast: (cursor: string) => boolean): Promise<{ seen: JsonObject[]; connections: number }> {
    const seen: JsonObject[] = [];
    let [cursor, connections] = ['0', 0];
    while (!isLast(cursor)) {
      const client = await EventStreamClient.open(feed, cursor);
      expect(client.status).toBe(200);
      connections += 1;
      await Promise.race([pause(Math.random() * 150), client.closed]);
      await client.abort();
      seen.push(...(client.envelopes as JsonObject[]));
      cursor = client.parser.lastEventId;
    }
    return { seen, connections };
  }

  it('readers that break off at any time see each event once and in order, while four workers commit at once and one of them is closed', async () => {
    const workers = await Promise.all(Array.from({ length: WORKERS }, worker));
    let last = -1;
    // Commands that nobody waits for any more may still be applied, so there may be more.
    const isLast = (cursor: string): boolean => last >= 0 && (cursor === String(last) || Number.parseInt(cursor, 10) > last);
    const readers = Promise.all([readPages(isLast), readPages(isLast), readStream(isLast), readStream(isLast)]);

    const statuses: number[] = [];
    const one = async (role: string): Promise<void> => {
      for (let round = 0; round < ROUNDS; round += 1) {
        // Any worker, so that commits build on those of others.
        const { bus } = workers[Math.floor(Math.random() * (round > ROUNDS / 2 ? WORKERS - 1 : WORKERS))] ?? { bus: workers[0]?.bus as Bus };
        const command = round === 0 ? asked('create', role, { name: role }) : asked('patch', role, { description: `${round}`, ...(round % 5 === 0 ? { status: `s${round}` } : {}) });
        await bus.request(command, 20_000).then(({ status }) => statuses.push(status));
      }
    };
    const commanding = Promise.all(Array.from({ length: ROLES }, (_, index) => one(`role-${index}`)));
    const closingOne = until('half is done', () => statuses.length > (ROLES * ROUNDS) / 2).then(async () => {
      await pause(200);
      await workers.at(-1)?.close();
    });
    await Promise.allSettled([commanding, closingOne]);
    await until('everything is published', async () => (await store.pending({ before: new Date(Date.now() + 60_000), limit: 1 })).length === 0);
    const published = (await log()).length;
    last = await store.lastPosition();

    const [pages, otherPages, stream, otherStream] = await readers;
    const logged = (await log()).map(({ content }) => JSON.parse(content) as { id: string; subject: string; sequence: string });
    expect(logged.length).toBeGreaterThan(ROLES * ROUNDS * 0.5);
    const ids = logged.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { seen } of [pages, otherPages]) expect(seen).toEqual(logged.slice(0, seen.length));
    for (const { seen } of [stream, otherStream]) expect(seen.map(({ eventId }) => eventId)).toEqual(ids.slice(0, seen.length));
    for (const { seen } of [pages, otherPages, stream, otherStream]) expect(seen.length).toBeGreaterThanOrEqual(published);
    for (let index = 0; index < ROLES; index += 1) {
      const sequences = pages.seen.filter(({ subject }) => subject === `role-${index}`).map(({ sequence }) => Number(sequence));
      expect(sequences).toEqual(sequences.map((_, place) => place + 1));
    }
    expect(Math.min(pages.givenUp, otherPages.givenUp, stream.connections - 1, otherStream.connections - 1)).toBeGreaterThan(3);
  }, SLOW_MS);

  it('what the database has deleted is said', async () => {
    const commits = harness.client.db(database).collection('commits');
    await appendMany(store, 30);
    await commits.deleteMany({ position: { $lte: 25 } });
    expect(await ask(`${feed}?after=3`)).toMatchObject({ status: 410, body: tmfError(410, /go on with after=25$/) });
    const { headers, body } = await ask(`${feed}?limit=2`);
    expect([headers.get('x-next-cursor'), (body as unknown[]).length]).toEqual(['27', 2]);
    await commits.deleteMany({});
    expect((await ask(`${feed}?after=3`)).status).toBe(410);
  });

  it('what the database deletes before a stream has read it is said to the stream', async () => {
    // Slow enough that the test is there first.
    const slow = new LogTail({ store, pollMs: 1_500, maxBytes: 20_000, log: silent });
    const other = await startRest(() => ({ store, feed: { tail: slow, maxStreams: 1 } }));
    closing.push(() => other.close(), () => slow.close());
    await appendMany(store, 3);
    const stream = await EventStreamClient.open(`${other.origin}${BASE_PATH}/events`);
    await until('it waits', () => stream.parser.lastEventId === '3');
    await append(store, [changed('a')], [changed('b')]);
    await harness.client.db(database).collection('commits').deleteMany({ position: 4 });
    await stream.closed;
    expect([stream.response.complete, stream.events.map(({ type }) => type), stream.envelopes]).toEqual([true, ['error'], [tmfError(410, /go on with after=4$/)]]);
    const again = await EventStreamClient.open(`${other.origin}${BASE_PATH}/events`, '4');
    await again.has(1);
    expect(again.events.map(({ id }) => id)).toEqual(['5']);
    await again.abort();
  });
});
