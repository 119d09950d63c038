import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Bus } from '../src/bus/bus.js';
import { MemoryBroker } from '../src/bus/memory-broker.js';
import { openMemoryBus } from '../src/bus/memory-bus.js';
import { MAX_REFERRERS, type DeletionMode, type ReferenceMode } from '../src/handlers/references.js';
import type { Json, JsonObject } from '../src/json.js';
import type { OutgoingEvent, Reply } from '../src/message.js';
import { openEmbeddedStore } from '../src/store/embedded-store.js';
import { commitId, type Store } from '../src/store/store.js';
import { startWorker } from './support/embedded-worker.js';
import { faulty } from './support/faults.js';
import { all, answerOf, definitionOf, referencesOf, representation } from './support/resources.js';
import { until } from './support/service.js';
import { startWhole } from './support/whole-service.js';

const log = pino({ level: 'silent' });

let store: Store;
let bus: Bus;
let events: OutgoingEvent[];
/** What the worker read beside receipts, as texts. */
let reads: string[];
const closing: (() => Promise<void>)[] = [];

/** @param isHeld whether an event of this key finds no way out */
async function start(missing: ReferenceMode, deleted: DeletionMode = 'refuse', isHeld: (key: string) => boolean = () => false): Promise<void> {
  store = await openEmbeddedStore({ path: undefined, retentionMs: 60_000, log });
  const broker = new MemoryBroker();
  events = [];
  reads = [];
  broker.subscribe((event) => events.push(event));
  bus = openMemoryBus({ broker, log });
  const seen = faulty(store, {
    load: (real, type, ids) => {
      reads.push(...ids.map((id) => `${type}/${id}`));
      return real(type, ids);
    },
    referrers: (real, type, paths, ids, limit) => {
      reads.push(`${type} to ${ids.join()}`);
      return real(type, paths, ids, limit);
    },
  });
  const pace = { sweepAfterMs: 60_000, sweepEveryMs: 60_000, relayGraceMs: 1_000 };
  const slow = faulty(bus, { publish: (real, event) => (isHeld(event.key) ? Promise.reject(new Error('not confirmed')) : real(event)) });
  const running = startWorker({ bus: slow, store: seen, incarnation: 'here', ...pace, log, definitions: all, references: referencesOf(missing, deleted), representation, notifications: { source: '/test' } });
  closing.push(() => store.close(), () => bus.close(), () => running.close());
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function ask(resource: string, action: string, subject: string, data?: Json, contentType = action === 'patch' ? 'application/merge-patch+json' : 'application/json'): Promise<Reply> {
  const attributes = { specversion: '1.0', id: randomUUID(), source: '/test', type: `org.tmforum.${resource}.${action}`, subject };
  return bus.request({ resource, key: subject, attributes, ...(data === undefined ? {} : { contentType }), body: Buffer.from(data === undefined ? '' : JSON.stringify(data)) }, 10_000);
}

const ann = { givenName: 'Ann', familyName: 'Lee' };
const role = (id: string): JsonObject => ({ name: 'R', engagedParty: { id, '@referredType': 'Individual' } });

it('looks up what is referred to, in the same reads as what it is about, and nothing else', async () => {
  await start('lenient');
  await ask('individual', 'create', 'ann', ann);
  reads.length = 0;
  expect((await ask('partyRole', 'create', 'r', role('ann'))).body).toMatchObject({ engagedParty: { name: 'Ann Lee' } });
  expect(reads.sort()).toEqual(['individual/ann', 'partyRole/r']);
  reads.length = 0;
  await ask('partyRole', 'patch', 'r', { name: 'S' });
  await ask('partyRole', 'patch', 'r', [{ op: 'replace', path: '/name', value: 'T' }], 'application/json-patch+json');
  await ask('partyRole', 'create', 'long', { name: 'R', engagedParty: { id: 'x'.repeat(5_000) } });
  expect(reads).toEqual(['partyRole/r', 'partyRole/r', 'partyRole/long']);
});

it('looks up what shows only while a patch is decided', async () => {
  await start('strict');
  await ask('individual', 'create', 'ann', ann);
  await ask('partyRole', 'create', 'r', { name: 'R' });
  reads.length = 0;
  const add = (id: string): Json => [{ op: 'add', path: '/engagedParty', value: { id } }];
  expect(await ask('partyRole', 'patch', 'r', add('ann'), 'application/json-patch+json')).toMatchObject({ status: 200, body: { engagedParty: { name: 'Ann Lee', '@referredType': 'Individual' } } });
  expect(reads.sort()).toEqual(['individual/ann', 'organization/ann', 'partyRole/ann', 'partyRole/r']);
  expect((await ask('partyRole', 'patch', 'r', add('bob'), 'application/json-patch+json')).status).toBe(409);
});

it('looks for referrers where something is deleted, and only where they can be', async () => {
  await start('lenient');
  await ask('billFormat', 'create', 'f', { name: 'F' });
  await ask('partyInteraction', 'create', 'i', { reason: 'r', direction: 'in', channel: [{ id: 'c' }] });
  reads.length = 0;
  expect((await ask('billFormat', 'delete', 'f')).status).toBe(204);
  expect(reads.sort()).toEqual(['billFormat/f', 'billingAccount to f', 'partyAccount to f', 'settlementAccount to f']);
  reads.length = 0;
  expect((await ask('partyInteraction', 'delete', 'i')).status).toBe(204);
  expect(reads).toEqual(['partyInteraction/i']);
});

it('deletes what others refer to once they do no longer', async () => {
  await start('strict');
  await ask('individual', 'create', 'ann', ann);
  await ask('partyRole', 'create', 'r', role('ann'));
  expect(answerOf(await ask('individual', 'delete', 'ann'))).toEqual([409, 'referredBy: partyRole r in /engagedParty']);
  await ask('partyRole', 'delete', 'r');
  expect((await ask('individual', 'delete', 'ann')).status).toBe(204);
  expect((await ask('partyRole', 'create', 'r', role('ann'))).status).toBe(409);
});

it('takes references out with what they name, and all of them learn of it in order', async () => {
  await start('lenient', 'detach');
  await ask('individual', 'create', 'ann', ann);
  await Promise.all(['a', 'b', 'c'].map((id) => ask('partyRole', 'create', id, role('ann'))));
  expect((await ask('individual', 'delete', 'ann')).status).toBe(204);
  expect(await ask('partyRole', 'patch', 'b', { name: 'S' })).toMatchObject({ headers: { ETag: '"3"' } });
  await until('everything is published', async () => (await store.pending({ before: new Date(Date.now() + 1_000), limit: 1 })).length === 0);
  const told = events.map(({ content }) => JSON.parse(content) as { subject: string; sequence: string; data: { fieldPath?: string } });
  expect(told.filter(({ subject }) => subject === 'b').map(({ sequence, data }) => [Number(sequence), data.fieldPath])).toEqual([[1, undefined], [2, 'engagedParty'], [3, 'name']]);
  expect((await store.load('partyRole', ['a'])).get('a')).toMatchObject({ revision: 2, resource: { id: 'a', name: 'R' } });
});

it.each<[DeletionMode, RegExp]>([['refuse', /and more$/], ['detach', new RegExp(`^referredBy: more than ${MAX_REFERRERS}, `)]])('never takes the referrers that it reads for all: %s', async (onDelete, message) => {
  await start('lenient', onDelete);
  await ask('individual', 'create', 'ann', ann);
  await ask('individual', 'create', 'bob', ann);
  const writes = Array.from({ length: MAX_REFERRERS + 1 }, (_, index) => ({ type: 'partyRole', id: `r${String(index).padStart(4, '0')}`, expected: 0, revision: 1, deleted: false, resource: { id: `r${String(index).padStart(4, '0')}`, ...role('ann') } }));
  await store.commit({ id: commitId('filled', 1), at: new Date(), guards: [], parked: [], entries: [], writes });
  await ask('partyRole', 'create', 'z', role('bob'));
  // Both in one batch: the many of the one must not hide that of the other.
  const [first, second] = await Promise.all([ask('individual', 'delete', 'ann'), ask('individual', 'delete', 'bob')]);
  expect(answerOf(first)).toEqual([409, expect.stringMatching(message)]);
  expect(second.status).toBe(onDelete === 'refuse' ? 409 : 204);
  expect((await store.load('partyRole', ['z'])).get('z')?.revision).toBe(onDelete === 'refuse' ? 1 : 2);
});

it('does not wait for events of what is only referred to, but of what is changed', async () => {
  let isHeld = true;
  await start('strict', 'refuse', (key) => isHeld && key.startsWith('individual.'));
  const event = { topic: 'events', key: 'individual.IndividualCreateEvent', order: 'individual/ann', id: 'e', content: '{}' } as const;
  const left = { id: commitId('gone', 1), at: new Date(), guards: [], parked: [], writes: [{ type: 'individual', id: 'ann', expected: 0, revision: 1, deleted: false, resource: { id: 'ann', ...ann } }], entries: [{ command: 'c', status: 201, events: [event] }] };
  await store.commit(left);
  expect((await ask('partyRole', 'create', 'r', role('ann'))).status).toBe(201);
  const renamed = ask('individual', 'patch', 'ann', { title: 'Dr' });
  expect(await Promise.race([renamed, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).toBe('waits');
  isHeld = false;
  expect((await renamed).status).toBe(200);
  await until('both are published, in order', () => events.filter(({ key }) => key.startsWith('individual.')).length === 2);
  expect(events.filter(({ key }) => key.startsWith('individual.'))[0]?.id).toBe('e');
});

it('warns over REST, in a repeated answer too', async () => {
  const service = await startWhole(all);
  closing.push(() => service.close());
  const api = service.api(definitionOf('partyRole'));
  const post = (): Promise<Response> => api.post({ id: 'r', ...role('nobody') }, { 'idempotency-key': 'once' });
  const [first, again] = [await post(), await post()];
  const warning = '299 - "/engagedParty: there is no Individual nobody"';
  expect([first.status, first.headers.get('warning'), again.status, again.headers.get('warning'), again.headers.get('idempotent-replayed')]).toEqual([201, warning, 201, warning, 'true']);
  const patched = await api.patch('r', { status: 'active' });
  expect([patched.status, patched.headers.get('warning')]).toEqual([200, null]);
});
