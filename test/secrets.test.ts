import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Bus } from '../src/bus/bus.js';
import { MemoryBroker } from '../src/bus/memory-broker.js';
import { openMemoryBus } from '../src/bus/memory-bus.js';
import { createHttpServer, type HttpServer } from '../src/http/server.js';
import type { Json, JsonObject } from '../src/json.js';
import { STRUCTURED, type OutgoingCommand, type OutgoingEvent, type Reply } from '../src/message.js';
import { detailsOf } from '../src/parked-view.js';
import { snapshot } from '../src/replay.js';
import type { Store } from '../src/store/store.js';
import { Api, json, list } from './e2e/api.js';
import { openSender } from './hub/local-listener.js';
import { EmbeddedHarness } from './store/embedded-harness.js';
import { startWorker } from './support/embedded-worker.js';
import { faulty } from './support/faults.js';
import { all, definitionOf, referencesOf, representation } from './support/resources.js';
import { until } from './support/service.js';

const CVV = '7391846';
/** All but the last four of each, or all of it: what must not be seen. */
const HIDDEN = { cardNumber: '400012341234', accountNumber: 'NL02ABNA012345', token: 'tok-5d1f', authorizationCode: 'auth-9c2e' };
const CARD = { '@type': 'bankCard', name: 'Card', brand: 'A', expirationDate: '2030-01-01', nameOnCard: 'A LEE', cardNumber: `${HIDDEN.cardNumber}9876`, authorizationCode: HIDDEN.authorizationCode };
const TOKENIZED = { '@type': 'TokenizedCard', name: 'Token', lastFourDigits: '9876', expirationDate: '2030-01-01', token: HIDDEN.token };
const TRANSFER = { '@type': 'bankAccountTransfer', name: 'Transfer', owner: 'A', bank: 'B', accountNumber: `${HIDDEN.accountNumber}6789` };

const TOKEN = 'operator-token-0123456789';
const TYPE = 'paymentMethod';
const definition = definitionOf(TYPE);

const harness = new EmbeddedHarness();
const database = 'secrets';
let store: Store;
let bus: Bus;
let broker: MemoryBroker;
let server: HttpServer;
let origin: string;
let api: Api;
let running: ReturnType<typeof startWorker>;
/** Everything that was said: on the bus, in answers, and to the log. */
const heard = { commands: [] as string[], events: [] as OutgoingEvent[], replies: [] as Reply[], lines: [] as string[] };

beforeAll(async () => {
  const log = pino({ level: 'trace' }, { write: (line: string) => heard.lines.push(line) });
  store = await harness.open(database);
  broker = new MemoryBroker();
  broker.subscribe((event) => heard.events.push(event));
  bus = openMemoryBus({ broker, log });
  const worker = faulty(bus, {
    reply: (real, to, reply) => {
      heard.replies.push(reply);
      return real(to, reply);
    },
  });
  const pace = { sweepAfterMs: 60_000, sweepEveryMs: 60_000, relayGraceMs: 1_000 };
  running = startWorker({ bus: worker, store, incarnation: 'here', ...pace, log, definitions: all, references: referencesOf('lenient'), representation, notifications: { source: '/test' } });
  const hear = ({ body }: OutgoingCommand): unknown => heard.commands.push(Buffer.from(body).toString());
  const rest = faulty(bus, {
    request: (real, command, ms) => {
      hear(command);
      return real(command, ms);
    },
    send: (real, command) => {
      hear(command);
      return real(command);
    },
  });
  const limits = { replyTimeoutMs: 5_000, bodyLimitBytes: 100_000, maxRequests: 50, pageDefault: 10, pageMax: 50, countMax: 1_000 };
  const basePathOf = ({ api: name, version }: { api: string; version: string }): string => `/tmf-api/${name}/${version}`;
  const admin = { token: TOKEN, definitions: all, retentionMs: 60_000, sender: openSender(), addressOf: () => '' };
  server = createHttpServer({ bus: rest, store, definitions: all, representation, basePathOf, admin, source: '/test/rest', ...limits, now: () => new Date(), newId: randomUUID, log });
  origin = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  api = new Api(origin, `${basePathOf(definition)}/${TYPE}`);
});

afterAll(async () => {
  await server.close(1_000);
  await running.close();
  await bus.close();
  await store.close();
  harness.remove();
});

/** A message on the bus as another sender writes it. */
function sent(action: string, subject: string, body: string, attributes: Record<string, string> = {}, contentType = 'application/json'): OutgoingCommand {
  const type = `org.tmforum.${TYPE}.${action}`;
  return { resource: TYPE, key: subject, attributes: { specversion: '1.0', id: randomUUID(), source: '/test', type, subject, ...attributes }, contentType, body: Buffer.from(body) };
}

function structured(action: string, subject: string, rest: JsonObject): OutgoingCommand {
  const event = { specversion: '1.0', id: randomUUID(), source: '/test', type: `org.tmforum.${TYPE}.${action}`, subject, ...rest };
  return { resource: TYPE, key: subject, attributes: {}, contentType: STRUCTURED, body: Buffer.from(JSON.stringify(event)) };
}

async function published(): Promise<void> {
  await until('everything is published', async () => (await store.pending({ before: new Date(Date.now() + 1_000), limit: 1 })).length === 0);
}

/** With everything that is in base64 in it. */
function unpacked(text: string): string {
  return [text, ...[...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].map(([run]) => Buffer.from(run, 'base64').toString('latin1'))].join('\n');
}

const hiddenIn = (text: string): string[] => [CVV, ...Object.values(HIDDEN)].filter((secret) => unpacked(text).includes(secret));

async function admin(path: string): Promise<string> {
  const response = await fetch(`${origin}/admin${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(response.status).toBe(200);
  return response.text();
}

describe('secrets of payment methods', () => {
  /** Everything that anybody could do with them. */
  beforeAll(async () => {
    const key = { 'idempotency-key': 'once' };
    const made = await json(await api.post({ id: 'card', ...CARD, cvv: CVV }, key));
    expect(made).toMatchObject({ id: 'card', cardNumber: '************9876' });
    expect(await json(await api.post({ id: 'card', ...CARD, cvv: CVV }, key))).toEqual(made);
    expect((await api.post({ id: 'token', ...TOKENIZED })).status).toBe(201);
    expect((await api.post({ id: 'account', ...TRANSFER })).status).toBe(201);
    expect((await api.patch('card', { description: 'x', cvv: CVV, cardNumber: made['cardNumber'] as string })).status).toBe(200);
    // A patch that changes nothing is answered from what was kept of the answer.
    for (let time = 0; time < 2; time += 1) expect((await api.patch('card', { description: 'x' }, { 'idempotency-key': 'nothing' })).status).toBe(200);
    const operations = [{ op: 'add', path: '/cvv', value: CVV }, { op: 'add', path: '', value: { id: 'card', ...CARD, cvv: CVV } }, { op: 'add', path: "$['c\\u0076v']", value: CVV }];
    for (const operation of operations) await api.patch('card', [operation], { 'content-type': 'application/json-patch-query+json' });
    expect((await api.post({ id: 'card', ...CARD, cvv: CVV })).status).toBe(409);
    expect((await api.post({ '@type': 'bankCard', name: 'Card', cardNumber: CARD.cardNumber, cvv: CVV })).status).toBe(400);

    const refused = { ...CARD, brand: 7, cvv: CVV };
    const messages = [
      sent('create', 'valid', JSON.stringify({ ...CARD, cvv: CVV })),
      sent('create', 'refused', JSON.stringify(refused)),
      sent('create', 'broken', `{"cardNumber":"${CARD.cardNumber}","cvv":"${CVV}",}`),
      sent('create', 'escaped', `{"cardNumber":"${CARD.cardNumber}","\\u0063vv":"${CVV}","name":7}`),
      sent('patch', 'card', JSON.stringify([{ op: 'test', path: '/name', value: 'other' }, { op: 'add', path: '/cvv', value: CVV }, { op: 'add', path: '/cardNumber', value: CARD.cardNumber }]), {}, 'application/json-patch+json'),
      sent('create', 'unknown', JSON.stringify(refused), { type: 'org.tmforum.card.create' }),
      structured('create', 'structured', { data: refused }),
      structured('create', 'base64', { data_base64: Buffer.from(JSON.stringify(refused)).toString('base64') }),
      structured('create', 'text', { data: JSON.stringify(refused) }),
      { ...structured('create', 'cut', {}), body: Buffer.from(JSON.stringify({ data: refused }).slice(0, -3)) },
      { ...structured('create', 'deep', {}), body: Buffer.from(`${'['.repeat(2_000)}{"cvv":"${CVV}","cardNumber":"${CARD.cardNumber}"}${']'.repeat(2_000)}`) },
    ];
    for (const message of messages) await bus.send(message);
    await until('all but the valid one are parked', async () => (await store.parked({}, 100)).length === messages.length - 1);
    expect((await api.delete('account')).status).toBe(204);
    await published();
  }, 60_000);

  it('are in full in the answer to a GET by id, the verification value not even there', async () => {
    const card = await json(await api.get('/card'));
    expect(card).toMatchObject({ ...CARD, expirationDate: '2030-01-01T00:00:00.000Z' });
    expect(card).not.toHaveProperty('cvv');
    expect(await json(await api.get('/token'))).toMatchObject({ token: HIDDEN.token });
    expect((await store.load(TYPE, ['valid'])).get('valid')?.resource).toMatchObject({ cardNumber: CARD.cardNumber });
  });

  it('are masked in lists, which are neither filtered nor sorted by them', async () => {
    for (const query of ['', '?fields=cardNumber,token,authorizationCode', '?name=Card', '?sort=name&cursor=']) {
      const text = await (await api.get(query)).text();
      expect([text.includes('************9876'), hiddenIn(text)]).toEqual([true, []]);
    }
    for (const [name, value] of Object.entries(HIDDEN)) {
      for (const query of [`?${name}=${value}9876`, `?${name}.regex=${value}`, `?${name}%3E${value}`, `?sort=${name}`, `?sort=name,-${name}`, `?name=Card&${name}.in=${value}`, `?name=${value}&${name}=${value}`]) {
        const answer = await api.get(query);
        expect([query, answer.status, hiddenIn(await answer.text())]).toEqual([query, 400, []]);
      }
    }
  });

  it('are masked in events, replies and what the log keeps of them', async () => {
    expect(heard.events.length).toBeGreaterThan(10);
    expect(heard.events.some(({ content }) => content.includes('************9876'))).toBe(true);
    expect(hiddenIn(heard.events.map(({ content }) => content).join('\n'))).toEqual([]);
    expect(heard.replies.length).toBeGreaterThan(10);
    expect(hiddenIn(JSON.stringify(heard.replies))).toEqual([]);
    const commits = await store.readLog(0, 1_000);
    expect(hiddenIn(JSON.stringify(commits))).toEqual([]);
  });

  it('come over the bus as they must, but for the verification value', () => {
    expect(heard.commands.some((body) => body.includes(CARD.cardNumber))).toBe(true);
    expect(heard.commands.filter((body) => unpacked(body).includes(CVV))).toEqual([]);
  });

  it('are in the original of a parked message, and masked where that is shown', async () => {
    const parked = await store.parked({}, 100);
    const originals = parked.filter(({ body }) => unpacked(Buffer.from(body).toString('latin1')).includes(HIDDEN.cardNumber));
    expect(originals).toHaveLength(parked.length);
    for (const message of parked) {
      expect(hiddenIn(Buffer.from(message.body).toString('latin1'))).not.toContain(CVV);
      expect([message.error, hiddenIn(message.error)]).toEqual([message.error, []]);
      expect(hiddenIn(JSON.stringify(detailsOf(message, all)))).toEqual([]);
      expect(hiddenIn(await admin(`/parked/${message.id}`))).toEqual([]);
    }
    expect(hiddenIn(await admin('/parked'))).toEqual([]);
    expect(await admin(`/parked/${parked[0]?.id}`)).toContain('9876');
  });

  it('are masked in the past', async () => {
    for (const path of ['card/history', 'card?revision=1', 'card?revision=2', `card?at=${new Date().toISOString()}`, 'account?revision=1', 'account/history']) expect([path, hiddenIn(await admin(`/${TYPE}/${path}`))]).toEqual([path, []]);
    expect(await admin(`/${TYPE}/card?revision=1`)).toContain('************9876');
  });

  it('are masked in snapshots', async () => {
    const told: string[] = [];
    const republish = { republish: (event: OutgoingEvent) => Promise.resolve(void told.push(event.content)) };
    for await (const published of snapshot(store, republish, { definition, representation, source: '/test', now: () => new Date() })) expect(published).toBe(told.length);
    expect([told.length, hiddenIn(told.join('\n'))]).toEqual([3, []]);
  });

  it('are not lost when they come back masked', async () => {
    const [shown] = await list(await api.get('?id=token'));
    expect(shown).toMatchObject({ token: '*'.repeat(HIDDEN.token.length) });
    expect((await api.patch('token', { ...shown, description: 'mine' })).status).toBe(200);
    expect(await json(await api.get('/token'))).toMatchObject({ token: HIDDEN.token, description: 'mine' });
    const replaced = [{ op: 'replace', path: '/token', value: '*'.repeat(HIDDEN.token.length) }, { op: 'replace', path: '/description', value: 'yours' }];
    expect((await api.patch('token', replaced, { 'content-type': 'application/json-patch+json' })).status).toBe(200);
    expect(await json(await api.get('/token'))).toMatchObject({ token: HIDDEN.token, description: 'yours' });
  });

  it('are not on the bus either when an operator sends a corrected message', async () => {
    const [broken] = await store.parked({ subject: 'broken' }, 1);
    const body = JSON.stringify({ ...CARD, cvv: CVV });
    heard.commands.length = 0;
    const response = await fetch(`${origin}/admin/parked/${broken?.id}/retry`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body });
    expect(response.status).toBe(202);
    await until('it is applied', async () => (await store.load(TYPE, ['broken'])).size === 1);
    expect([heard.commands.length, hiddenIn(heard.commands.join('\n')).includes(CVV)]).toEqual([1, false]);
  });

  it('are nowhere in the log, whatever its level', () => {
    expect(heard.lines.length).toBeGreaterThan(50);
    expect(heard.lines.filter((line) => hiddenIn(line).length > 0)).toEqual([]);
  });

  it('are nowhere else in the database', async () => {
    await published();
    const tables = JSON.parse(await harness.contents(database)) as { name: string; rows: Json[] }[];
    const holding = tables.filter(({ rows }) => hiddenIn(JSON.stringify(rows)).length > 0).map(({ name }) => name);
    expect(holding.sort()).toEqual([`live:${TYPE}`, 'parked']);
    expect(unpacked(JSON.stringify(tables)).includes(CVV)).toBe(false);
  });
});
