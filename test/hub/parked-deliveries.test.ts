import { pino } from 'pino';
import { subscriptionFilter } from '../../src/hub/subscription-filter.js';
import { ParkedDeliveries, type DeliveryOutcome } from '../../src/hub/parked-deliveries.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { ParkedDelivery, ParkedDeliveryFilter } from '../../src/store/hub-store.js';
import type { Store } from '../../src/store/store.js';
import { newSubscription } from '../contract/hub-fixtures.js';
import { all as definitions } from '../support/resources.js';
import { changed } from './append.js';
import { closeAll, openSender, startListener, type LocalListener } from './local-listener.js';

let store: Store;
let deliveries: ParkedDeliveries;
let listener: LocalListener;
/** The answers to come, by role; others are 204. */
let answers: Record<string, readonly number[]>;
let minute = 0;

beforeEach(async () => {
  store = await openEmbeddedStore({ path: undefined, retentionMs: 86_400_000, log: pino({ level: 'silent' }) });
  deliveries = new ParkedDeliveries(store.hub);
  answers = {};
  listener = await startListener((response, { body }) => {
    const id = roleOf(body);
    const [status = 204, ...later] = answers[id] ?? [];
    answers[id] = later;
    response.writeHead(status).end();
  });
});
afterEach(async () => {
  await closeAll();
  await store.close();
});

const roleOf = (body: string): string => (JSON.parse(body) as { event: { partyRole: { id: string } } }).event.partyRole.id;
const filterOf = (subscription: Parameters<typeof subscriptionFilter>[0]) => subscriptionFilter(subscription, definitions);
const now = (): Date => new Date();

async function subscribe(id: string, parts: Parameters<typeof newSubscription>[1] = {}): Promise<void> {
  await store.hub.register(newSubscription(id, { callback: listener.url, ...parts }));
}

/** One after the other, a minute between them; what is given comes from another hub, whose clock is another. */
async function park(subscription: string, role: string, position: number, parts: Partial<ParkedDelivery> = {}): Promise<string> {
  const { id: event, key, order, content } = changed(role, position, { note: 'long' });
  const id = `${subscription}:${event}`;
  await store.hub.parkDeliveries([{ id, subscription, at: new Date(Date.now() - 3_600_000 + 60_000 * (minute += 1)), event, key, order, position, attempts: 12, error: 'answered 400', content, ...parts }]);
  return id;
}

async function outcomes(run: AsyncIterable<DeliveryOutcome>): Promise<DeliveryOutcome[]> {
  const found: DeliveryOutcome[] = [];
  for await (const outcome of run) found.push(outcome);
  return found;
}

const retry = (filter: ParkedDeliveryFilter = {}, limit = Infinity): Promise<DeliveryOutcome[]> => outcomes(deliveries.retry(filter, limit, { sender: openSender(), filterOf }));
const left = async (): Promise<string[]> => (await store.hub.parkedDeliveries({}, 100)).map(({ id }) => id);
const told = (run: readonly DeliveryOutcome[]): unknown[] => run.map(({ id, outcome, problem }) => [id, outcome, problem].filter((part) => part !== undefined));

it('delivers what was set aside and deletes it', async () => {
  await subscribe('s', { query: 'fields=eventType,event.partyRole.id', secrets: { signing: [{ secret: Buffer.from('0123456789abcdef01234567').toString('base64') }] } });
  const id = await park('s', 'r1', 7);
  const [parked] = await store.hub.parkedDeliveries({}, 1);
  expect(told(await retry())).toEqual([[id, 'delivered']]);
  expect(await left()).toEqual([]);
  expect(listener.received).toMatchObject([{ method: 'POST', headers: { 'webhook-id': parked?.event, 'webhook-signature': expect.stringMatching(/^v1,/) as string, 'content-type': 'application/json' } }]);
  expect(JSON.parse(parked?.content ?? '')).toMatchObject({ data: { event: { partyRole: { id: 'r1', note: 'long' } } } });
  expect(JSON.parse(listener.received[0]?.body ?? '')).toMatchObject({ eventType: 'PartyRoleAttributeValueChangeEvent', event: { partyRole: { id: 'r1' } } });
  expect(listener.received[0]?.body).not.toContain('long');
});

it('goes in the order of the log for each resource, and leaves what comes behind one that is refused', async () => {
  await subscribe('s');
  await subscribe('t', { query: 'eventType=PartyRoleAttributeValueChangeEvent' });
  const third = await park('s', 'r1', 9);
  const first = await park('s', 'r1', 7);
  const other = await park('s', 'r2', 8);
  const second = await park('s', 'r1', 8);
  const elsewhere = await park('t', 'r1', 10);
  answers['r1'] = [204, 500];
  const refused = 'an earlier one of the same resource was not taken';
  expect(told(await retry())).toEqual([[first, 'delivered'], [other, 'delivered'], [second, 'failed', 'answered 500'], [third, 'failed', refused], [elsewhere, 'delivered']]);
  expect((await left()).sort()).toEqual([second, third].sort());
  expect(told(await retry())).toEqual([[second, 'delivered'], [third, 'delivered']]);
});

it('keeps two events of one commit in the order in which they were set aside', async () => {
  await subscribe('s');
  const ids = [await park('s', 'r1', 7), await park('s', 'r1', 7), await park('s', 'r1', 7)];
  expect((await retry()).map(({ id }) => id)).toEqual(ids);
});

it('removes the subscription of a listener that is gone, with what was parked for it', async () => {
  await subscribe('s');
  await subscribe('t');
  const first = await park('s', 'r1', 7);
  const second = await park('s', 'r2', 8);
  await park('t', 'r3', 9);
  answers['r1'] = [410];
  expect(told(await retry({ subscription: 's' }))).toEqual([[first, 'failed', expect.stringContaining('410')], [second, 'failed', 'its subscription is not there any more']]);
  expect([await store.hub.subscription('s'), (await left()).length, listener.received.length]).toEqual([undefined, 1, 1]);
});

it.each<[string, () => Promise<unknown>]>([
  ['registered anew', async () => {
    await store.hub.unregister('s');
    // Times are in milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await subscribe('s');
  }],
  ['resumed', () => store.hub.resume('s')],
])('removes no subscription that was %s before the listener answered 410', async (_, happens) => {
  const gone = await startListener((response) => void happens().then(() => response.writeHead(410).end()));
  await subscribe('s', { callback: gone.url });
  const id = await park('s', 'r1', 7);
  expect(told(await retry())).toEqual([[id, 'failed', expect.stringContaining('410')]]);
  expect(gone.received).toHaveLength(1);
  expect(await store.hub.subscription('s')).toMatchObject({ id: 's' });
});

it('sends nothing for a subscription that is suspended', async () => {
  await subscribe('s');
  const id = await park('s', 'r1', 7);
  await store.hub.suspend('s', 'moving', 'hub');
  expect(told(await retry())).toEqual([[id, 'skipped', expect.stringContaining('resume it first')]]);
  expect([await left(), listener.received.length]).toEqual([[id], 0]);
});

it('says in a dry run what it would do, and does nothing', async () => {
  await subscribe('s');
  const ids = [await park('s', 'r1', 7), await park('s', 'r1', 8)];
  expect(told(await outcomes(deliveries.retry({}, Infinity, { filterOf })))).toEqual(ids.map((id) => [id, 'retry']));
  expect(told(await outcomes(deliveries.drop({}, Infinity, { dryRun: true, now })))).toEqual(ids.map((id) => [id, 'drop']));
  expect([await left(), listener.received.length]).toEqual([ids, 0]);
});

it('leaves a listener alone that takes nothing for too long', async () => {
  const slow = await startListener((response) => setTimeout(() => response.writeHead(503).end(), 60));
  await subscribe('s', { callback: slow.url });
  await subscribe('t');
  const parked = [await park('s', 'r1', 1), await park('s', 'r2', 2), await park('s', 'r3', 3), await park('s', 'r4', 4), await park('t', 'r5', 5)];
  const run = await outcomes(deliveries.retry({}, Infinity, { sender: openSender(), filterOf, patienceMs: 100 }));
  const alone = expect.stringContaining('left alone') as string;
  expect(told(run)).toEqual([...parked.slice(0, 2).map((id) => [id, 'failed', 'answered 503']), ...parked.slice(2, 4).map((id) => [id, 'failed', alone]), [parked[4], 'delivered']]);
  expect(slow.received).toHaveLength(2);
});

it('says when a subscription cannot be understood, and when an id is not there', async () => {
  await subscribe('s', { query: 'colour=red' });
  const id = await park('s', 'r1', 7);
  expect(told(await retry({ ids: ['none', id] }))).toEqual([[id, 'failed', expect.stringContaining('cannot be understood')], ['none', 'failed', expect.stringContaining('has this id')]]);
});

it('lists page by page with the number of each subscription, and drops', async () => {
  const ids = [await park('s', 'r1', 1), await park('t', 'r2', 2), await park('s', 'r3', 3)];
  const page = await deliveries.list({}, 2, ({ id }) => id);
  expect([page.deliveries, Object.fromEntries(page.counts)]).toEqual([ids.slice(0, 2), { s: 2, t: 1 }]);
  expect(await deliveries.list(page.next ? { after: page.next } : {}, 2, ({ id }) => id)).toEqual({ deliveries: ids.slice(2), counts: page.counts });
  // Parked later than the drop began, by the clock of a hub.
  const later = await park('s', 'r4', 4, { at: new Date(Date.now() + 60_000) });
  expect(told(await outcomes(deliveries.drop({ subscription: 's' }, Infinity, { dryRun: false, now })))).toEqual([[ids[0], 'dropped'], [ids[2], 'dropped']]);
  expect(await left()).toEqual([ids[1], later]);
  expect(told(await outcomes(deliveries.drop({ ids: [later, 'none'] }, Infinity, { dryRun: false, now })))).toEqual([[later, 'dropped'], ['none', 'failed', expect.stringContaining('has this id')]]);
});
