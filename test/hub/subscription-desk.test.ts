import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { SubscriptionDesk } from '../../src/hub/subscription-desk.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { newSubscription } from '../contract/hub-fixtures.js';
import { faulty } from '../support/faults.js';
import { appendMany } from './append.js';

let store: Store;
let desk: SubscriptionDesk;

beforeEach(async () => {
  store = await openEmbeddedStore({ path: undefined, retentionMs: 86_400_000, log: pino({ level: 'silent' }) });
  desk = new SubscriptionDesk(store);
});
afterEach(() => store.close());

const subscribe = (id: string, cursor = 0) => store.hub.register(newSubscription(id, { cursor }));

it('goes through all, however many', async () => {
  const ids = Array.from({ length: 203 }, (_, index) => String(index).padStart(3, '0'));
  for (const id of ids) await subscribe(id);
  const found: string[] = [];
  for await (const { id } of desk.all()) found.push(id);
  expect(found).toEqual(ids);
});

it('suspends, once, and removes', async () => {
  await subscribe('s');
  expect((await desk.suspend('s', 'moving')).suspended).toMatchObject({ reason: 'moving' });
  expect((await desk.suspend('s', 'again')).suspended).toMatchObject({ reason: 'moving' });
  await desk.remove('s');
  expect(await store.hub.subscription('s')).toBeUndefined();
});

it('resumes where it stopped, at both ends of the log, or behind a position', async () => {
  await appendMany(store, 5);
  await subscribe('s', 3);
  await desk.suspend('s', 'moving');
  const resumed = await desk.resume('s');
  expect([resumed.cursor, resumed.suspended, resumed.epoch > 0]).toEqual([3, undefined, true]);
  expect((await desk.resume('s', 'now')).cursor).toBe(5);
  expect((await desk.resume('s', 'oldest')).cursor).toBe(0);
  expect((await desk.resume('s', 4)).cursor).toBe(4);
  expect((await desk.resume('s', 0)).cursor).toBe(0);
});

it('resumes with the first commit since a time', async () => {
  await appendMany(store, 2);
  await pause(20);
  const between = new Date();
  await pause(20);
  await appendMany(store, 3);
  await subscribe('s', 5);
  expect((await desk.resume('s', between)).cursor).toBe(2);
  expect((await desk.resume('s', new Date(Date.now() + 1_000))).cursor).toBe(5);
  expect((await desk.resume('s', new Date(0))).cursor).toBe(0);
});

it('does not resume where the log has nothing, and stays as it is', async () => {
  await appendMany(store, 5);
  await subscribe('s', 1);
  await desk.suspend('s', 'moving');
  // The retention of the first two is over.
  const later = new SubscriptionDesk(faulty(store, { readLog: async (real, after, ...rest) => real(Math.max(2, after), ...rest) }));
  await expect(later.resume('s')).rejects.toMatchObject({ status: 409, faults: [{ at: 'from', problem: 'position 1 is before the log, which goes from 2 (oldest) to 5 (now)' }] });
  await expect(later.resume('s', 6)).rejects.toMatchObject({ status: 409, faults: [{ at: 'from', problem: expect.stringContaining('position 6 is beyond the end') as string }] });
  expect((await desk.find('s')).suspended).toBeDefined();
  expect((await later.resume('s', 'oldest')).cursor).toBe(2);
});

it('resumes in a log that is empty', async () => {
  await subscribe('s');
  for (const from of [undefined, 'now', 'oldest', 0] as const) expect((await desk.resume('s', from)).cursor).toBe(0);
});

it.each<[string, (id: string) => Promise<unknown>]>([
  ['find', (id) => desk.find(id)],
  ['suspend', (id) => desk.suspend(id, 'x')],
  ['resume', (id) => desk.resume(id)],
  ['remove', (id) => desk.remove(id)],
])('%s of what is not there is a 404', async (_, work) => {
  await expect(work('none')).rejects.toMatchObject({ status: 404, faults: [{ at: 'id', problem: 'none' }] });
});
