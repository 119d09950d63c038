import { QueryTooCostly } from '../../src/errors.js';
import type { JsonObject } from '../../src/json.js';
import { ask, BASE_PATH, type Rest, startRest, tmfError } from './rest-fixture.js';

let rest: Rest;

beforeAll(async () => {
  rest = await startRest();
  await rest.seed(
    { resource: { id: 'a', name: 'Alpha', status: 'active', engagedParty: { id: 'p1', name: 'Acme' }, '@type': 'PartyRole' }, revision: 3 },
    { resource: { id: 'b', name: 'Beta, Inc', status: 'active', engagedParty: { id: 'p2', name: 'Bits' }, size: 9 } },
    { resource: { id: 'c', name: 'Gamma', status: 'suspended', relatedParty: [{ id: 'r1', role: 'x' }, { id: 'r2', role: 'y' }], size: 10 } },
    { resource: { id: 'd:1@x', name: 'Delta', status: 'validated', validFor: { startDateTime: '2024-05-01T08:00:00.000Z' } } },
    { resource: { id: 'gone', name: 'Gone' }, revision: 2, deleted: true },
  );
});

afterAll(() => rest.close());

function idsOf(body: unknown): unknown[] {
  return (body as JsonObject[]).map(({ id }) => id);
}

async function idsFor(query: string): Promise<unknown[]> {
  const { status, body } = await ask(`${rest.roles}?${query}`);
  expect(status).toBe(200);
  return idsOf(body);
}

describe('list', () => {
  test('gives live resources in their answer form, with counts and links', async () => {
    const { status, headers, body } = await ask(rest.roles);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(idsOf(body)).toEqual(['a', 'b', 'c', 'd:1@x']);
    expect((body as JsonObject[])[0]).toEqual({
      id: 'a',
      href: `${BASE_PATH}/partyRole/a`,
      name: 'Alpha',
      status: 'active',
      engagedParty: { id: 'p1', name: 'Acme' },
      '@type': 'PartyRole',
      roleType: {},
    });
    expect(headers.get('x-total-count')).toBe('4');
    expect(headers.get('x-result-count')).toBe('4');
    expect(headers.get('link')).toContain('rel="first"');
  });

  test('pages are still 200, and their links lead to all of it', async () => {
    const seen: unknown[] = [];
    let next: string | undefined = `${rest.roles}?limit=2&sort=-name&fields=none`;
    while (next !== undefined) {
      const { status, headers, body } = await ask(next);
      expect(status).toBe(200);
      expect(headers.get('x-total-count')).toBe('4');
      expect(headers.get('x-result-count')).toBe('2');
      seen.push(...idsOf(body));
      const path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
      next = path === undefined ? undefined : `${rest.origin}${path}`;
    }
    expect(seen).toEqual(['c', 'd:1@x', 'b', 'a']);
  });

  test('limit=0 and an offset beyond the end give no items, but the count', async () => {
    const counted = await ask(`${rest.roles}?limit=0`);
    expect([counted.status, counted.body, counted.headers.get('x-total-count'), counted.headers.get('link')]).toEqual([200, [], '4', null]);
    const beyond = await ask(`${rest.roles}?offset=100`);
    expect([beyond.status, beyond.body, beyond.headers.get('x-total-count')]).toEqual([200, [], '4']);
  });

  test.each([
    ['status=active', ['a', 'b']],
    ['status=active,suspended', ['a', 'b', 'c']],
    ['status=active&status=suspended', ['a', 'b', 'c']],
    ['status=active&name.ne=Alpha', ['b']],
    ['name=Beta%2C%20Inc', ['b']],
    ['name=Beta,Alpha', ['a']],
    ['engagedParty.id=p2', ['b']],
    ['relatedParty.role=y', ['c']],
    ['size.gt=9', ['c']],
    ['size%3E=9', ['b', 'c']],
    ['name.regex=^[AB]', ['a', 'b']],
    ['validFor.startDateTime=2024-05-01T10:00+02:00', ['d:1@x']],
    ['validFor.startDateTime.lt=2024-05-01T10:00:01%2B02:00', ['d:1@x']],
    [`href=${BASE_PATH}/partyRole/d:1@x`, ['d:1@x']],
    ['href=/elsewhere', []],
    ['nothing=here', []],
    ['__proto__=x', []],
  ])('%s gives %j', async (query, ids) => {
    expect(await idsFor(query)).toEqual(ids);
  });

  test.each<[string, string | null]>([
    ['nmae=Alpha', 'nmae'],
    ['nmae=Alpha&nmae.ne=Beta&engagedparty.id=p1&status=active&limit=0', 'nmae, engagedparty'],
    ['nmae=Alpha&cursor=', 'nmae'],
    ['n"ä=x', 'n??'],
    ['__proto__=x&constructor=y', '__proto__, constructor'],
    ['name=Nobody&engagedParty.nmae=x&roleType.name=x&id=x&href=/elsewhere', null],
    ['size=10', null],
    ['nmae.ne=Alpha&limit=0', null],
    ['nmae.ne=Alpha&offset=9', null],
    ['limit=0', null],
  ])('%s is warned of where nothing is found: %s', async (query, names) => {
    const { status, headers } = await ask(`${rest.roles}?${query}`);
    expect(status).toBe(200);
    expect(headers.get('warning')).toBe(names === null ? null : `299 - "nothing found, and the specification of partyRole has no ${names}"`);
  });

  test('the names of many unknown attributes do not fill the header', async () => {
    const { headers } = await ask(`${rest.roles}?${Array.from({ length: 50 }, (_, index) => `unknown${index}=x`).join('&')}`);
    expect(headers.get('warning')?.length).toBeLessThan(250);
  });

  test('an attribute of one of the types of a resource is none of the unknown', async () => {
    const methods = `${rest.origin}/tmf-api/paymentMethod/v4/paymentMethod`;
    expect((await ask(`${methods}?brand=Visa&@type=bankCard`)).headers.get('warning')).toBeNull();
    expect((await ask(`${methods}?barnd=Visa`)).headers.get('warning')).toMatch(/paymentMethod has no barnd"$/);
  });

  test('fields chooses attributes', async () => {
    const { body } = await ask(`${rest.roles}?id=a&fields=name,engagedParty.id`);
    expect(body).toEqual([{ id: 'a', href: `${BASE_PATH}/partyRole/a`, name: 'Alpha', engagedParty: { id: 'p1' } }]);
  });

  test.each(['name.like=x', 'limit=51', 'limit=-1', 'offset=x', 'name.regex=(a%2B)%2B$', 'name[$ne]=x', '$where=1', 'name=%', 'sort=$a'])('%s is refused by name', async (query) => {
    const { status, body } = await ask(`${rest.roles}?${query}`);
    expect(status).toBe(400);
    expect(body).toEqual(tmfError(400, query.split('=')[0]?.replace(/[$[\]]/g, '.')));
  });
});

describe('retrieve', () => {
  test('gives one resource with its entity tag', async () => {
    const { status, headers, body } = await ask(`${rest.roles}/a`);
    expect(status).toBe(200);
    expect(headers.get('etag')).toBe('"3"');
    expect(body).toMatchObject({ id: 'a', href: `${BASE_PATH}/partyRole/a`, roleType: {} });
  });

  test('takes fields and ignores other parameters', async () => {
    const { headers, body } = await ask(`${rest.roles}/a?fields=name&name.like=x&limit=-1`);
    expect(body).toEqual({ id: 'a', href: `${BASE_PATH}/partyRole/a`, name: 'Alpha' });
    expect(headers.get('etag')).toBe('"3"');
  });

  test.each(['"3"', 'W/"3"', '"1", "3"', '*'])('If-None-Match %s is answered with 304', async (tag) => {
    const { status, headers, body } = await ask(`${rest.roles}/a`, { headers: { 'If-None-Match': tag } });
    expect([status, headers.get('etag'), body]).toEqual([304, '"3"', undefined]);
  });

  test('If-None-Match with another tag is answered in full', async () => {
    expect((await ask(`${rest.roles}/a`, { headers: { 'If-None-Match': '"2"' } })).status).toBe(200);
  });

  test('ids may be percent-encoded, and a slash at the end does no harm', async () => {
    expect((await ask(`${rest.roles}/d%3A1%40x`)).body).toMatchObject({ id: 'd:1@x' });
    expect((await ask(`${rest.roles}/a/`)).body).toMatchObject({ id: 'a' });
    expect((await ask(`${rest.roles}/?id=a`)).status).toBe(200);
  });

  test.each(['unknown', 'gone', 'A', '%20', 'a%2Fb', `${'x'.repeat(129)}`, '%24where'])('%s is not found', async (id) => {
    const { status, body } = await ask(`${rest.roles}/${id}`);
    expect(status).toBe(404);
    expect(body).toEqual(tmfError(404));
  });

  test('HEAD is GET without the body', async () => {
    const one = await ask(`${rest.roles}/a`, { method: 'HEAD' });
    expect([one.status, one.headers.get('etag'), one.body]).toEqual([200, '"3"', undefined]);
    const list = await ask(`${rest.roles}?status=active`, { method: 'HEAD' });
    expect([list.status, list.headers.get('x-total-count')]).toEqual([200, '2']);
    expect((await ask(`${rest.roles}/unknown`, { method: 'HEAD' })).status).toBe(404);
  });

  test('a Content-Type without a body is no error', async () => {
    expect((await ask(`${rest.roles}/a`, { headers: { 'Content-Type': 'application/json' } })).status).toBe(200);
  });
});

describe('a query that takes too long', () => {
  const tooCostly = (): Promise<never> => Promise.reject(new QueryTooCostly('limit reached'));

  test('is blamed on its regular expression, or is a matter of the moment', async () => {
    const slow = await startRest(({ store }) => ({ store: Object.create(store, { find: { value: tooCostly } }) as typeof store }));
    try {
      const blamed = await ask(`${slow.roles}?name.regex=a.*b`);
      expect([blamed.status, blamed.body]).toEqual([400, tmfError(400, /name\.regex/)]);
      const busy = await ask(`${slow.roles}?name=a`);
      expect([busy.status, busy.body, busy.headers.get('retry-after')]).toEqual([503, tmfError(503), '5']);
    } finally {
      await slow.close();
    }
  });
});
