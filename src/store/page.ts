import type { Query } from './query.js';
import { positionOf } from './sort-order.js';
import type { Page, StoredResource } from './store.js';

/**
 * The page that a query asks for, see `Store.find`.
 * @param found what lies where the page begins: one more than the page holds, if there are so many.
 * @param count how many match in all, but no further than `query.countMax`; asked only where the page does not show it.
 */
export async function pageOf(query: Query, found: readonly StoredResource[], count: () => number | Promise<number>): Promise<Page> {
  const { after, offset, limit, sort, countMax } = query;
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  const seen = offset + found.length;
  const showsEnd = after === undefined && found.length <= limit && (found.length > 0 || offset === 0) && limit > 0;
  const counted = showsEnd || countMax === 0 ? 0 : await count();
  return {
    items,
    // What lies before an offset that nothing lies behind was not seen.
    total: found.length === 0 ? counted : Math.max(seen, counted),
    exact: showsEnd || counted < countMax,
    ...(last ? { next: positionOf(sort, last) } : {}),
  };
}
