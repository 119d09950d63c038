import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { ClientLimits } from '../../src/http/server.js';
import type { JsonObject } from '../../src/json.js';
import type { Store } from '../../src/store/store.js';
import { openSender } from '../hub/local-listener.js';
import { until } from '../support/service.js';
import { type Answer, ask, BASE_PATH, type Rest, startRest, tmfError } from './rest-fixture.js';

const COLLECTION = `${BASE_PATH}/partyRole`;
const JSON_TYPE = { 'Content-Type': 'application/json' };
/** Long enough for a slow machine where nothing is to be cut off. */
const PATIENT: ClientLimits = { headersMs: 60_000, requestMs: 60_000, answerMs: 60_000 };
/** What a busy machine may need for thousands of connections. */
const FLOOD_MS = 100_000;
const IMPATIENT: ClientLimits = { headersMs: 300, requestMs: 300, answerMs: 300 };

let rest: Rest;
const sockets: Socket[] = [];
const agent = new Agent({ maxSockets: Infinity });

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rest.close();
});
afterAll(() => agent.destroy());

/** A connection that has sent these bytes. */
function open(bytes: string): { socket: Socket; received: () => string; closed: Promise<unknown> } {
  const socket = connect(Number(new URL(rest.origin).port), '127.0.0.1');
  sockets.push(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  return { socket, received: () => Buffer.concat(chunks).toString(), closed: once(socket, 'close') };
}

function head(method: string, path: string, ...headers: string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');
}

/** A creation that waits for its reply. */
function post(): string {
  return head('POST', COLLECTION, 'Content-Type: application/json', 'Content-Length: 12') + '{"name":"a"}';
}

/** A creation on a connection of its own; unlike `fetch` it does not wait for others. */
function create(): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(rest.roles, { method: 'POST', agent, headers: JSON_TYPE }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: new Headers(response.headers as Record<string, string>), body: JSON.parse(Buffer.concat(chunks).toString()) as unknown }));
    });
    sent.on('error', reject);
    sent.end('{"name":"a"}');
  });
}

async function answerAll(): Promise<void> {
  for (const { replyTo } of rest.commands) if (replyTo) await rest.bus.reply(replyTo, { status: 200, headers: {}, body: { done: true } });
}

describe('more requests than there are places', () => {
  test('of 2,000 at once and no reply from the bus, 50 wait and 1,950 are told to come back', async () => {
    rest = await startRest(() => ({ maxRequests: 50, replyTimeoutMs: 60_000, admin: { token: 'secret-of-the-operator', definitions: [], retentionMs: 60_000, sender: openSender(), addressOf: () => '' } }), PATIENT);
    const answers: Answer[] = [];
    const all = Array.from({ length: 2_000 }, () => create().then((answer) => answers.push(answer)));
    await until('all but those that wait are answered', () => answers.length === 1_950, FLOOD_MS);
    expect(rest.commands).toHaveLength(50);
    for (const { status, headers, body } of answers) expect([status, headers.get('retry-after'), body]).toEqual([503, '5', tmfError(503, /50 requests/)]);

    // Probes and operators get through.
    expect((await ask(`${rest.origin}/health/ready`)).status).toBe(200);
    expect((await ask(`${rest.origin}/admin/parked`, { headers: { Authorization: 'Bearer secret-of-the-operator' } })).status).toBe(200);
    expect((await ask(rest.roles)).status).toBe(503);

    answers.length = 0;
    await answerAll();
    await Promise.all(all);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));

    rest.answerWith(() => ({ status: 201, headers: {}, body: {} }));
    expect((await Promise.all(Array.from({ length: 50 }, create))).map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201));
  }, 2 * FLOOD_MS);

  test('are answered before their bodies come', async () => {
    rest = await startRest(() => ({ maxRequests: 1, replyTimeoutMs: 60_000 }), PATIENT);
    open(post());
    await until('the place is taken', () => rest.commands.length === 1);
    const second = open(head('POST', COLLECTION, 'Content-Type: application/json', 'Content-Length: 5000'));
    await until('it is answered', () => second.received().startsWith('HTTP/1.1 503 '));
  });
});

describe('a place is given back', () => {
  /** One place, and one request that waits in it. */
  async function full(replyTimeoutMs: number, clients: ClientLimits): Promise<Socket> {
    rest = await startRest(() => ({ maxRequests: 1, replyTimeoutMs }), clients);
    const { socket } = open(post());
    await until('the place is taken', () => rest.commands.length === 1);
    expect((await ask(rest.roles)).status).toBe(503);
    return socket;
  }
  const isFree = async (): Promise<boolean> => (await ask(rest.roles)).status === 200;

  test('when the client disconnects', async () => {
    const socket = await full(60_000, PATIENT);
    socket.destroy();
    await until('the place is free', isFree);
  });

  test('by all that a client sent in one go, when it disconnects before their turn', async () => {
    rest = await startRest(() => ({ maxRequests: 5, replyTimeoutMs: 60_000 }), PATIENT);
    const { socket } = open(post().repeat(5));
    await until('the places are taken', () => rest.commands.length === 5);
    expect((await ask(rest.roles)).status).toBe(503);
    socket.destroy();
    // All of them, not only that of the first.
    const some = Array.from({ length: 5 }, () => open(post()));
    await until('every place is free', async () => {
      for (const one of some.filter(({ received }) => received().includes(' 503 '))) some.splice(some.indexOf(one), 1, open(post()));
      return Promise.resolve(rest.commands.length === 10);
    });
  });

  test('when no reply comes in time', async () => {
    await full(300, PATIENT);
    await until('the place is free', isFree);
  });

  test('when the client does not read its answer: it is cut off', async () => {
    let asked = 0;
    const counting = (store: Store): Store => Object.create(store, { find: { value: (...query: Parameters<Store['find']>) => ((asked += 1), store.find(...query)) } }) as Store;
    rest = await startRest(({ store }) => ({ maxRequests: 1, replyTimeoutMs: 300, store: counting(store) }), { ...IMPATIENT, answerMs: 3_000 });
    await rest.seed(...Array.from({ length: 50 }, (_, index): { resource: JsonObject & { id: string } } => ({ resource: { id: `large-${index}`, name: 'x'.repeat(400_000) } })));
    const { socket, closed } = open('');
    socket.pause();
    socket.write(head('GET', `${COLLECTION}?limit=50`));
    await until('the place is taken', () => asked === 1);
    expect((await ask(rest.roles)).status).toBe(503);
    await until('it is cut off', () => rest.lines.some((line) => line['msg'] === 'the caller neither takes its answer nor goes away: cut off'));
    // The connection closes a moment after the line is written.
    await until('the place is free', async () => (await ask(`${rest.roles}?limit=1`)).status === 200);
    socket.resume();
    await closed;
  });

  test('when the body does not come in time', async () => {
    rest = await startRest(() => ({ maxRequests: 1 }), IMPATIENT);
    const { received, closed } = open(head('POST', COLLECTION, 'Content-Type: application/json', 'Content-Length: 500') + '{"name":');
    await until('the place is free', isFree);
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 408 .*"@type":"Error"/s);
  });
});

describe('a client that is too slow', () => {
  test('with the head of its request gets 408 and is cut off', async () => {
    rest = await startRest(() => ({}), IMPATIENT);
    const { received, closed } = open('GET / HTTP/1.1\r\nHost: x\r\n');
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 408 .*"@type":"Error"/s);
  });

  test('and goes on sending after it was told is cut off all the same', async () => {
    rest = await startRest(() => ({}), IMPATIENT);
    const { socket, closed } = open('GET / HTTP/1.1\r\nX: ');
    const drip = setInterval(() => socket.write('x'), 20);
    await closed;
    clearInterval(drip);
  });
});

describe('bodies', () => {
  beforeEach(async () => {
    rest = await startRest();
    rest.answerWith(() => ({ status: 201, headers: {}, body: {} }));
  });

  /** A creation whose body comes in chunks, without a length. */
  const chunked = (bytes: Buffer, headers: Record<string, string> = {}): Promise<Answer> => ask(rest.roles, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: new Blob([new Uint8Array(bytes)]).stream(), duplex: 'half' });
  const role = (length: number): Buffer => Buffer.from(`{"name":"${'x'.repeat(length)}"}`);

  test('without a length end at the limit too', async () => {
    expect((await chunked(role(9_000))).status).toBe(201);
    expect(await chunked(role(11_000))).toMatchObject({ status: 413, body: tmfError(413) });
  });

  test.each(['gzip', 'deflate, gzip'])('that inflate beyond the limit end at it (%s)', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(200_000_000, ' '));
    expect(bomb.length).toBeGreaterThan(10_000);
    expect((await chunked(bomb, { 'Content-Encoding': encoding })).status).toBe(encoding === 'gzip' ? 413 : 415);
    expect((await chunked(gzipSync(role(9_000)), { 'Content-Encoding': 'gzip' })).status).toBe(201);
  });
});

describe('what Node refuses by itself', () => {
  beforeEach(async () => {
    rest = await startRest(() => ({ replyTimeoutMs: 60_000 }), PATIENT);
  });

  test.each([
    ['a request without Host', `GET ${COLLECTION} HTTP/1.1\r\n\r\n`, 400],
    ['an expectation that nobody knows', head('GET', COLLECTION, 'Expect: miracles', 'Connection: close'), 417],
    ['a chunk that has no length', head('POST', COLLECTION, 'Content-Type: application/json', 'Transfer-Encoding: chunked') + 'x\r\n', 400],
  ])('%s is answered with an error body', async (_, bytes, status) => {
    const { received, closed } = open(bytes);
    await closed;
    const [, body = ''] = received().split('\r\n\r\n');
    expect([received().slice(9, 12), JSON.parse(body)]).toEqual([String(status), tmfError(status)]);
  });

  test('rubbish behind a request that waits is not answered in its place', async () => {
    const { received, closed } = open(`${post()}rubbish\r\n\r\n`);
    await closed;
    expect(received()).toBe('');
  });

  // Answered in the same turn, so that its answer is out before the rubbish is read.
  test('rubbish behind an answer is no part of it', async () => {
    const { received, closed } = open(`${head('GET', '/nothing', 'Connection: close')}rubbish\r\n\r\n`);
    await closed;
    expect(received().match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});
