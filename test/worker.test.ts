import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Bus } from '../src/bus/bus.js';
import { MemoryBroker } from '../src/bus/memory-broker.js';
import { openMemoryBus } from '../src/bus/memory-bus.js';
import { PermanentStoreError } from '../src/errors.js';
import type { Json } from '../src/json.js';
import type { OutgoingCommand, OutgoingEvent, Reply } from '../src/message.js';
import { openEmbeddedStore } from '../src/store/embedded-store.js';
import type { Commit, Store } from '../src/store/store.js';
import type { Worker } from '../src/worker.js';
import { startWorker } from './support/embedded-worker.js';
import { faulty } from './support/faults.js';
import { until } from './support/service.js';

const log = pino({ level: 'silent' });

let store: Store;
let broker: MemoryBroker;
let published: OutgoingEvent[];
const running: (() => Promise<void>)[] = [];

beforeEach(async () => {
  store = await openEmbeddedStore({ path: undefined, retentionMs: 60_000, log });
  broker = new MemoryBroker();
  published = [];
  broker.subscribe((event) => published.push(event));
});

afterEach(async () => {
  for (const close of running.splice(0).reverse()) await close();
  await store.close();
});

interface Started {
  readonly worker: Worker;
  readonly bus: Bus;
  close(): Promise<void>;
}

/** A worker with its relay on the shared store and broker, each port possibly wrapped. */
function start(options: { incarnation?: string; store?: Store; bus?: (bus: Bus) => Bus; sweepAfterMs?: number; relayGraceMs?: number; maxMessages?: number } = {}): Started {
  const { incarnation = 'here', sweepAfterMs = 60_000 } = options;
  const real = openMemoryBus({ broker, log });
  const bus = options.bus?.(real) ?? real;
  const started = startWorker({ bus, store: options.store ?? store, incarnation, sweepAfterMs, sweepEveryMs: 20, relayGraceMs: options.relayGraceMs ?? 1000, log, ...(options.maxMessages === undefined ? {} : { maxMessages: options.maxMessages }) });
  const close = async (): Promise<void> => {
    await started.close();
    await bus.close();
  };
  running.push(close);
  return { worker: started.worker, bus: real, close };
}

function asked(action: string, subject: string, data: Json, id: string = randomUUID()): OutgoingCommand {
  return {
    resource: 'partyRole',
    key: subject,
    attributes: { specversion: '1.0', id, source: '/test', type: `org.tmforum.partyRole.${action}`, subject },
    contentType: action === 'patch' ? 'application/merge-patch+json' : 'application/json',
    body: Buffer.from(JSON.stringify(data)),
  };
}

const announced = (subject: string): string[] =>
  published.map((event) => JSON.parse(event.content) as { subject: string; sequence: string; type: string }).filter((event) => event.subject === subject).map((event) => `${Number(event.sequence)} ${event.type.replace('org.tmforum.partyRole.PartyRole', '')}`);

const revisionOf = async (id: string): Promise<number | undefined> => (await store.load('partyRole', [id])).get(id)?.revision;
const pendingCommits = (): Promise<unknown[]> => store.pending({ before: new Date(Date.now() + 1000), limit: 100 });

it('applies, answers, announces and marks', async () => {
  const { bus, worker } = start();
  await until('the worker is ready', () => worker.status().up);
  expect(await bus.request(asked('create', 'r1', { name: 'a' }), 5000)).toMatchObject({ status: 201, body: { id: 'r1' } });
  expect(await bus.request(asked('patch', 'r1', { status: 'x' }), 5000)).toMatchObject({ status: 200 });
  await until('everything is marked', async () => (await pendingCommits()).length === 0);
  expect(announced('r1')).toEqual(['1 CreateEvent', '2 StateChangeEvent']);
  expect((await store.readLog(0, 10)).map((commit) => commit.position)).toEqual([1, 2]);
});

it('commits what arrived meanwhile as one batch', async () => {
  const commits: Commit[] = [];
  const { bus } = start({
    store: faulty(store, {
      commit: (real, commit) => {
        commits.push(commit);
        return real(commit);
      },
    }),
  });
  await Promise.all(Array.from({ length: 60 }, (_, index) => bus.request(asked('patch', 'gone', { n: index }), 5000)));
  expect(commits.length).toBeLessThan(10);
  expect(commits.flatMap((commit) => commit.entries)).toHaveLength(60);
});

it('answers a large batch as the first time where its commands, or what they create, came before', async () => {
  const COUNT = 300;
  const creates = Array.from({ length: COUNT }, (_, number) => asked('create', `r${number}`, { name: `role ${number}` }));
  let reads = 0;
  const { bus } = start({
    maxMessages: COUNT,
    store: faulty(store, {
      receipts: (real, commands) => {
        reads += commands.length;
        return real(commands);
      },
    }),
  });
  const request = (command: OutgoingCommand): Promise<Reply> => bus.request(command, 20_000);
  const first = await Promise.all(creates.map(request));
  expect(first.map(({ status }) => status)).toEqual(creates.map(() => 201));
  expect(reads).toBeLessThan(COUNT);
  // The same commands, others that create the same, and new ones, all mixed.
  const others = creates.map((_, number) => asked('create', `r${number}`, { name: 'other' }));
  const fresh = creates.map((_, number) => asked('create', `fresh${number}`, { name: 'new' }));
  const again = await Promise.all(creates.flatMap((command, number) => [command, others[number], fresh[number]].flatMap((one) => one ?? [])).map(request));
  expect(again.filter((_, index) => index % 3 === 0)).toEqual(first.map(({ headers, ...reply }) => ({ ...reply, headers: { ...headers, 'Idempotent-Replayed': 'true' } })));
  expect(again.map(({ status }) => status)).toEqual(creates.flatMap(() => [201, 409, 201]));
  await until('everything is marked', async () => (await pendingCommits()).length === 0);
  expect(published).toHaveLength(2 * COUNT);
  expect(new Set(published.map(({ id }) => id)).size).toBe(2 * COUNT);
});

it('decides again after a conflict', async () => {
  let conflicts = 3;
  const { bus } = start({ store: faulty(store, { commit: (real, commit) => (conflicts-- > 0 ? Promise.resolve('conflict') : real(commit)) }) });
  expect((await bus.request(asked('create', 'r1', { name: 'a' }), 5000)).status).toBe(201);
  expect(conflicts).toBe(-1);
});

it.each(['as decided', 'not as decided', 'of which nobody knows'])('decides a batch while the one before it is committed, and anew unless that one goes as decided: here %s', async (how) => {
  const ROLES = 3;
  const PATCHES = 240;
  let committing = false;
  let readMeanwhile = 0;
  let troubles = 0;
  const { bus } = start({
    store: faulty(store, {
      receipts: (real, commands) => {
        if (committing) readMeanwhile += 1;
        return real(commands);
      },
      commit: async (real, commit) => {
        committing = true;
        // Time for the next batch to be decided.
        await new Promise((resolve) => setTimeout(resolve, 50));
        const isTrouble = how !== 'as decided' && commit.entries.length > 20 && troubles++ % 2 === 0;
        if (isTrouble && how === 'not as decided') {
          const [write] = commit.writes;
          const current = write && (await store.load('partyRole', [write.id])).get(write.id);
          // Another worker changes one of the roles, with an event that is published elsewhere.
          if (current) await store.commit({ id: `other-${String(troubles).padStart(12, '0')}`, at: new Date(), guards: [], parked: [], entries: [], writes: [{ type: 'partyRole', ...current, expected: current.revision, previous: current.commit, revision: current.revision + 1 }] });
        }
        const result = await real(commit);
        committing = false;
        if (isTrouble && how === 'of which nobody knows') throw new Error('connection lost');
        return result;
      },
    }),
  });
  for (let role = 0; role < ROLES; role += 1) {
    const create = asked('create', `r${role}`, { name: 'a' });
    // Where something came twice, receipts are read.
    for (let time = 0; time < 2; time += 1) await bus.request(create, 5000);
  }
  const replies = await Promise.all(Array.from({ length: PATCHES }, (_, number) => bus.request(asked('patch', `r${number % ROLES}`, { name: `name ${number}` }), 20_000)));
  expect(readMeanwhile).toBeGreaterThan(0);
  expect(troubles > 0).toBe(how !== 'as decided');
  for (let role = 0; role < ROLES; role += 1) {
    const revisions = replies.filter((_, number) => number % ROLES === role).map(({ headers }) => Number(headers['ETag']?.slice(1, -1)));
    expect(revisions).toEqual([...revisions].sort((one, other) => one - other));
    expect(new Set(revisions).size).toBe(PATCHES / ROLES);
    await until('everything is announced', () => announced(`r${role}`).length === 1 + PATCHES / ROLES);
    expect(announced(`r${role}`).map((text) => Number(text.split(' ')[0]))).toEqual([1, ...revisions]);
    if (how !== 'not as decided') expect(revisions).toEqual(Array.from({ length: PATCHES / ROLES }, (_, number) => number + 2));
  }
});

it('holds while the database is away: nothing is lost, nothing is reordered', async () => {
  let away = true;
  const { bus, worker } = start({ store: faulty(store, { commit: (real, commit) => (away ? Promise.reject(new Error('no primary')) : real(commit)) }) });
  const replies = [asked('create', 'r1', { name: 'a' }), asked('patch', 'r1', { name: 'b' }), asked('patch', 'r1', { name: 'c' })].map((command) => bus.request(command, 20_000));
  await until('the worker says that it holds', () => JSON.stringify(worker.status()) === JSON.stringify({ up: false, why: 'commit: no primary' }));
  away = false;
  expect((await Promise.all(replies)).map((reply) => reply.headers['ETag'])).toEqual(['"1"', '"2"', '"3"']);
  expect(worker.status()).toEqual({ up: true });
});

it('announces a commit of which the database never said that it happened, once and before what builds on it', async () => {
  let first = true;
  const { bus } = start({
    store: faulty(store, {
      commit: async (real, commit) => {
        const result = await real(commit);
        if (first) {
          first = false;
          throw new Error('connection lost');
        }
        return result;
      },
    }),
  });
  expect((await bus.request(asked('create', 'r1', { name: 'a' }), 5000)).status).toBe(201);
  expect((await bus.request(asked('patch', 'r1', { name: 'b' }), 5000)).headers['ETag']).toBe('"2"');
  await until('everything is marked', async () => (await pendingCommits()).length === 0);
  expect(announced('r1')).toEqual(['1 CreateEvent', '2 AttributeValueChangeEvent']);
});

it('announces a commit in its order also when it shows late, after the next batch was decided on it', async () => {
  const PATCHES = 100;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  let late: Promise<unknown> | undefined;
  const { bus } = start({
    store: faulty(store, {
      receipts: async (real, commands) => {
        // The next batch is decided only after the worker has heard that nobody knows.
        if (late !== undefined) await wait(150);
        return real(commands);
      },
      commit: async (real, commit) => {
        if (late === undefined && commit.entries.length > 20) {
          late = wait(500).then(() => real(commit));
          await wait(20);
          throw new Error('connection lost');
        }
        await late;
        return real(commit);
      },
    }),
  });
  await bus.request(asked('create', 'r1', { name: 'a' }), 5000);
  await Promise.all(Array.from({ length: PATCHES }, (_, number) => bus.request(asked('patch', 'r1', { name: `name ${number}` }), 20_000)));
  expect(late).toBeDefined();
  await until('everything is announced', () => announced('r1').length === 1 + PATCHES);
  expect(announced('r1').map((text) => Number(text.split(' ')[0]))).toEqual(Array.from({ length: 1 + PATCHES }, (_, number) => number + 1));
});

it('cuts a batch until the one command that the database refuses stands alone, and parks it', async () => {
  const refuses = (commit: Commit): boolean => commit.writes.some((write) => write.resource['name'] === 'poison');
  const { bus } = start({ store: faulty(store, { commit: (real, commit) => (refuses(commit) ? Promise.reject(new PermanentStoreError('too large')) : real(commit)) }) });
  const names = ['a', 'b', 'poison', 'c', 'd'];
  await Promise.all(names.map((name) => bus.send(asked('create', name, { name }))));
  await until('the poison is parked', async () => (await store.parked({}, 10)).length > 0);
  expect(await store.parked({}, 10)).toMatchObject([{ reason: 'rejected', subject: 'poison', error: expect.stringContaining('too large') as string }]);
  expect((await bus.request(asked('create', 'poison', { name: 'poison' }), 5000)).status).toBe(422);
  const stored = await store.load('partyRole', names);
  expect([...stored.keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
});

it('publishes a resource’s events one after the other, however long one takes', async () => {
  let failures = 5;
  const { bus } = start({ bus: (bus) => faulty(bus, { publish: (real, event) => (event.key.endsWith('CreateEvent') && failures-- > 0 ? Promise.reject(new Error('not confirmed')) : real(event)) }) });
  await bus.request(asked('create', 'slow', { name: 'a' }), 5000);
  await bus.request(asked('patch', 'slow', { name: 'b' }), 5000);
  await bus.request(asked('patch', 'slow', { status: 'c' }), 5000);
  await until('all are published', () => announced('slow').length === 3);
  expect(announced('slow')).toEqual(['1 CreateEvent', '2 AttributeValueChangeEvent', '3 StateChangeEvent']);
});

describe('commits that another process left behind', () => {
  /** A process that commits, answers and dies before it publishes. */
  async function leaveBehind(): Promise<void> {
    const silent = start({ incarnation: 'before', relayGraceMs: 0, bus: (bus) => faulty(bus, { publish: () => Promise.reject(new Error('the broker is away')) }) });
    await silent.bus.request(asked('create', 'r1', { name: 'a' }), 5000);
    await silent.bus.request(asked('patch', 'r1', { name: 'b' }), 5000);
    await silent.bus.request(asked('create', 'r2', { name: 'z' }), 5000);
    await silent.close();
    expect(published).toEqual([]);
    expect(await pendingCommits()).toHaveLength(3);
  }

  it('are published and marked before anything is built on them', async () => {
    await leaveBehind();
    const { bus } = start({ incarnation: 'after' });
    expect((await bus.request(asked('patch', 'r1', { status: 'x' }), 5000)).headers['ETag']).toBe('"3"');
    await until('the new one is published', () => announced('r1').length === 3);
    expect(announced('r1')).toEqual(['1 CreateEvent', '2 AttributeValueChangeEvent', '3 StateChangeEvent']);
  });

  it('are swept when nobody builds on them', async () => {
    await leaveBehind();
    start({ incarnation: 'after', sweepAfterMs: 0 });
    await until('they are marked', async () => (await pendingCommits()).length === 0);
    expect([announced('r1'), announced('r2')]).toEqual([['1 CreateEvent', '2 AttributeValueChangeEvent'], ['1 CreateEvent']]);
  });
});

it('leaves what is not acknowledged to the next worker, which applies nothing twice', async () => {
  const id = randomUUID();
  const stuck = start({
    incarnation: 'first',
    store: faulty(store, {
      commit: async (real, commit) => {
        await real(commit);
        throw new Error('killed between commit and acknowledgement');
      },
    }),
  });
  await stuck.bus.send(asked('create', 'r1', { name: 'a' }, id));
  await until('it is committed', async () => (await revisionOf('r1')) === 1);
  await stuck.close();
  const { bus } = start({ incarnation: 'second' });
  expect((await bus.request(asked('create', 'r1', { name: 'a' }, id), 5000)).headers['ETag']).toBe('"1"');
  expect(await revisionOf('r1')).toBe(1);
});

it('closes within its time while the bus takes no events', async () => {
  const blocked = start({ relayGraceMs: 0, bus: (bus) => faulty(bus, { publish: () => Promise.reject(new Error('the broker is away')) }) });
  await Promise.all(Array.from({ length: 150 }, (_, index) => blocked.bus.send(asked('create', `r${index}`, { name: 'a' }))));
  await until('the worker says that it waits', () => JSON.stringify(blocked.worker.status()) === JSON.stringify({ up: false, why: 'events wait for the bus' }));
  await blocked.worker.close(50);
});

it('marks whatever is published, however the confirmations come', async () => {
  const { bus } = start({ bus: (bus) => faulty(bus, { publish: (real, event) => new Promise((resolve, reject) => setTimeout(() => void real(event).then(resolve, reject), Math.random() * 5)) }) });
  for (let round = 0; round < 30; round += 1) await bus.request(asked('create', `m${round}`, { name: 'a' }), 5000);
  await until('everything is marked', async () => (await pendingCommits()).length === 0);
});

it('announces a parked message however large what is wrong with it', async () => {
  const { bus } = start();
  await bus.send(asked('create', 'r1', { ['x'.repeat(50_000)]: 1, relatedParty: Array.from({ length: 5_000 }, () => 0) }));
  await until('it is announced', () => published.some((event) => event.topic === 'dead'));
  expect(published.find((event) => event.topic === 'dead')?.content.length).toBeLessThan(2_000);
});

describe('a message that kills the process', () => {
  /** As good as a process that dies when the killer is committed: it never goes on, and acknowledges nothing. */
  async function dyingAtKiller(incarnation: string): Promise<void> {
    let died = false;
    const process = start({
      incarnation,
      store: faulty(store, {
        commit: (real, commit) => {
          if (!commit.writes.some((write) => write.resource['name'] === 'killer')) return real(commit);
          died = true;
          return new Promise(() => undefined);
        },
        // The dead take nothing back.
        removeNotes: (real, messages) => (died ? Promise.resolve() : real(messages)),
      }),
    });
    await until('the process is dead', () => died);
    await process.close();
  }

  it('is parked after its third time, untried, and its neighbours are applied', async () => {
    const names = ['a', 'killer', 'b', 'c'];
    const sender = start({ incarnation: 'sender', bus: (real) => faulty(real, { consume: () => Promise.reject(new Error('only sends')) }) });
    for (const name of names) await sender.bus.send(asked('create', name, { name }));
    await sender.close();
    for (const incarnation of ['first', 'second', 'third']) await dyingAtKiller(incarnation);
    start({ incarnation: 'fourth' });
    await until('the neighbours are applied', async () => (await store.load('partyRole', names)).size === 3);
    await until('the killer is parked', async () => (await store.parked({}, 10)).length === 1);
    expect(await store.parked({}, 10)).toMatchObject([{ reason: 'crashed', subject: 'killer', attempts: 4 }]);
    await until('no note is left', async () => (await store.notes(names)).size === 0);
  });
});
