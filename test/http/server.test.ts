import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { UnroutableError } from '../../src/errors.js';
import { errorResponse } from '../../src/http/error-response.js';
import type { JsonObject } from '../../src/json.js';
import type { Message } from '../../src/message.js';
import { ask, CLOSE_MS, type Rest, startRest, tmfError } from './rest-fixture.js';

let rest: Rest;

beforeEach(async () => {
  rest = await startRest();
});

afterEach(() => rest.close());

/** Sends bytes as they are and reads until the connection ends. */
async function raw(text: string): Promise<{ status: number; body: unknown }> {
  const socket = connect(Number(new URL(rest.origin).port), '127.0.0.1');
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) as unknown };
}

describe('routes', () => {
  test.each(['/', '/partyRole', '/tmf-api', '/health', '/tmf-api/partyRoleManagement/v4/PARTYROLE', '/tmf-api/partyRoleManagement/v4/partyRole/1/2'])('%s is unknown', async (path) => {
    const { status, body } = await ask(`${rest.origin}${path}`);
    expect([status, body]).toEqual([404, tmfError(404)]);
  });

  test.each([
    ['', 'PUT', 'GET, HEAD, POST, OPTIONS'],
    ['', 'PATCH', 'GET, HEAD, POST, OPTIONS'],
    ['', 'DELETE', 'GET, HEAD, POST, OPTIONS'],
    ['/1', 'POST', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['/1', 'PUT', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
  ])('partyRole%s does not know %s', async (path, method, allowed) => {
    const { status, body, headers } = await ask(`${rest.roles}${path}`, { method });
    expect([status, body, headers.get('allow')]).toEqual([405, tmfError(405), allowed]);
  });

  test('OPTIONS tells what is possible', async () => {
    const collection = await ask(rest.roles, { method: 'OPTIONS' });
    expect([collection.status, collection.headers.get('allow'), collection.body]).toEqual([204, 'GET, HEAD, POST, OPTIONS', undefined]);
    const member = await ask(`${rest.roles}/1`, { method: 'OPTIONS' });
    expect([member.status, member.headers.get('accept-patch')]).toEqual([204, expect.stringContaining('merge-patch')]);
  });

  test.each(['application/json', 'application/json;charset=UTF-8', '*/*', 'application/*', 'text/html, application/json;q=0.1', '', 'text/html, */*;q=0.5'])('Accept: %s is served', async (accept) => {
    expect((await ask(rest.roles, { headers: { Accept: accept } })).status).toBe(200);
  });

  test.each(['text/html', 'application/xml', 'application/json;q=0', '*/*, application/json;q=0', 'text/*'])('Accept: %s is not', async (accept) => {
    const { status, body } = await ask(rest.roles, { headers: { Accept: accept } });
    expect([status, body]).toEqual([406, tmfError(406)]);
  });

  test('a path that cannot be decoded is 400', async () => {
    const { status, body } = await ask(`${rest.roles}/%FF`);
    expect([status, body]).toEqual([400, tmfError(400)]);
  });

  test('answers tell nothing of the software', async () => {
    const { headers } = await ask(rest.roles);
    expect([headers.get('x-powered-by'), headers.get('server'), headers.get('etag')]).toEqual([null, null, null]);
  });
});

describe('bytes that are no request', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['raw text in the path', 'GET /é HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['too many headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s', async (_, bytes, status) => {
    expect(await raw(bytes)).toEqual({ status, body: tmfError(status) });
  });

  test('a header that may be given once only', async () => {
    const twice = ['DELETE /tmf-api/partyRoleManagement/v4/partyRole/1 HTTP/1.1', 'Host: x', 'Connection: close', 'X-Channel: a', 'X-Channel: b', '', ''].join('\r\n');
    expect(await raw(twice)).toEqual({ status: 400, body: tmfError(400, /X-Channel/) });
  });
});

describe('correlation', () => {
  test('the id is echoed, or made when it is absent or unusable', async () => {
    const echoed = async (headers: Record<string, string>): Promise<string | null> => (await ask(rest.roles, { headers })).headers.get('x-correlation-id');
    expect(await echoed({ 'X-Correlation-ID': 'abc' })).toBe('abc');
    expect(await echoed({})).toBe('new-1');
    expect(await echoed({ 'X-Correlation-ID': 'two words' })).toBe('new-2');
  });

  test('each request is one line, without query values and payloads', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    rest.answerWith(() => ({ status: 200, headers: {}, body: { name: 'secret-reply' } }));
    await ask(`${rest.origin}/health/live`);
    await ask(`${rest.roles}?name=secret-value`, { method: 'POST', body: '{"name":"secret-body"}', headers: { 'Content-Type': 'application/json', 'X-Correlation-ID': 'c', traceparent } });
    // The line is written when the connection has taken the answer, which may be after the client has read it.
    while (rest.lines.length === 0) await pause(5);
    expect(rest.lines).toEqual([
      expect.objectContaining({ level: 30, method: 'POST', path: new URL(rest.roles).pathname, status: 200, ms: expect.any(Number) as number, correlationid: 'c', traceparent }),
    ]);
    expect(JSON.stringify(rest.lines)).not.toContain('secret');
  });
});

describe('a fault of this software', () => {
  test('is a 500 that tells nothing, and a log line that tells all', async () => {
    const faulty = await startRest(({ store }) => ({ store: Object.create(store, { find: { value: () => Promise.reject(new Error('secret detail')) } }) as typeof store }));
    try {
      const { status, body } = await ask(faulty.roles, { headers: { 'X-Correlation-ID': 'c' } });
      expect([status, body]).toEqual([500, tmfError(500)]);
      expect(JSON.stringify(body)).not.toContain('secret');
      const line = faulty.lines.find(({ level }) => level === 50);
      expect(line).toMatchObject({ correlationid: 'c', err: { message: 'secret detail' } });
    } finally {
      await faulty.close();
    }
  });

  test('of the topology is a matter of the moment', () => {
    expect(errorResponse(new UnroutableError('no lane'))).toMatchObject({ status: 503, headers: { 'Retry-After': '5' }, body: tmfError(503) });
  });
});

describe('health', () => {
  const ready = (): Promise<{ status: number; body: unknown }> => ask(`${rest.origin}/health/ready`);

  test('is good when bus and store are there', async () => {
    expect(await ask(`${rest.origin}/health/live`)).toMatchObject({ status: 200, body: { status: 'live' } });
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready', bus: { up: true }, store: { up: true } } });
  });

  test('knows what is away and why', async () => {
    await rest.bus.close();
    expect(await ready()).toMatchObject({ status: 503, body: { bus: { up: false, why: expect.any(String) as string }, store: { up: true } } });
    await rest.store.close();
    expect(await ready()).toMatchObject({ status: 503, body: { store: { up: false } } });
    expect((await ask(`${rest.origin}/health/live`)).status).toBe(200);
  });

  test('asks what else readiness depends on', async () => {
    const held = await startRest(() => ({ ready: () => ({ worker: { up: false, why: 'held' } }) }));
    try {
      expect(await ask(`${held.origin}/health/ready`)).toMatchObject({ status: 503, body: { worker: { up: false, why: 'held' } } });
    } finally {
      await held.close();
    }
  });

  test('shows what it does not depend on', async () => {
    const hub = { up: false, why: 'held' };
    const shown = await startRest(() => ({ shown: () => ({ hub }) }));
    try {
      expect(await ask(`${shown.origin}/health/ready`)).toMatchObject({ status: 200, body: { status: 'ready', store: { up: true }, hub } });
    } finally {
      await shown.close();
    }
  });

  test('while draining, readiness is gone and requests are served', async () => {
    rest.server.drain();
    expect(await ready()).toMatchObject({ status: 503, body: { status: 'draining' } });
    expect((await ask(rest.roles)).status).toBe(200);
  });
});

describe('close', () => {
  /** A request on a connection that wants to stay open. */
  async function deleteKeepingAlive(agent: Agent): Promise<{ status: number | undefined; body: JsonObject }> {
    const sent = request(`${rest.roles}/1`, { method: 'DELETE', agent });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) as JsonObject };
  }

  test('finishes what is running, accepts no more, and leaves no connection open', async () => {
    await rest.close();
    // So long that only an orderly close ends within the test's time.
    rest = await startRest(() => ({ replyTimeoutMs: 60_000 }));
    const agent = new Agent({ keepAlive: true });
    const running = deleteKeepingAlive(agent);
    while (rest.commands.length === 0) await pause(5);
    const closing = rest.server.close(60_000);
    await expect(fetch(rest.roles)).rejects.toThrow();
    const { replyTo } = rest.commands[0] as Message;
    if (!replyTo) throw new Error('nobody waits for a reply');
    await rest.bus.reply(replyTo, { status: 200, headers: {}, body: { late: true } });
    expect(await running).toEqual({ status: 200, body: { late: true } });
    await closing;
    agent.destroy();
  });

  test('may be asked for twice, and before listening', async () => {
    await Promise.all([rest.server.close(CLOSE_MS), rest.server.close(CLOSE_MS)]);
    await rest.server.close(CLOSE_MS);
  });
});
