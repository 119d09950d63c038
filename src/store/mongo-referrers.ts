import type { Collection, Filter, Sort } from 'mongodb';
import { latestOf } from './latest.js';
import { fromResourceDocument, RESOURCE_FIELDS, type ResourceDocument } from './mongo-documents.js';
import { toPath, type MongoFilter } from './mongo-filter.js';
import type { DatedPlace, StoredResource } from './store.js';

type Resources = Collection<ResourceDocument>;
type Path = readonly string[];

/** See `Store.referrers`. */
export async function findReferrers(resources: Resources, paths: readonly Path[], ids: readonly string[], limit: number): Promise<StoredResource[]> {
  if (limit === 0 || paths.length === 0 || ids.length === 0) return [];
  return read(resources, { $or: paths.map((path) => ({ deleted: false, ...refersTo(path, ids) })) }, { _id: 1 }, limit);
}

/** See `Store.latest`. Each path is read by an index of its own, which has the order. */
export async function findLatest(resources: Resources, paths: readonly Path[], ids: readonly string[], date: Path, limit: number, before: DatedPlace | undefined): Promise<StoredResource[]> {
  if (limit === 0 || ids.length === 0) return [];
  const at = toPath(date);
  const sort: Sort = { [at]: -1, _id: -1 };
  const parts = before ? behind(at, before) : [{}];
  const found = await Promise.all(paths.flatMap((path) => parts.map((part) => read(resources, { deleted: false, ...refersTo(path, ids), ...part }, sort, limit))));
  return latestOf(found.flat(), date, limit);
}

/** An attribute that is asked to be there finds the index of those that have it. */
function refersTo(path: Path, ids: readonly string[]): MongoFilter {
  return { [toPath([...path, 'id'])]: { $exists: true, $in: [...ids] } };
}

/** Those with a date and those without are asked for apart, since a comparison sees one of them only. To ask for null would sort in memory. */
function behind(at: string, { date, id }: DatedPlace): MongoFilter[] {
  const undated = { [at]: { $not: { $gte: '' } } };
  if (date === undefined) return [{ ...undated, _id: { $lt: id } }];
  return [{ [at]: { $lte: date }, $nor: [{ [at]: date, _id: { $gte: id } }] }, undated];
}

/** The batch size makes it one round trip. */
async function read(resources: Resources, filter: Filter<ResourceDocument>, sort: Sort, limit: number): Promise<StoredResource[]> {
  const documents = await resources.find<ResourceDocument>(filter, { projection: RESOURCE_FIELDS, sort, limit, batchSize: limit + 1 }).toArray();
  return documents.map(fromResourceDocument);
}
