import type { JsonObject } from '../../src/json.js';
import { type ListIdentity, readCursor, toCursor } from '../../src/http/cursor.js';
import { ask, type Rest, startRest, tmfError } from './rest-fixture.js';

let rest: Rest;

beforeAll(async () => {
  rest = await startRest(() => ({ countMax: 4 }));
  const roles = ['a', 'b', 'c', 'd', 'e'].map((id, i) => ({ resource: { id, name: `${i % 2 === 0 ? 'Even' : 'Odd'}, Inc`, status: 'active' } }));
  await rest.seed(...roles);
});

afterAll(() => rest.close());

interface ListPage {
  readonly ids: unknown[];
  readonly headers: Headers;
  /** Where a link leads. */
  readonly link: (relation: string) => string | undefined;
}

async function pageAt(url: string): Promise<ListPage> {
  const { status, headers, body } = await ask(url);
  expect(status).toBe(200);
  const link = (relation: string): string | undefined => {
    const path = new RegExp(`<([^>]+)>; rel="${relation}"`).exec(headers.get('link') ?? '')?.[1];
    return path === undefined ? undefined : rest.origin + path;
  };
  return { ids: (body as JsonObject[]).map(({ id }) => id), headers, link };
}

const page = (query: string): Promise<ListPage> => pageAt(`${rest.roles}?${query}`);

describe('a list that is longer than it is counted', () => {
  test('says so, has no last page, and goes on', async () => {
    const { headers, link } = await page('limit=2&offset=1');
    expect([headers.get('x-total-count'), headers.get('x-total-count-relation')]).toEqual(['4', 'gte']);
    expect([link('first'), link('prev'), link('next'), link('last')]).toEqual([`${rest.roles}?offset=0&limit=2`, `${rest.roles}?offset=0&limit=2`, `${rest.roles}?offset=3&limit=2`, undefined]);
  });

  test('is known to its end where that is seen, or a filter makes it shorter', async () => {
    for (const query of ['limit=2&offset=3', 'limit=50', 'name=Odd%2C%20Inc&limit=1']) {
      const { headers, link } = await page(query);
      expect(headers.get('x-total-count-relation')).toBeNull();
      expect(headers.get('x-total-count')).toBe(query.startsWith('name') ? '2' : '5');
      expect(link('last')).toBeDefined();
    }
  });
});

describe('by cursor', () => {
  test.each(['', 'sort=-name', 'sort=name,-status', 'name=Even%2C%20Inc&sort=status'])('links lead through all of the list: %s', async (query) => {
    const whole = (await page(`${query}&limit=50`)).ids;
    let current = await page(`${query}&limit=2&cursor=`);
    const walked = [...current.ids];
    for (let next = current.link('next'); next !== undefined; next = current.link('next')) {
      current = await pageAt(next);
      walked.push(...current.ids);
      expect(current.headers.get('x-total-count')).toBeNull();
      expect(current.headers.get('x-result-count')).toBe(String(current.ids.length));
      expect(current.link('first')).toContain('cursor=&limit=2');
      expect([current.link('last'), current.link('prev')]).toEqual([undefined, undefined]);
    }
    expect(walked).toEqual(whole);
    expect(current.headers.get('x-next-cursor')).toBeNull();
  });

  test('any page with more behind it can be gone on from, in steps of another size', async () => {
    const { headers } = await page('sort=name&limit=2&offset=1');
    const cursor = headers.get('x-next-cursor') ?? '';
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect((await page(`sort=name&limit=50&cursor=${cursor}&fields=none`)).ids).toEqual(['b', 'd']);
  });

  test('a cursor that is none, is of another list or comes with an offset is refused by name', async () => {
    const cursor = (await page('sort=name&status=active&limit=1')).headers.get('x-next-cursor') ?? '';
    expect((await page(`status=active&cursor=${cursor}&sort=name`)).ids).toHaveLength(4);
    const refused = [`cursor=${cursor}`, `sort=name&cursor=${cursor}`, `sort=-name&status=active&cursor=${cursor}`, `sort=name&status=x&cursor=${cursor}`];
    const others = [`sort=name&status=active&cursor=${cursor}&cursor=`, `sort=name&status=active&offset=0&cursor=${cursor}`, `sort=name&status=active&cursor=${cursor}x`];
    const [mark] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string];
    const forged = ['x'.repeat(2_500), '', 'a b', 'x'.repeat(3_500)].map((id) => Buffer.from(JSON.stringify([mark, ['a'], [id]])).toString('base64url'));
    others.push(...forged.map((token) => `sort=name&status=active&cursor=${token}`));
    for (const query of [...refused, ...others, 'cursor=x', 'cursor=%00', 'cursor=e30', 'cursor=bnVsbA', 'cursor>5']) {
      const { status, body } = await ask(`${rest.roles}?${query}`);
      expect([query, status, body]).toEqual([query, 400, tmfError(400, /^cursor: /)]);
    }
  });

  test('a value that is too long for one is told, and paged by offset', async () => {
    const other = await startRest();
    await other.seed(...['a', 'b', 'c'].map((id) => ({ resource: { id, name: `${id}${'x'.repeat(4_000)}` } })));
    const byOffset = await ask(`${other.roles}?sort=name&limit=1`);
    expect([byOffset.headers.get('x-next-cursor'), byOffset.headers.get('link')]).toEqual([null, expect.stringContaining('offset=1')]);
    const byCursor = await ask(`${other.roles}?sort=name&limit=1&cursor=`);
    expect([byCursor.status, byCursor.body]).toEqual([400, tmfError(400, /^sort: .*offset/)]);
    await other.close();
  });
});

describe('a token', () => {
  const list: ListIdentity = { resource: 'partyRole', where: [{ path: ['a'], operator: 'eq', values: ['1'] }, { path: ['b'], operator: 'ne', values: ['2'] }], sort: [{ path: ['x'], descending: true }] };

  test('gives back its place, whatever the order of the filters', () => {
    const place = [[{ 'a.b': ['é', null, 1.5] }], ['id']] as const;
    const token = toCursor(list, place.map((value) => [...value]) as never) ?? '';
    expect(readCursor({ ...list, where: [...list.where].reverse() }, token)).toEqual(place);
    expect(readCursor(list, toCursor(list, [[], ['id']]) ?? '')).toEqual([[], ['id']]);
  });

  test.each([
    ['without id', [['x']]],
    ['with an id that is no text', [['x'], [1]]],
    ['with too many values', [['x', 'y'], ['id']]],
    ['with a value too many', [['x'], ['y'], ['id']]],
    ['of something else', ['x', 'id']],
    ['too deep for a database', [[JSON.parse(`${'['.repeat(99)}${']'.repeat(99)}`)], ['id']]],
  ])('%s is refused, although it has the mark of the list', (_, place) => {
    expect(() => readCursor(list, toCursor(list, place as never) ?? '')).toThrow(expect.objectContaining({ status: 400, faults: [expect.objectContaining({ at: 'cursor' })] }) as Error);
  });
});
