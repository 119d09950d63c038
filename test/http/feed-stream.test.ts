import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { FeedOptions, HttpOptions } from '../../src/http/http-options.js';
import type { ClientLimits } from '../../src/http/server.js';
import { append, appendMany, changed } from '../hub/append.js';
import { EventStreamClient } from '../support/event-stream.js';
import { until } from '../support/service.js';
import { type Feed, startFeed } from './feed-fixture.js';
import { ask, BASE_PATH, CLOSE_MS, tmfError } from './rest-fixture.js';

const STREAM = { Accept: 'text/event-stream' };

let feed: Feed;
const clients: EventStreamClient[] = [];

async function start(options: Partial<FeedOptions> = {}, http: Partial<HttpOptions> = {}, limits?: ClientLimits): Promise<void> {
  feed = await startFeed(options, http, limits);
}
afterEach(async () => {
  for (const client of clients.splice(0)) await client.abort();
  await feed.close();
});

async function open(query = '', lastEventId = '', options: Parameters<typeof EventStreamClient.open>[2] = {}): Promise<EventStreamClient> {
  const client = await EventStreamClient.open(`${feed.url}${query}`, lastEventId, options);
  clients.push(client);
  return client;
}

const rolesOf = ({ envelopes }: EventStreamClient): unknown[] => envelopes.map((envelope) => (envelope as { event: { partyRole: { id: string } } }).event.partyRole.id);

describe('a stream', () => {
  test('has what happens from now on, as TM Forum envelopes with their types and cursors', async () => {
    await start();
    await append(feed.store, [changed('before')]);
    const client = await open();
    expect([client.status, client.response.headers['content-type'], client.response.headers['cache-control']]).toEqual([200, 'text/event-stream', 'no-store']);
    await append(feed.store, [changed('a', 1, { note: 'two\nlines\r\n' }), changed('b')], [changed('x', 1, { resource: 'individual' }), changed('c')]);
    await client.has(3);
    expect(client.events.map(({ id, type }) => [id, type])).toEqual([['2.0', 'PartyRoleAttributeValueChangeEvent'], ['2', 'PartyRoleAttributeValueChangeEvent'], ['3', 'PartyRoleAttributeValueChangeEvent']]);
    expect(client.envelopes[0]).toMatchObject({ eventType: 'PartyRoleAttributeValueChangeEvent', event: { partyRole: { id: 'a', note: 'two\nlines\r\n' } } });
    expect([rolesOf(client), client.parser.retry]).toEqual([['a', 'b', 'c'], 1000]);
  });

  test('knows where it is before anything has happened', async () => {
    await start({ pace: { heartbeatMs: 60_000, stallMs: 60_000 } });
    await append(feed.store, [changed('before')]);
    const client = await open();
    await until('it has begun', () => client.parser.lastEventId !== '', 5_000);
    await client.abort();
    await append(feed.store, [changed('a')]);
    const again = await open('', client.parser.lastEventId);
    await again.has(1);
    expect([client.parser.lastEventId, rolesOf(again)]).toEqual(['1', ['a']]);
  });

  test('goes on behind a cursor; the header of a client that comes again wins', async () => {
    await start();
    await append(feed.store, [changed('a'), changed('b')], [changed('c')]);
    const [all, fromLink, resumed, now] = await Promise.all([open('?after=0'), open('?after=1.0'), open('?after=0', '1'), open('?after=now')]);
    await append(feed.store, [changed('d')]);
    await Promise.all([all.has(4), fromLink.has(3), resumed.has(2)]);
    expect([all, fromLink, resumed].map(rolesOf)).toEqual([['a', 'b', 'c', 'd'], ['b', 'c', 'd'], ['c', 'd']]);
    expect(now.status).toBe(503);
  });

  test('has what the filter lets through; what it does not moves the place to go on', async () => {
    await start({ pace: { heartbeatMs: 50, stallMs: 1_000 } });
    const client = await open('?event.partyRole.id=a&fields=eventId');
    await append(feed.store, [changed('a'), changed('b')], [changed('b')]);
    await until('the place has moved', () => client.parser.lastEventId === '2');
    await append(feed.store, [changed('b')]);
    await until('the place has moved', () => client.parser.lastEventId === '3');
    expect(client.events.map(({ id }) => id)).toEqual(['1.0']);
    expect(client.envelopes[0]).not.toHaveProperty('domain');
  });

  test('warns of attributes that the specification does not have', async () => {
    await start();
    const warningOf = async (query: string): Promise<string | null> => (await ask(`${feed.url}?${query}`, { method: 'HEAD', headers: STREAM })).headers.get('warning');
    expect([await warningOf('event.partyRole.nmae=x'), await warningOf('event.partyRole.name=x')]).toEqual(['299 - "the specification of partyRole has no nmae"', null]);
  });

  test('is never silent for long', async () => {
    await start({ pace: { heartbeatMs: 20, stallMs: 1_000 } });
    const client = await open();
    await until('comments come', () => client.parser.comments > 3);
    expect(client.events).toEqual([]);
  });

  test('is refused while there is a status to refuse it with', async () => {
    await start();
    await appendMany(feed.store, 30);
    feed.forget(25);
    expect(await ask(`${feed.url}?after=3`, { headers: STREAM })).toMatchObject({ status: 410, body: tmfError(410, /after=25/) });
    expect(await ask(feed.url, { headers: { ...STREAM, 'Last-Event-ID': '3.1' } })).toMatchObject({ status: 410, body: tmfError(410, /after=25/) });
    expect(await ask(feed.url, { headers: { ...STREAM, 'Last-Event-ID': '31' } })).toMatchObject({ status: 400, body: tmfError(400, /^Last-Event-ID: lies beyond the end/) });
    expect(await ask(`${feed.url}?after=31`, { headers: STREAM })).toMatchObject({ status: 400, body: tmfError(400, /^after: lies beyond the end/) });
    expect(await ask(feed.url, { headers: { ...STREAM, 'Last-Event-ID': 'x' } })).toMatchObject({ status: 400, body: tmfError(400, /^Last-Event-ID/) });
    expect(await ask(`${feed.url}?nothing=1`, { headers: STREAM })).toMatchObject({ status: 400, body: tmfError(400, /^nothing/) });
    const client = await open('?after=25');
    await client.has(5);
    expect(client.events.map(({ id }) => id)).toEqual(['26', '27', '28', '29', '30']);
  });

  test('ends with an error when what comes next is not kept any more, and then is gone', async () => {
    await start();
    await appendMany(feed.store, 2);
    const client = await open('?after=1');
    await client.has(1);
    feed.forget(4);
    await appendMany(feed.store, 3);
    await client.closed;
    expect([client.events.at(-1)?.type, client.envelopes.at(-1)]).toEqual(['error', tmfError(410, /go on with after=4/)]);
    expect([client.response.complete, client.parser.lastEventId]).toEqual([true, '2']);
    expect((await ask(feed.url, { headers: { ...STREAM, 'Last-Event-ID': client.parser.lastEventId } })).status).toBe(410);
  });

  test('loses and doubles nothing when it breaks again and again', async () => {
    await start();
    const expected: string[] = [];
    const writing = (async () => {
      for (let round = 0; round < 60; round += 1) {
        const ids = Array.from({ length: 1 + (round % 7) }, (_, index) => `${round}-${index}`);
        expected.push(...ids);
        await append(feed.store, ids.map((id) => changed(id, 1, { note: 'x'.repeat(2_000) })));
        await pause(Math.random() * 15);
      }
    })();
    const seen: unknown[] = [];
    let [lastEventId, connections] = ['0', 0];
    const deadline = Date.now() + 20_000;
    while (lastEventId !== '60' && Date.now() < deadline) {
      const client = await EventStreamClient.open(feed.url, lastEventId);
      connections += 1;
      await Promise.race([pause(Math.random() * 60), client.closed]);
      await client.abort();
      seen.push(...rolesOf(client));
      lastEventId = client.parser.lastEventId;
    }
    await writing;
    expect(seen).toEqual(expected);
    expect(connections).toBeGreaterThan(5);
  });
});

describe('limits', () => {
  test('so many streams and no more; a place is free again when one ends', async () => {
    await start({ maxStreams: 2 });
    const [first] = [await open(), await open()];
    const { status, headers, body } = await ask(feed.url, { headers: STREAM });
    expect([status, headers.get('retry-after'), body]).toEqual([503, '5', tmfError(503, /More than 2 event streams/)]);
    expect((await ask(feed.url)).status).toBe(200);
    // Those of other APIs have the same places.
    expect((await ask(`${feed.rest.origin}/tmf-api/party/v4/events`, { headers: STREAM })).status).toBe(503);
    await first.abort();
    await until('a place is free', async () => (await open()).status === 200);
  });

  test('a refusal takes no place', async () => {
    await start({ maxStreams: 1 });
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await ask(`${feed.url}?after=9`, { headers: STREAM })).status).toBe(400);
    expect((await ask(feed.url, { method: 'HEAD', headers: STREAM })).status).toBe(200);
    expect((await open()).status).toBe(200);
  });

  test('streams are no requests under way, and none of their limits cuts one off', async () => {
    await start({ pace: { heartbeatMs: 60_000, stallMs: 60_000 } }, { maxRequests: 1, replyTimeoutMs: 100 }, { headersMs: 200, requestMs: 200, answerMs: 200 });
    const streams = [await open(), await open()];
    await pause(2_500);
    expect((await ask(feed.url)).status).toBe(200);
    await append(feed.store, [changed('a')]);
    await Promise.all(streams.map((stream) => stream.has(1)));
    expect(streams.map(rolesOf)).toEqual([['a'], ['a']]);
  });

  test('a client that takes nothing holds little, and is cut off', async () => {
    await start({ pace: { heartbeatMs: 20, stallMs: 2_000 } });
    // More than all buffers of two sockets.
    for (let part = 0; part < 4; part += 1) await appendMany(feed.store, 100, 'x'.repeat(100_000));
    const stuck = await open('?after=0', '', { reads: false });
    await until('it is cut off', () => feed.rest.lines.some(({ msg }) => msg === 'an event stream was ended'));
    // 20 reads are the whole log.
    expect(feed.reads()).toBeLessThan(15);
    stuck.read();
    await stuck.closed;
    expect(stuck.response.complete).toBe(false);
    // What it took of it is whole, and it goes on from there.
    const again = await open('', stuck.parser.lastEventId);
    await again.has(400 - stuck.events.length);
    expect([...stuck.events, ...again.events].map(({ id }) => id)).toEqual(Array.from({ length: 400 }, (_, index) => String(index + 1)));
  });
});

describe('the end of the service', () => {
  test('ends streams at once, those that nobody reads too', async () => {
    await start();
    await appendMany(feed.store, 400, 'x'.repeat(100_000));
    const [healthy, stuck] = [await open(), await open('?after=0', '', { reads: false })];
    await until('it is stuck', async () => {
      const before = feed.reads();
      await pause(200);
      return feed.reads() === before;
    });
    const started = Date.now();
    await feed.rest.server.close(CLOSE_MS);
    expect(Date.now() - started).toBeLessThan(1_000);
    await healthy.closed;
    expect(healthy.response.complete).toBe(true);
    stuck.read();
    await stuck.closed;
  });

  test('refuses whoever comes on a connection that is still there', async () => {
    await start();
    const socket = connect(Number(new URL(feed.rest.origin).port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    const head = `Host: x\r\nContent-Type: application/json\r\n`;
    // A write that waits for its answer keeps the connection.
    socket.write(`POST ${BASE_PATH}/partyRole HTTP/1.1\r\n${head}Content-Length: 12\r\n\r\n{"name":"a"}`);
    await until('it is under way', () => feed.rest.commands.length === 1);
    const closed = feed.rest.server.close(CLOSE_MS);
    socket.write(`GET ${BASE_PATH}/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
    await closed;
    expect(received).not.toContain('text/event-stream');
  });
});
