import fc from 'fast-check';
import { cursorLinks, pagingLinks } from '../../src/http/paging-links.js';

const URL = '/v4/partyRole';

/** Offset by relation. */
function offsets(page: { offset: number; limit: number; total: number }): Record<string, number> {
  return offsetsIn(pagingLinks(URL, '', { ...page, more: page.offset + page.limit < page.total }));
}

function offsetsIn(header = ''): Record<string, number> {
  const links = header.matchAll(/<[^>]*[?&]offset=(\d+)&limit=\d+>; rel="(\w+)"/g);
  return Object.fromEntries([...links].map(([, offset, relation]): [string, number] => [relation ?? '', Number(offset)]));
}

test('a page in the middle has all four', () => {
  expect(offsets({ offset: 10, limit: 10, total: 35 })).toEqual({ first: 0, prev: 0, next: 20, last: 30 });
});

test('the first page has no prev, the last no next', () => {
  expect(offsets({ offset: 0, limit: 10, total: 35 })).toEqual({ first: 0, next: 10, last: 30 });
  expect(offsets({ offset: 30, limit: 10, total: 35 })).toEqual({ first: 0, prev: 20, last: 30 });
  expect(offsets({ offset: 0, limit: 10, total: 10 })).toEqual({ first: 0, last: 0 });
  expect(offsets({ offset: 0, limit: 10, total: 0 })).toEqual({ first: 0, last: 0 });
});

test('beyond the end, prev is the last page', () => {
  expect(offsets({ offset: 100, limit: 10, total: 35 })).toEqual({ first: 0, prev: 30, last: 30 });
});

test('while the total is not known, neither is the last page', () => {
  expect(offsetsIn(pagingLinks(URL, '', { offset: 20, limit: 10, total: undefined, more: true }))).toEqual({ first: 0, prev: 10, next: 30 });
  expect(offsetsIn(pagingLinks(URL, '', { offset: 900, limit: 10, total: undefined, more: false }))).toEqual({ first: 0, prev: 890 });
});

test('by cursor there is a first page and, where more follows, a next one', () => {
  expect(cursorLinks(URL, 'name=a&cursor=x&limit=2&offset=1', 2, 'y')).toBe(`<${URL}?name=a&cursor=&limit=2>; rel="first", <${URL}?name=a&cursor=y&limit=2>; rel="next"`);
  expect(cursorLinks(URL, 'cursor', 2, undefined)).toBe(`<${URL}?cursor=&limit=2>; rel="first"`);
  expect(cursorLinks(URL, 'cursor=', 0, undefined)).toBeUndefined();
});

test('without a limit there are no pages', () => {
  expect(pagingLinks(URL, 'limit=0', { offset: 0, limit: 0, total: 3, more: false })).toBeUndefined();
});

test('other parameters stay as they were written, and cannot end the link', () => {
  expect(pagingLinks(URL, 'name=a%2Cb+c&offset=1&limit=2&x>1&fields=id', { offset: 0, limit: 2, total: 1, more: false })).toBe(
    `<${URL}?name=a%2Cb+c&x%3E1&fields=id&offset=0&limit=2>; rel="first", <${URL}?name=a%2Cb+c&x%3E1&fields=id&offset=0&limit=2>; rel="last"`,
  );
});

test('next after next ends at last, and sees every item once', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 20 }), fc.nat(200), (start, limit, total) => {
      let offset = start;
      for (;;) {
        const { next, last } = offsets({ offset, limit, total });
        if (next === undefined) return offset >= total ? true : offset === last && offset + limit >= total;
        if (next !== offset + limit) return false;
        offset = next;
      }
    }),
  );
});
