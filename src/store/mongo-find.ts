import type { Collection, Filter } from 'mongodb';
import { toAfterFilter } from './mongo-after.js';
import { count } from './mongo-count.js';
import { fromResourceDocument, RESOURCE_FIELDS, type ResourceDocument } from './mongo-documents.js';
import { QueryTooCostly } from '../errors.js';
import { toQueryError } from './mongo-errors.js';
import { toFilter, toSort } from './mongo-filter.js';
import { pageOf } from './page.js';
import type { Query } from './query.js';
import { placeTest } from './sort-order.js';
import type { Page, StoredResource } from './store.js';

/** Resources read for one page by cursor: where arrays are sorted by, many that the index cannot tell apart may have to be passed over. */
const MAX_CANDIDATES = 20_000;

type Resources = Collection<ResourceDocument>;

/** One page of live resources, see `Store.find`. @param maxTimeMS for each of the reads that it takes. */
export async function findPage(resources: Resources, query: Query, maxTimeMS: number): Promise<Page> {
  const { where, after, offset, limit, countMax } = query;
  const matching: Filter<ResourceDocument> = { deleted: false, ...toFilter(where) };
  const read = async (filter: Filter<ResourceDocument>, skip: number, most: number): Promise<StoredResource[]> => {
    const options = { projection: RESOURCE_FIELDS, sort: toSort(query.sort), skip, limit: most, batchSize: most + 1, allowDiskUse: true, maxTimeMS };
    return (await resources.find<ResourceDocument>(filter, options).toArray()).map(fromResourceDocument);
  };
  const behind = async (place: NonNullable<Query['after']>): Promise<StoredResource[]> => {
    const filter = { deleted: false, $and: [toFilter(where), toAfterFilter(query.sort, place)] };
    const isBehind = placeTest(query);
    const needed = offset + limit + 1;
    // The filter lets a few more through, so what is left may be too few.
    for (let most = needed; ; most *= 2) {
      const candidates = await read(filter, 0, most);
      const found = candidates.filter(isBehind);
      if (found.length >= needed || candidates.length < most) return found.slice(offset, needed);
      if (most > MAX_CANDIDATES) throw new QueryTooCostly('too many resources have the same place in this order; use offset');
    }
  };
  try {
    // To MongoDB a limit of 0 is none.
    const found = limit === 0 ? [] : await (after === undefined ? read(matching, offset, limit + 1) : behind(after));
    return await pageOf(query, found, () => count(resources, matching, { limit: countMax, maxTimeMS }));
  } catch (error) {
    throw toQueryError(error);
  }
}
