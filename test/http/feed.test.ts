import { CloudEvent } from 'cloudevents';
import type { JsonObject } from '../../src/json.js';
import { announced, append, appendMany, changed } from '../hub/append.js';
import { until } from '../support/service.js';
import { type Feed, startFeed } from './feed-fixture.js';
import { type Answer, ask, tmfError } from './rest-fixture.js';

let feed: Feed;

beforeEach(async () => {
  feed = await startFeed();
});
afterEach(() => feed.close());

interface Page {
  readonly roles: unknown[];
  readonly cursor: string;
  /** Where the link `next` leads. */
  readonly next: string;
}

async function pageAt(url: string): Promise<Page> {
  const { status, headers, body } = await ask(url);
  expect([status, headers.get('x-result-count')]).toEqual([200, String((body as unknown[]).length)]);
  const roles = (body as { event: { partyRole: JsonObject } }[]).map(({ event }) => event.partyRole['id']);
  const next = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
  return { roles, cursor: headers.get('x-next-cursor') ?? '', next: feed.rest.origin + String(next) };
}

const page = (query = ''): Promise<Page> => pageAt(`${feed.url}?${query}`);
const refused = (query: string, headers: Record<string, string> = {}): Promise<Answer> => ask(`${feed.url}?${query}`, { headers });

describe('pages', () => {
  test('are TM Forum envelopes in the order of the log, of this API alone', async () => {
    await append(feed.store, [changed('a', 1), changed('x', 1, { resource: 'individual' }), announced()], [changed('b', 1), changed('a', 2)]);
    const { status, headers, body } = await ask(feed.url);
    const envelope = (id: string): object => ({ eventId: expect.any(String) as string, eventTime: expect.any(String) as string, timeOcurred: expect.any(String) as string, eventType: 'PartyRoleAttributeValueChangeEvent', domain: 'partyRoleManagement', event: { partyRole: { id, href: `/partyRole/${id}` } } });
    expect([status, headers.get('content-type'), body]).toEqual([200, 'application/json; charset=utf-8', [envelope('a'), envelope('b'), envelope('a')]]);
    const parties = await ask(`${feed.rest.origin}/tmf-api/party/v4/events`);
    expect((parties.body as { event: object }[]).map(({ event }) => Object.keys(event))).toEqual([['individual']]);
  });

  test('go on by cursor or link, also in the middle of a commit, and end where new events begin', async () => {
    await append(feed.store, [changed('a'), changed('b'), changed('c')], [changed('d')]);
    const first = await page('limit=2');
    expect([first.roles, first.cursor]).toEqual([['a', 'b'], '1.1']);
    expect(first.next).toBe(`${feed.url}?after=1.1&limit=2`);
    const second = await pageAt(first.next);
    expect([second.roles, second.cursor]).toEqual([['c', 'd'], '2']);
    const last = await pageAt(second.next);
    expect([last.roles, last.cursor]).toEqual([[], '2']);
    await append(feed.store, [changed('e')]);
    expect((await pageAt(last.next)).roles).toEqual(['e']);
    expect((await page('after=1.0')).roles).toEqual(['b', 'c', 'd', 'e']);
    expect((await page('after=0')).roles).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('begin at the end with after=now', async () => {
    await append(feed.store, [changed('a')]);
    const now = await page('after=now');
    expect([now.roles, now.cursor]).toEqual([[], '1']);
    await append(feed.store, [changed('b')]);
    expect((await pageAt(now.next)).roles).toEqual(['b']);
  });

  test('have what the filter lets through, and of it what was chosen; the link keeps both', async () => {
    await append(feed.store, [changed('a', 1), changed('b', 1)], [changed('a', 2)]);
    const filter = 'event.partyRole.id=a&fields=eventType,event.partyRole.id';
    const { body, headers } = await ask(`${feed.url}?limit=1&${filter}`);
    expect(body).toEqual([expect.objectContaining({ eventType: 'PartyRoleAttributeValueChangeEvent', event: { partyRole: { id: 'a', href: '/partyRole/a' } } })]);
    expect((body as object[])[0]).not.toHaveProperty('domain');
    expect(headers.get('link')).toContain(`?${filter}&after=1.0&limit=1>`);
    const next = await page(`${filter}&after=1.0`);
    expect([next.roles, next.cursor]).toEqual([['a'], '2']);
  });

  test('that are empty warn of attributes that the specification does not have', async () => {
    await append(feed.store, [changed('a')]);
    const warningOf = async (query: string): Promise<string | null> => (await ask(`${feed.url}?${query}`)).headers.get('warning');
    const warning = '299 - "the specification of partyRole has no nmae"';
    expect(await Promise.all(['event.partyRole.nmae=x', 'event.partyRole.nmae!=x', 'event.partyRole.name=x', 'after=now'].map(warningOf))).toEqual([warning, null, null, null]);
  });

  test('have 100 events, or as many as are asked for, up to 1,000', async () => {
    await append(feed.store, Array.from({ length: 1_005 }, (_, index) => changed('a', index + 1)));
    expect([(await page()).roles.length, (await page('limit=1000')).roles.length]).toEqual([100, 1000]);
  });

  test('search so far and no further; an empty one goes on', async () => {
    await appendMany(feed.store, 1_010);
    await append(feed.store, [changed('last')]);
    const none = await page('event.partyRole.id=last');
    expect(none.roles).toEqual([]);
    // The first pages of the log are smaller than those to come.
    expect(Number(none.cursor)).toBeGreaterThan(500);
    expect(Number(none.cursor)).toBeLessThanOrEqual(1_000);
    expect((await pageAt(none.next)).roles).toEqual(['last']);
  });

  test('end before they are too large for memory', async () => {
    await appendMany(feed.store, 60, 'x'.repeat(400_000));
    let [found, pages] = [0, 0];
    for (let { roles, next } = await page('limit=1000'); roles.length > 0; { roles, next } = await pageAt(next)) {
      expect(roles.length).toBeLessThanOrEqual(40);
      [found, pages] = [found + roles.length, pages + 1];
    }
    expect([found, pages]).toEqual([60, 3]);
  });

  test('are CloudEvents for who asks for a batch', async () => {
    await append(feed.store, [changed('a', 7)]);
    const { headers, body } = await refused('fields=eventType', { Accept: 'application/cloudevents-batch+json' });
    expect(headers.get('content-type')).toBe('application/cloudevents-batch+json');
    const [event] = body as JsonObject[];
    expect(event).toMatchObject({ specversion: '1.0', type: 'org.tmforum.partyRole.PartyRoleAttributeValueChangeEvent', subject: 'a', sequence: '0000000000000007', data: { eventType: 'PartyRoleAttributeValueChangeEvent' } });
    expect(event?.['data']).not.toHaveProperty('domain');
    expect(new CloudEvent(event ?? {}).validate()).toBe(true);
  });
});

describe('cursors', () => {
  test.each(['', 'x', '1.', '.1', '1.x', '-1', '1.1.1', '0.0', '1e3', '%20', '9999999999999999', 'NOW', '1,2'])('after=%s is none', async (after) => {
    expect(await refused(`after=${after}`)).toMatchObject({ status: 400, body: tmfError(400, /^after: must be a cursor/) });
  });

  test.each(['1', '0.1', '1.0', '5'])('after=%s lies beyond the end of an empty log', async (after) => {
    expect((await refused(`after=${after}`)).status).toBe(400);
  });

  test('beyond the end are told where that is', async () => {
    await appendMany(feed.store, 3);
    expect(await refused('after=4')).toMatchObject({ status: 400, body: tmfError(400, /^after: lies beyond the end of the log; the last cursor is 3$/) });
    expect(await refused('after=4.0')).toMatchObject({ status: 400, body: tmfError(400, /the last cursor is 3$/) });
    expect((await refused('after=3')).status).toBe(200);
    expect((await refused('after=3.999')).status).toBe(200);
  });

  test('older than what is kept are 410, told where the log begins; without one that is the beginning', async () => {
    await appendMany(feed.store, 30);
    feed.forget(25);
    for (const after of ['0', '24', '24.0', '25.0']) {
      expect(await refused(`after=${after}`)).toMatchObject({ status: 410, body: tmfError(410, /^after: the log begins behind the cursor 25: go on with after=25$/) });
    }
    expect((await page('after=25')).roles.length).toBe(5);
    const first = await page('limit=2');
    expect([first.roles.length, first.cursor]).toEqual([2, '27']);
    feed.forget(30);
    const none = await page();
    expect([none.roles, none.cursor]).toEqual([[], '30']);
  });

  test.each(['limit=0', 'limit=1001', 'limit=x', 'limit=', 'limit=1&limit=2', 'after=0&after=0', 'offset=1', 'sort=id', 'event.individual.id=1', 'nothing=1'])('%s is 400', async (query) => {
    expect(await refused(query)).toMatchObject({ status: 400, body: tmfError(400) });
  });
});

describe('the route', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('does not know %s', async (method) => {
    const { status, headers, body } = await ask(feed.url, { method });
    expect([status, headers.get('allow'), body]).toEqual([405, 'GET, HEAD, OPTIONS', tmfError(405)]);
  });

  test('answers OPTIONS and HEAD', async () => {
    await appendMany(feed.store, 2);
    const options = await ask(feed.url, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const head = await ask(feed.url, { method: 'HEAD' });
    expect([head.status, head.headers.get('x-next-cursor'), head.body]).toEqual([200, '2', undefined]);
    const stream = await ask(feed.url, { method: 'HEAD', headers: { Accept: 'text/event-stream' } });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  });

  test.each([
    ['*/*', 'application/json; charset=utf-8'],
    ['', 'application/json; charset=utf-8'],
    ['application/*', 'application/json; charset=utf-8'],
    ['application/json;q=0.2, application/cloudevents-batch+json', 'application/cloudevents-batch+json'],
    ['application/cloudevents-batch+json;q=0.2, application/json', 'application/json; charset=utf-8'],
    ['text/event-stream;q=0.1, */*', 'application/json; charset=utf-8'],
    ['*/*, application/cloudevents-batch+json', 'application/cloudevents-batch+json'],
    ['application/json;q=0, application/*', 'application/cloudevents-batch+json'],
  ])('Accept: %s is answered with %s', async (accept, type) => {
    expect((await refused('', { Accept: accept })).headers.get('content-type')).toBe(type);
  });

  test.each(['text/html', 'application/xml', '*/*;q=0', 'text/event-stream;q=0'])('Accept: %s is 406', async (accept) => {
    expect(await refused('', { Accept: accept })).toMatchObject({ status: 406, body: tmfError(406) });
  });

  test('says so when the database is away', async () => {
    await feed.store.close();
    await until('it is known', () => !feed.store.status().up);
    expect(await refused('')).toMatchObject({ status: 503, body: tmfError(503) });
    expect(await refused('', { Accept: 'text/event-stream' })).toMatchObject({ status: 503, body: tmfError(503) });
  });
});
