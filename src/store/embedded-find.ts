import { setImmediate } from 'node:timers/promises';
import { compileConditions } from './embedded-match.js';
import { readStored } from './embedded-rows.js';
import { compileSort } from './embedded-sort.js';
import type { TypeTables } from './embedded-tables.js';
import type { Query } from './query.js';
import type { Page, StoredResource } from './store.js';

/** How many resources are looked at before others may use the process. */
const STRIDE = 500;

/** One page of live resources, see `Store.find`; scans them all unless the query has neither conditions nor order. */
export async function findPage(tables: TypeTables, query: Query): Promise<Page> {
  // A page of nothing has no order.
  if (query.sort.length > 0 && query.limit > 0) return sortedPage(tables, query);
  return query.where.length > 0 ? filteredPage(tables, query) : plainPage(tables, query);
}

function plainPage({ live }: TypeTables, { offset, limit }: Query): Page {
  const items = limit === 0 ? [] : [...live.getRange({ offset, limit })].map(({ key, value }) => readStored(key, value));
  return { items, total: live.getKeysCount() };
}

/** The table is in the order of the ids already, so only the page is kept. */
async function filteredPage(tables: TypeTables, query: Query): Promise<Page> {
  const items: StoredResource[] = [];
  let total = 0;
  for await (const stored of matching(tables, query)) {
    if (total >= query.offset && items.length < query.limit) items.push(stored);
    total += 1;
  }
  return { items, total };
}

/** Keeps what is sorted by, not the resources, and reads the page's resources at the end. */
async function sortedPage(tables: TypeTables, query: Query): Promise<Page> {
  const { keyOf, compare } = compileSort(query.sort);
  const found: { id: string; key: ReturnType<typeof keyOf> }[] = [];
  for await (const stored of matching(tables, query)) found.push({ id: stored.id, key: keyOf(stored) });
  found.sort((left, right) => compare(left.key, right.key));
  const items = found.slice(query.offset, query.offset + query.limit).flatMap(({ id }) => {
    const text = tables.live.get(id);
    // It may have been deleted while the scan gave way to others.
    return text === undefined ? [] : [readStored(id, text)];
  });
  return { items, total: found.length };
}

async function* matching({ live }: TypeTables, { where }: Query): AsyncGenerator<StoredResource> {
  const fits = compileConditions(where);
  let seen = 0;
  for (const { key, value } of live.getRange()) {
    const stored = readStored(key, value);
    if (fits(stored)) yield stored;
    seen += 1;
    if (seen % STRIDE === 0) await setImmediate();
  }
}
