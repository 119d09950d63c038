import { pino } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { UnavailableError } from '../../src/errors.js';
import { representationOf } from '../../src/handlers/representation.js';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import type { ParkedMessage } from '../../src/store/store.js';
import { closeAll, openSender } from '../hub/local-listener.js';
import { definition } from '../support/deciding.js';
import { asked, raw, startEmbedded, type EmbeddedService } from '../support/embedded-service.js';
import { faulty } from '../support/faults.js';
import { until } from '../support/service.js';
import { ask as fetched, BASE_PATH, CLOSE_MS, tmfError, type Answer } from './rest-fixture.js';

const TOKEN = 'operator-token-0123456789';

let service: EmbeddedService;
let origin: string;
let isBusAway: boolean;
let lines: Record<string, unknown>[];
const sender = openSender();
const servers: HttpServer[] = [];

beforeEach(async () => {
  service = await startEmbedded();
  isBusAway = false;
  lines = [];
  origin = await serve(TOKEN);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(CLOSE_MS);
  await service.close();
});

afterAll(closeAll);

async function serve(token?: string): Promise<string> {
  const bus: Bus = faulty(service.bus, { send: (real, command) => (isBusAway ? Promise.reject(new UnavailableError('RabbitMQ is not available: gone')) : real(command)) });
  const server = createHttpServer({
    bus,
    store: service.store,
    definitions: [definition],
    representation: representationOf(() => BASE_PATH),
    basePathOf: () => BASE_PATH,
    source: 'urn:test:rest',
    replyTimeoutMs: 2_000,
    bodyLimitBytes: 10_000,
    pageDefault: 10,
    pageMax: 50,
    countMax: 1_000,
    maxRequests: 100,
    ...(token === undefined ? {} : { admin: { token, definitions: [definition], retentionMs: 60_000, sender, addressOf: () => BASE_PATH } }),
    log: pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    now: () => new Date(),
    newId: () => 'new',
  });
  servers.push(server);
  return `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
}

function call(path: string, init: RequestInit = {}): Promise<Answer> {
  return fetched(`${origin}/admin${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}`, ...(init.headers as Record<string, string>) } });
}

const post = (path: string, body: unknown): Promise<Answer> => call(path, { method: 'POST', body: JSON.stringify(body) });

async function park(...commands: readonly Parameters<Bus['send']>[0][]): Promise<ParkedMessage[]> {
  for (const command of commands) await service.bus.send(command);
  await until('they are parked', async () => (await service.store.parked({}, 100)).length === commands.length);
  return service.store.parked({}, 100);
}

const roleOf = async (id: string): Promise<unknown> => (await service.store.load('partyRole', [id])).get(id)?.resource;

describe('the token', () => {
  it('is asked for everywhere', async () => {
    for (const path of ['/parked', '/parked/x', '/partyRole/x', '/partyRole/x/history', '/nothing']) {
      for (const authorization of ['', 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN]) {
        const answer = await call(path, { headers: { authorization } });
        expect([path, authorization, answer.status, answer.headers.get('www-authenticate')]).toEqual([path, authorization, 401, 'Bearer realm="admin"']);
        expect(answer.body).toEqual(tmfError(401));
      }
    }
    const allowed = await call('/parked', { headers: { authorization: `bearer  ${TOKEN} ` } });
    expect([allowed.status, allowed.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  it('not set, leaves nothing there', async () => {
    origin = await serve();
    for (const path of ['/parked', '/partyRole/x/history', '']) expect(await call(path)).toMatchObject({ status: 404, body: tmfError(404) });
  });
});

describe('parked messages', () => {
  it('are listed, filtered and paged, with their counts', async () => {
    const [first] = await park(raw('a', '{'), asked('patch', 'r1', {}), raw('b', '{'));
    const page = await call('/parked?reason=malformed&limit=1');
    expect(page).toMatchObject({ status: 200, body: { total: 2, counts: { malformed: 2 }, messages: [{ id: first?.id, reason: 'malformed', bytes: 1, attempts: 1, origin: { bus: 'memory' } }] } });
    const { next } = page.body as { next: string };
    const rest = await call(`/parked?reason=malformed&limit=1&cursor=${encodeURIComponent(next)}`);
    expect((rest.body as { messages: unknown[] }).messages).toHaveLength(1);
    expect(rest.body).not.toHaveProperty('next');
    expect((await call('/parked?subject=r1&state=waiting&from=2000-01-01&to=2999-01-01&type=org.tmforum.partyRole.patch')).body).toMatchObject({ total: 1 });
    expect((await call('/parked?state=retried')).body).toEqual({ messages: [], total: 0, counts: {} });
  });

  it.each([
    ['reason=none', /^reason: must be one of malformed/],
    ['state=x', /^state: /],
    ['from=yesterday', /^from: must be a date-time/],
    ['limit=0', /^limit: /],
    ['limit=1001', /^limit: /],
    ['cursor=x', /^cursor: /],
    ['colour=red', /^colour: is unknown/],
    ['type=a&type=b', /^type: must be given once/],
    ['type=%', /^type: /],
  ])('a list with %s is refused and the parameter named', async (query, message) => {
    expect(await call(`/parked?${query}`)).toMatchObject({ status: 400, body: tmfError(400, message) });
  });

  it('are shown with headers and body, text or bytes', async () => {
    const [text, bytes] = await park(raw('a', '{ü'), { ...raw('b', ''), body: Buffer.from([0xff, 0x00]) });
    expect(await call(`/parked/${text?.id}`)).toMatchObject({ status: 200, body: { id: text?.id, error: expect.any(String) as string, body: '{ü', contentType: 'application/cloudevents+json', headers: { key: 'a' }, attributes: {} } });
    expect((await call(`/parked/${bytes?.id}`)).body).toMatchObject({ bodyBase64: '/wA=' });
    expect(await call('/parked/none')).toMatchObject({ status: 404, body: tmfError(404, /^id: none/) });
  });

  it('are retried one by one, edited or not', async () => {
    const [broken, early] = await park(asked('create', 'r1', { title: 'no name' }), asked('patch', 'r1', { nick: 'x' }));
    expect(await call(`/parked/${broken?.id}/retry?dryRun=true`, { method: 'POST' })).toMatchObject({ status: 200, body: { outcome: 'retry', edited: false } });
    const edited = await call(`/parked/${broken?.id}/retry`, { method: 'POST', body: '{"name":"n"}' });
    expect(edited).toMatchObject({ status: 202, body: { id: broken?.id, outcome: 'retried', edited: true, command: expect.any(String) as string } });
    await until('it is applied', async () => (await roleOf('r1')) !== undefined);
    expect((await call(`/parked/${early?.id}/retry`, { method: 'POST' })).status).toBe(202);
    await until('the other too', async () => JSON.stringify(await roleOf('r1')) === '{"id":"r1","name":"n","nick":"x"}');
    expect(await call(`/parked/${early?.id}/retry`, { method: 'POST' })).toMatchObject({ status: 409, body: tmfError(409, /^state: was retried at/) });
    expect((await call(`/parked/${early?.id}/retry?state=retried`, { method: 'POST' })).status).toBe(202);
    // What was retried waits no more.
    expect((await call('/parked')).body).toEqual({ messages: [], total: 0, counts: {} });
    for (const state of ['retried', 'all']) expect((await call(`/parked?state=${state}`)).body).toMatchObject({ total: 2, messages: [{ id: broken?.id }, { id: early?.id }] });
    expect((await call(`/parked/${broken?.id}`)).body).toMatchObject({ body: '{"title":"no name"}', retries: [{ edited: true, command: (edited.body as { command: string }).command }] });
    expect((await call('/parked/none/retry', { method: 'POST' })).status).toBe(404);
  });

  it('are retried by a selection, with a dry run first', async () => {
    const parked = await park(asked('patch', 'r1', { a: '1' }), raw('x', '{'), asked('patch', 'r1', { b: '2' }));
    await service.bus.request(asked('create', 'r1', { name: 'n' }), 5000);
    const ids = parked.map(({ id }) => id);
    expect((await post('/parked/retry', { subject: 'r1', dryRun: true })).body).toMatchObject({ totals: { retry: 2 }, outcomes: [{ id: ids[0] }, { id: ids[2] }] });
    expect((await post('/parked/retry', { subject: 'r1', limit: 1 })).body).toMatchObject({ totals: { retried: 1 }, next: `${parked[0]?.at.toISOString()}/${ids[0]}` });
    expect((await post('/parked/retry', { ids: [ids[0], ids[2], 'none'] })).body).toMatchObject({ totals: { skipped: 1, retried: 1, failed: 1 }, outcomes: [{ id: ids[0] }, { id: ids[2] }, { id: 'none' }] });
    await until('both are applied', async () => JSON.stringify(await roleOf('r1')) === '{"id":"r1","name":"n","a":"1","b":"2"}');
  });

  it('stay when the bus is away, and the answer says so', async () => {
    const [message] = await park(asked('patch', 'r1', { a: '1' }));
    isBusAway = true;
    const answer = await post('/parked/retry', { all: true });
    expect(answer).toMatchObject({ status: 503, body: tmfError(503, 'RabbitMQ is not available: gone; 0 messages were sent before') });
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect((await call(`/parked/${message?.id}/retry`, { method: 'POST' })).status).toBe(503);
    expect((await service.store.parked({ state: 'waiting' }, 10)).length).toBe(1);
  });

  it('are dropped one by one or by a selection', async () => {
    const [first] = await park(raw('a', '{'), raw('b', '{'), asked('patch', 'r1', {}));
    expect((await call(`/parked/${first?.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await call(`/parked/${first?.id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await post('/parked/drop', { all: true, dryRun: true })).body).toMatchObject({ totals: { drop: 2 } });
    expect((await post('/parked/drop', { reason: 'malformed' })).body).toMatchObject({ totals: { dropped: 1 } });
    expect((await service.store.parked({}, 10)).map(({ reason }) => reason)).toEqual(['refused']);
    expect(lines.filter(({ msg }) => msg === 'parked message dropped')).toMatchObject([{ parked: first?.id }, {}]);
  });

  it.each([
    ['{}', /^ids: these, a filter or "all": true/],
    ['{"cursor":"2026-01-01T00:00:00Z/x"}', /^ids: /],
    ['{"all":true,"ids":["x"]}', /^all: /],
    ['{"all":"yes"}', /^all: must be true or false/],
    ['{"ids":[]}', /^ids: must be an array/],
    ['{"ids":[1]}', /^ids: must be an array/],
    ['{"all":true,"limit":0}', /^limit: /],
    ['{"all":true,"dryRun":1}', /^dryRun: /],
    ['{"reason":1}', /^reason: must be a string/],
    ['{"to":"soon"}', /^to: /],
    ['{"everything":true}', /^everything: is unknown/],
    ['[]', /^body: /],
    ['{', /^line 1/],
    ['', /no body/],
  ])('a selection %s is refused', async (body, message) => {
    for (const path of ['/parked/retry', '/parked/drop']) expect(await call(path, { method: 'POST', body })).toMatchObject({ status: 400, body: tmfError(400, message) });
  });

  it('other methods are refused', async () => {
    for (const [method, path] of [['POST', '/parked'], ['GET', '/parked/retry/x'], ['PUT', '/parked/x'], ['PUT', '/parked/x/retry'], ['POST', '/partyRole/x/history'], ['DELETE', '/partyRole/x']] as const) {
      expect([path, [404, 405].includes((await call(path, { method })).status)]).toEqual([path, true]);
    }
  });
});

describe('the past of a role', () => {
  beforeEach(async () => {
    await service.bus.request(asked('create', 'r1', { name: 'a' }), 5000);
    await service.bus.request(asked('patch', 'r1', { nick: 'x', status: 's' }, { id: 'c2', authid: 'ann', channel: 'web', correlationid: 'k1' }), 5000);
    await service.bus.request(asked('patch', 'r1', { nick: 'z' }), 5000);
  });

  it('is told, page by page', async () => {
    const page = await call('/partyRole/r1/history?limit=2');
    expect(page).toMatchObject({
      status: 200,
      body: {
        next: 3,
        changes: [
          { revision: 4 },
          {
            revision: 3,
            at: expect.stringMatching(/Z$/) as string,
            status: 200,
            command: { id: 'c2', source: '/test', type: 'org.tmforum.partyRole.patch', authid: 'ann', channel: 'web', correlationid: 'k1' },
            events: [
              { type: 'org.tmforum.partyRole.PartyRoleStateChangeEvent', sequence: '0000000000000002' },
              { type: 'org.tmforum.partyRole.PartyRoleAttributeValueChangeEvent', sequence: '0000000000000003', fieldPath: 'nick' },
            ],
          },
        ],
      },
    });
    expect((await call('/partyRole/r1/history?before=3')).body).toMatchObject({ changes: [{ revision: 1 }] });
  });

  it('is shown as of a revision or a time', async () => {
    const past = await call('/partyRole/r1?revision=3');
    expect([past.status, past.headers.get('etag'), past.body]).toEqual([200, '"3"', { id: 'r1', href: expect.stringContaining('/partyRole/r1') as string, name: 'a', nick: 'x', status: 's', roleType: {}, '@type': 'PartyRole' }]);
    const now = await call(`/partyRole/r1?at=${new Date().toISOString()}`);
    expect([now.headers.get('etag'), now.body]).toEqual(['"4"', expect.objectContaining({ nick: 'z' })]);
    expect((await call('/partyRole/r1?at=2020-01-01')).status).toBe(404);
    await service.bus.request(asked('delete', 'r1', {}), 5000);
    expect(await call(`/partyRole/r1?at=${new Date(Date.now() + 1000).toISOString()}`)).toMatchObject({ status: 404, body: tmfError(404, /deleted then/) });
    expect((await call('/partyRole/r1?revision=4')).body).toMatchObject({ nick: 'z' });
  });

  it.each([
    ['partyRole/r1', 400, /^revision: either/],
    ['partyRole/r1?revision=1&at=2020-01-01', 400, /^revision: either/],
    ['partyRole/r1?revision=0', 400, /^revision: /],
    ['partyRole/r1?at=x', 400, /^at: /],
    ['partyRole/r1?fields=name', 400, /^fields: is unknown/],
    ['partyRole/r1/history?limit=101', 400, /^limit: /],
    ['partyRole/r1/history?before=x', 400, /^before: /],
    ['partyRole/r2?revision=1', 404, /^id: /],
    ['partyRole/r2/history', 404, /^id: /],
    ['starship/r1/history', 404, /^path: starship/],
  ])('%s is answered with %i', async (path, status, message) => {
    expect(await call(`/${path}`)).toMatchObject({ status, body: tmfError(status, message) });
  });
});
