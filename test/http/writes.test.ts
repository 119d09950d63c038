import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Message } from '../../src/message.js';
import { ask, BASE_PATH, NOW, type Rest, startRest, tmfError } from './rest-fixture.js';

let rest: Rest;

beforeEach(async () => {
  rest = await startRest(() => ({ authidHeader: 'x-user' }));
  rest.answerWith(() => ({ status: 202, headers: { 'X-Worker': 'test' }, body: { done: true } }));
});

afterEach(() => rest.close());

const JSON_HEADERS = { 'Content-Type': 'application/json' };

function post(body: RequestInit['body'], headers: Record<string, string> = {}) {
  return ask(rest.roles, { method: 'POST', body: body ?? null, headers: { ...JSON_HEADERS, ...headers } });
}

function patch(id: string, body: string, headers: Record<string, string> = {}) {
  return ask(`${rest.roles}/${id}`, { method: 'PATCH', body, headers: { 'Content-Type': 'application/merge-patch+json', ...headers } });
}

function remove(id: string, headers: Record<string, string> = {}) {
  return ask(`${rest.roles}/${id}`, { method: 'DELETE', headers });
}

function onlyCommand(): Message {
  expect(rest.commands).toHaveLength(1);
  return rest.commands[0] as Message;
}

describe('a write becomes a command', () => {
  test('POST: create, with the body as it came', async () => {
    const body = '{"name" : "Ä",\n "id":"42", "name":"twice"}';
    await post(body, { 'Content-Type': 'application/json;charset=utf-8', 'X-Correlation-ID': 'corr-1' });
    const { attributes, body: bytes, contentType } = onlyCommand();
    expect(Buffer.from(bytes).toString()).toBe(body);
    expect(contentType).toBe('application/json');
    expect(attributes).toMatchObject({
      specversion: '1.0',
      id: 'new-1',
      source: 'urn:test:rest',
      type: 'org.tmforum.partyRole.create',
      subject: '42',
      time: NOW,
      channel: 'rest',
      correlationid: 'corr-1',
    });
    expect(attributes).not.toHaveProperty('authid');
    expect(attributes).not.toHaveProperty('expectedrevision');
    expect(attributes).not.toHaveProperty('traceparent');
  });

  test.each(['{"name":"a"}', '{"id":7}', '{"id":"a b"}', '[]', '"text"', 'null'])('POST of %s names no subject; the worker judges it', async (body) => {
    expect((await post(body)).status).toBe(202);
    expect(onlyCommand().attributes).not.toHaveProperty('subject');
  });

  test.each(['application/merge-patch+json', 'application/json', 'application/json-patch+json', 'application/json-patch-query+json', 'APPLICATION/JSON; charset=utf-8'])(
    'PATCH of %s',
    async (type) => {
      await patch('42', '[]', { 'Content-Type': type });
      expect(onlyCommand().attributes).toMatchObject({ type: 'org.tmforum.partyRole.patch', subject: '42' });
      expect(onlyCommand().contentType).toBe(type.split(';')[0]?.toLowerCase());
    },
  );

  test('DELETE, whose Content-Type means nothing', async () => {
    await remove('a%3A1', { 'Content-Type': 'application/json' });
    const { attributes, body, contentType } = onlyCommand();
    expect(attributes).toMatchObject({ type: 'org.tmforum.partyRole.delete', subject: 'a:1' });
    expect(body.byteLength).toBe(0);
    expect(contentType).toBeUndefined();
  });

  test('who asks comes from the headers', async () => {
    await remove('1', { 'X-User': 'alice', 'X-Channel': 'portal' });
    expect(onlyCommand().attributes).toMatchObject({ authid: 'alice', channel: 'portal' });
  });

  test.each([
    ['X-Channel', 'two words'],
    ['X-Channel', 'x'.repeat(65)],
    ['X-User', 'x'.repeat(257)],
    ['Idempotency-Key', 'two words'],
    ['Idempotency-Key', 'x'.repeat(256)],
    ['If-Match', '3'],
    ['X-Imported', 'yes'],
  ])('%s: %s is refused by name', async (name, value) => {
    const { status, body } = await remove('1', { [name]: value });
    expect([status, body]).toEqual([400, tmfError(400, new RegExp(name, 'i'))]);
    expect(rest.commands).toHaveLength(0);
  });

  test('X-Imported marks the command of a mass import, and nothing else does', async () => {
    for (const mark of ['true', 'false']) await remove('1', { 'X-Imported': mark });
    await remove('1');
    expect(rest.commands.map(({ attributes }) => attributes['imported'])).toEqual(['true', undefined, undefined]);
  });

  test('trace context is passed on when it is well-formed', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await remove('1', { traceparent, tracestate: 'k=v' });
    await remove('1', { traceparent: `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'k=v' });
    expect(rest.commands[0]?.attributes).toMatchObject({ traceparent, tracestate: 'k=v' });
    expect(rest.commands[1]?.attributes).not.toHaveProperty('traceparent');
    expect(rest.commands[1]?.attributes).not.toHaveProperty('tracestate');
  });

  test('If-Match becomes the expected revision', async () => {
    await remove('1', { 'If-Match': '"3"' });
    await remove('1', { 'If-Match': '*' });
    await post('{}', { 'If-Match': '"1", "2"' });
    expect(rest.commands.map(({ attributes }) => attributes['expectedrevision'])).toEqual(['3', '*', '1,2']);
  });

  test('an If-Match that can never match is refused at once', async () => {
    const { status, body } = await remove('1', { 'If-Match': 'W/"3"' });
    expect([status, body]).toEqual([412, tmfError(412, /If-Match/)]);
    expect(rest.commands).toHaveLength(0);
  });
});

describe('Idempotency-Key', () => {
  async function idOf(request: Promise<unknown>): Promise<string | undefined> {
    await request;
    return rest.commands.at(-1)?.attributes['id'];
  }

  test('makes the same request the same command, and nothing else', async () => {
    const key = { 'Idempotency-Key': 'k' };
    const first = await idOf(post('{}', key));
    expect(first).toBe(createHash('sha256').update(JSON.stringify([null, 'POST', `${BASE_PATH}/partyRole`, 'k'])).digest('hex'));
    expect(await idOf(ask(`${rest.roles}/?x=1`, { method: 'POST', body: '{}', headers: { ...JSON_HEADERS, ...key } }))).toBe(first);
    const others = [
      await idOf(post('{}', { 'Idempotency-Key': 'K' })),
      await idOf(post('{}', { ...key, 'X-User': 'alice' })),
      await idOf(patch('1', '{}', key)),
      await idOf(patch('2', '{}', key)),
      await idOf(remove('1', key)),
      await idOf(post('{}')),
      await idOf(post('{}')),
    ];
    expect(new Set([first, ...others]).size).toBe(others.length + 1);
  });

  test('is the same for every spelling of the path', async () => {
    const key = { 'Idempotency-Key': 'k' };
    expect(await idOf(remove('a%3a1/', key))).toBe(await idOf(remove('a:1', key)));
  });
});

describe('the answer', () => {
  test('is the reply as it is', async () => {
    const reply = { status: 201, headers: { Location: '/x/1', ETag: '"1"' }, body: { id: '1', ['__proto__']: 1 } };
    rest.answerWith(() => reply);
    const { status, headers, body } = await post('{}');
    expect([status, headers.get('location'), headers.get('etag'), body]).toEqual([201, '/x/1', '"1"', reply.body]);
  });

  test('may have no body', async () => {
    rest.answerWith(() => ({ status: 204, headers: {} }));
    const { status, headers, body } = await remove('1');
    expect([status, headers.get('content-type'), body]).toEqual([204, null, undefined]);
  });

  test('is 504 when none comes in time', async () => {
    await rest.close();
    rest = await startRest(() => ({ replyTimeoutMs: 50 }));
    const { status, body } = await post('{}');
    expect([status, body]).toEqual([504, tmfError(504, /same Idempotency-Key/)]);
  });

  test('is 503 when the bus is away', async () => {
    await rest.bus.close();
    const { status, body, headers } = await post('{}');
    expect([status, body, headers.get('retry-after')]).toEqual([503, tmfError(503), '5']);
    expect((await ask(rest.roles)).status).toBe(200);
  });

  test('is 503 for reads and writes when the database is away', async () => {
    await rest.store.close();
    for (const answer of [await post('{}'), await patch('1', '{}'), await remove('1'), await ask(rest.roles), await ask(`${rest.roles}/1`)]) {
      expect([answer.status, answer.body, answer.headers.get('retry-after')]).toEqual([503, tmfError(503), '5']);
    }
    expect(rest.commands).toHaveLength(0);
  });
});

describe('a body', () => {
  test.each([
    ['{"a":1,}', /line 1, column 8/],
    ['{\n "a": 1\n "b": 2\n}', /line 3, column 2/],
    ['{"a":x}', /token 'x'/],
    ['[1', /line 1, column 3/],
    [' ', /end of JSON/],
    ['\uFEFF{}', /body/],
  ])('%j is not JSON, and the error says where', async (text, where) => {
    const { status, body } = await post(Buffer.from(text));
    expect([status, body]).toEqual([400, tmfError(400, where)]);
    expect(rest.commands).toHaveLength(0);
  });

  test('that is not JSON is not quoted', async () => {
    const { body } = await post(Buffer.from('{"@type":"bankCard","cvv":x739}'));
    expect(JSON.stringify(body)).not.toContain('739');
  });

  test('that is not UTF-8 is refused', async () => {
    expect((await post(Buffer.from([0x22, 0xff, 0x22]))).body).toEqual(tmfError(400, /UTF-8/));
  });

  test('is mandatory for POST and PATCH', async () => {
    expect((await post(undefined)).body).toEqual(tmfError(400, /no body/));
    expect((await ask(`${rest.roles}/1`, { method: 'PATCH' })).body).toEqual(tmfError(400, /no body/));
    const chunked = await ask(rest.roles, { method: 'POST', headers: JSON_HEADERS, body: new ReadableStream({ start: (controller) => controller.close() }), duplex: 'half' });
    expect(chunked.body).toEqual(tmfError(400, /no body/));
  });

  test('may be compressed', async () => {
    await post(gzipSync('{"id":"z"}'), { 'Content-Encoding': 'gzip' });
    expect(onlyCommand().attributes['subject']).toBe('z');
  });

  test.each([
    ['larger than the limit', () => Buffer.alloc(10_001, ' '), 'identity', 413],
    ['larger than the limit once decompressed', () => gzipSync(Buffer.alloc(1_000_000, ' ')), 'gzip', 413],
    ['in another encoding', () => Buffer.from('{}'), 'rot13', 415],
    ['that is no gzip', () => Buffer.from('{}'), 'gzip', 400],
  ])('%s is refused', async (_, body, encoding, expected) => {
    const { status, body: error } = await post(body(), { 'Content-Encoding': encoding });
    expect([status, error]).toEqual([expected, tmfError(expected)]);
    expect(rest.commands).toHaveLength(0);
  });

  test('of another media type is 415, and the answer lists those that are taken', async () => {
    const created = await post('{}', { 'Content-Type': 'text/plain' });
    expect([created.status, created.body, created.headers.get('accept-post')]).toEqual([415, tmfError(415), 'application/json']);
    const patched = await patch('1', '{}', { 'Content-Type': 'application/xml' });
    expect([patched.status, patched.body]).toEqual([415, tmfError(415)]);
    expect(patched.headers.get('accept-patch')).toContain('application/json-patch-query+json');
    expect((await post('{}', { 'Content-Type': 'application/merge-patch+json' })).status).toBe(415);
  });
});

test('an id that cannot exist is 404 before anything else', async () => {
  expect((await patch('a%20b', 'x', { 'Content-Type': 'text/plain' })).status).toBe(404);
  expect((await remove('%24x')).status).toBe(404);
  expect(rest.commands).toHaveLength(0);
});
