import { pino } from 'pino';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import { openMemoryBus } from '../../src/bus/memory-bus.js';
import type { Bus } from '../../src/bus/bus.js';
import type { Store } from '../../src/store/store.js';
import { newSubscription } from '../contract/hub-fixtures.js';
import { appendMany, changed } from '../hub/append.js';
import { closeAll, openSender, startListener, type LocalListener } from '../hub/local-listener.js';
import { all as definitions, representation } from '../support/resources.js';
import { ask, BASE_PATH, CLOSE_MS, tmfError, type Answer } from './rest-fixture.js';

const TOKEN = 'operator-token-0123456789';
const SECRET = Buffer.from('a secret that nobody may see').toString('base64');

let store: Store;
let bus: Bus;
let server: HttpServer;
let origin: string;
let listener: LocalListener;
let status: number;
let lines: Record<string, unknown>[];

beforeEach(async () => {
  lines = [];
  status = 204;
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  store = await openEmbeddedStore({ path: undefined, retentionMs: 86_400_000, log });
  bus = openMemoryBus({ log });
  listener = await startListener((response) => response.writeHead(status).end());
  const admin = { token: TOKEN, definitions, retentionMs: 60_000, sender: openSender(), addressOf: (api: string) => `https://crm.example.com/tmf-api/${api}/v4` };
  server = createHttpServer({
    bus,
    store,
    definitions: [],
    representation,
    basePathOf: () => BASE_PATH,
    source: 'urn:test:rest',
    replyTimeoutMs: 2_000,
    bodyLimitBytes: 10_000,
    maxRequests: 100,
    pageDefault: 10,
    pageMax: 50,
    countMax: 1_000,
    admin,
    log,
    now: () => new Date(),
    newId: () => 'new',
  });
  origin = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
});
afterEach(async () => {
  await server.close(CLOSE_MS);
  await closeAll();
  await bus.close();
  await store.close();
});

function call(path: string, init: RequestInit = {}): Promise<Answer> {
  return ask(`${origin}/admin${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}` } });
}

const post = (path: string, body?: unknown): Promise<Answer> => call(path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

async function subscribe(id: string, cursor = 0): Promise<void> {
  await store.hub.register(newSubscription(id, { callback: listener.url, cursor, secrets: { signing: [{ secret: SECRET }] } }));
}

async function park(subscription: string, role: string, position: number): Promise<string> {
  const { id: event, key, order, content } = changed(role, position);
  const id = `${subscription}:${event}`;
  await store.hub.parkDeliveries([{ id, subscription, at: new Date(Date.now() - 60_000 + position), event, key, order, position, attempts: 12, error: 'answered 400', content }]);
  return id;
}

it('asks for the token everywhere', async () => {
  for (const path of ['/hub', '/hub/s', '/hub/s/suspend', '/deliveries', '/deliveries/x', '/deliveries/retry']) {
    expect([path, (await ask(`${origin}/admin${path}`)).status]).toEqual([path, 401]);
  }
});

describe('subscriptions', () => {
  it('are listed and shown, without secrets', async () => {
    await subscribe('s', 3);
    await subscribe('t');
    await park('s', 'r1', 7);
    const list = await call('/hub');
    expect(list).toMatchObject({ status: 200, body: { subscriptions: [{ id: 's', href: 'https://crm.example.com/tmf-api/partyRoleManagement/v4/hub/s', callback: listener.url, signed: true, position: 3, status: { state: 'active', parked: 1 } }, { id: 't', status: { parked: 0 } }] } });
    expect((await call('/hub/s')).body).toEqual((list.body as { subscriptions: unknown[] }).subscriptions[0]);
    expect(JSON.stringify(list.body)).not.toContain(SECRET);
    expect(await call('/hub/none')).toMatchObject({ status: 404, body: tmfError(404, /^id: none/) });
  });

  it('are suspended, resumed and removed, which the log says', async () => {
    await appendMany(store, 5);
    await subscribe('s', 3);
    expect(await post('/hub/s/suspend', { reason: 'moving' })).toMatchObject({ status: 200, body: { status: { state: 'suspended', reason: 'moving' } } });
    expect(await post('/hub/s/resume')).toMatchObject({ status: 200, body: { position: 3, status: { state: 'active' } } });
    expect((await post('/hub/s/suspend')).body).toMatchObject({ status: { state: 'suspended', reason: 'by an operator' } });
    for (const [from, position] of [['now', 5], ['oldest', 0], [2, 2], [0, 0], ['2020-01-01', 0], [new Date(Date.now() + 60_000).toISOString(), 5]] as const) expect((await post('/hub/s/resume', { from })).body).toMatchObject({ position, status: { state: 'active' } });
    expect(await post('/hub/s/resume', { from: 6 })).toMatchObject({ status: 409, body: tmfError(409, /^from: position 6 is beyond the end of the log, which goes from 0 \(oldest\) to 5 \(now\)/) });
    expect((await call('/hub/s', { method: 'DELETE' })).status).toBe(204);
    expect((await call('/hub/s', { method: 'DELETE' })).status).toBe(404);
    for (const action of ['suspend', 'resume']) expect((await post(`/hub/s/${action}`)).status).toBe(404);
    expect(lines.filter(({ msg }) => /by an operator$/.test(String(msg))).map(({ subscription, msg }) => [subscription, msg])).toEqual([
      ['s', 'subscription suspended by an operator'],
      ['s', 'subscription resumed by an operator'],
      ['s', 'subscription suspended by an operator'],
      ...Array.from({ length: 6 }, () => ['s', 'subscription resumed by an operator']),
      ['s', 'subscription removed by an operator'],
    ]);
  });

  it.each([
    ['suspend', '{"reason":1}', /^reason: /],
    ['suspend', '{"from":1}', /^from: is unknown/],
    ['suspend', '[]', /^body: /],
    ['resume', '{"from":"soon"}', /^from: must be a date-time/],
    ['resume', '{"from":-1}', /^from: /],
    ['resume', '{"from":1.5}', /^from: /],
    ['resume', '{"from":null}', /^from: /],
    ['resume', '{"to":1}', /^to: is unknown/],
    ['resume', '{', /^line 1/],
  ])('%s with %s is refused', async (action, body, message) => {
    await subscribe('s');
    expect(await call(`/hub/s/${action}`, { method: 'POST', body })).toMatchObject({ status: 400, body: tmfError(400, message) });
  });
});

describe('parked deliveries', () => {
  it('are listed, paged and shown', async () => {
    await subscribe('s');
    const ids = [await park('s', 'r1', 1), await park('t', 'r2', 2), await park('s', 'r3', 3)];
    const page = await call('/deliveries?subscription=s&limit=1');
    expect(page).toMatchObject({ status: 200, body: { total: 2, counts: { s: 2 }, deliveries: [{ id: ids[0], subscription: 's', type: 'partyRole.PartyRoleAttributeValueChangeEvent', resource: 'partyRole/r1', position: 1, attempts: 12, error: 'answered 400' }] } });
    const { next } = page.body as { next: string };
    expect((await call(`/deliveries?subscription=s&cursor=${encodeURIComponent(next)}`)).body).toMatchObject({ deliveries: [{ id: ids[2] }] });
    expect(await call(`/deliveries/${ids[0]}`)).toMatchObject({ status: 200, body: { id: ids[0], content: { subject: 'r1', data: { event: { partyRole: { id: 'r1' } } } } } });
    expect(await call('/deliveries/none')).toMatchObject({ status: 404, body: tmfError(404, /^id: none/) });
    for (const query of ['colour=red', 'limit=0', 'cursor=x']) expect([query, (await call(`/deliveries?${query}`)).status]).toEqual([query, 400]);
  });

  it('are retried and dropped, one by one or by a selection', async () => {
    await subscribe('s');
    const ids = [await park('s', 'r1', 1), await park('s', 'r2', 2), await park('s', 'r3', 3), await park('s', 'r4', 4)];
    expect((await post('/deliveries/retry', { subscription: 's', dryRun: true })).body).toMatchObject({ totals: { retry: 4 } });
    status = 422;
    expect((await post('/deliveries/retry', { ids: [ids[0], 'none'] })).body).toMatchObject({ totals: { failed: 2 }, outcomes: [{ id: ids[0], outcome: 'failed', problem: 'answered 422', subscription: 's' }, { id: 'none', outcome: 'failed' }] });
    status = 200;
    const first = await post('/deliveries/retry', { all: true, limit: 2 });
    expect(first.body).toMatchObject({ totals: { delivered: 2 }, outcomes: [{ id: ids[0], outcome: 'delivered' }, { id: ids[1] }], next: expect.stringContaining(String(ids[1])) as string });
    expect((await post('/deliveries/drop', { subscription: 's', dryRun: true })).body).toMatchObject({ totals: { drop: 2 } });
    expect((await call(`/deliveries/${ids[2]}`, { method: 'DELETE' })).status).toBe(204);
    expect((await call(`/deliveries/${ids[2]}`, { method: 'DELETE' })).status).toBe(404);
    expect((await post('/deliveries/drop', { all: true })).body).toMatchObject({ totals: { dropped: 1 }, outcomes: [{ id: ids[3] }] });
    expect(await store.hub.parkedDeliveries({}, 10)).toEqual([]);
    expect(listener.received.map(({ headers }) => headers['webhook-id'])).toEqual([ids[0], ids[0], ids[1]].map((id) => id?.slice('s:'.length)));
    expect(lines.filter(({ msg }) => /^parked delivery/.test(String(msg))).map(({ delivery, msg }) => [delivery, msg])).toEqual([
      [ids[0], 'parked delivery delivered'],
      [ids[1], 'parked delivery delivered'],
      [ids[2], 'parked delivery dropped'],
      [ids[3], 'parked delivery dropped'],
    ]);
  });

  it.each([['{}'], ['{"all":true,"ids":["x"]}'], ['{"reason":"refused"}'], ['{"subscription":1}'], ['[]'], ['']])('a selection %s is refused', async (body) => {
    for (const path of ['/deliveries/retry', '/deliveries/drop']) expect((await call(path, { method: 'POST', body })).status).toBe(400);
  });

  it('other methods are refused', async () => {
    for (const [method, path] of [['POST', '/hub'], ['PUT', '/hub/s'], ['GET', '/hub/s/suspend'], ['POST', '/deliveries'], ['GET', '/deliveries/retry/x'], ['PUT', '/deliveries/x']] as const) {
      expect([path, [404, 405].includes((await call(path, { method })).status)]).toEqual([path, true]);
    }
  });
});
