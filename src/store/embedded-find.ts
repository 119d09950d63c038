import { setImmediate } from 'node:timers/promises';
import { compileConditions } from './embedded-match.js';
import { readStored } from './embedded-rows.js';
import type { TypeTables } from './embedded-tables.js';
import { compareDated, datedPlaceOf, latestOf } from './latest.js';
import { pageOf } from './page.js';
import type { Query } from './query.js';
import { compileSort, placeTest } from './sort-order.js';
import type { DatedPlace, Page, StoredResource } from './store.js';

/** How many resources are looked at before others may use the process. */
const STRIDE = 500;

/** One page of live resources, see `Store.find`; scans them all unless the query has neither conditions nor order. */
export async function findPage(tables: TypeTables, query: Query): Promise<Page> {
  // A page of nothing has no order.
  if (query.sort.length > 0 && query.limit > 0) return sortedPage(tables, query);
  return query.where.length > 0 ? filteredPage(tables, query) : plainPage(tables, query);
}

async function plainPage({ live }: TypeTables, query: Query): Promise<Page> {
  const { after, offset, limit, countMax } = query;
  const [id] = after?.[0] ?? [];
  const start = typeof id === 'string' ? { start: id, exclusiveStart: true } : {};
  const rows = limit === 0 ? [] : [...live.getRange({ ...start, offset, limit: limit + 1 })];
  return pageOf(query, rows.map(({ key, value }) => readStored(key, value)), () => Math.min(live.getKeysCount(), countMax));
}

/** The table is in the order of the ids already, so only the page is kept, and the scan ends when enough is counted. */
async function filteredPage(tables: TypeTables, query: Query): Promise<Page> {
  const { offset, limit, countMax } = query;
  const isBehind = placeTest(query);
  const needed = limit === 0 ? 0 : limit + 1;
  const found: StoredResource[] = [];
  let total = 0;
  let behind = 0;
  for await (const stored of matching(tables, query)) {
    total += 1;
    if (isBehind(stored)) {
      behind += 1;
      if (behind > offset && found.length < needed) found.push(stored);
    }
    if (found.length === needed && total >= countMax) break;
  }
  return pageOf(query, found, () => Math.min(total, countMax));
}

/** Keeps what is sorted by, not the resources, and reads the page's resources at the end. */
async function sortedPage(tables: TypeTables, query: Query): Promise<Page> {
  const { offset, limit, countMax } = query;
  const { keyOf, compare } = compileSort(query.sort);
  const isBehind = placeTest(query);
  const behind: { id: string; key: ReturnType<typeof keyOf> }[] = [];
  let total = 0;
  for await (const stored of matching(tables, query)) {
    total += 1;
    if (isBehind(stored)) behind.push({ id: stored.id, key: keyOf(stored) });
  }
  behind.sort((left, right) => compare(left.key, right.key));
  const found: StoredResource[] = [];
  for (const { id } of behind.slice(offset)) {
    const text = tables.live.get(id);
    // It may have been deleted while the scan gave way to others.
    if (text !== undefined) found.push(readStored(id, text));
    if (found.length > limit) break;
  }
  return pageOf(query, found, () => Math.min(total, countMax));
}

/** See `Store.referrers`. */
export async function findReferrers(tables: TypeTables, paths: readonly (readonly string[])[], ids: readonly string[], limit: number): Promise<StoredResource[]> {
  const found: StoredResource[] = [];
  if (limit === 0) return found;
  for await (const stored of referring(tables, paths, ids)) {
    found.push(stored);
    if (found.length >= limit) break;
  }
  return found;
}

/** See `Store.latest`. */
export async function findLatest(
  tables: TypeTables,
  paths: readonly (readonly string[])[],
  ids: readonly string[],
  date: readonly string[],
  limit: number,
  before: DatedPlace | undefined,
): Promise<StoredResource[]> {
  const found: StoredResource[] = [];
  for await (const stored of referring(tables, paths, ids)) {
    if (!before || compareDated(datedPlaceOf(stored, date), before) > 0) found.push(stored);
  }
  return latestOf(found, date, limit);
}

/** It scans them all, and reads those that have one of the ids somewhere. */
async function* referring({ live }: TypeTables, paths: readonly (readonly string[])[], ids: readonly string[]): AsyncGenerator<StoredResource> {
  const fits = paths.map((path) => compileConditions([{ path: [...path, 'id'], operator: 'in', values: ids }]));
  const wanted = new Set(ids.map((id) => JSON.stringify(id)));
  let seen = 0;
  for (const { key, value } of live.getRange()) {
    seen += 1;
    if (seen % STRIDE === 0) await setImmediate();
    if (!holdsId(value, wanted)) continue;
    const stored = readStored(key, value);
    if (fits.some((fit) => fit(stored))) yield stored;
  }
}

const ID = '"id":';

/** Read from the JSON text, which costs a fraction of parsing it, however many ids are wanted. */
function holdsId(text: string, wanted: ReadonlySet<string>): boolean {
  for (let at = text.indexOf(ID); at >= 0; at = text.indexOf(ID, at)) {
    at += ID.length;
    // An id as it should be has no escapes; any other is looked at once it is parsed.
    const end = text.indexOf('"', at + 1);
    if (text[at] !== '"' || text[end - 1] === '\\' || wanted.has(text.slice(at, end + 1))) return true;
  }
  return false;
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
