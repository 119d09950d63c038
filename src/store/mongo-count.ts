import type { Collection, Document, Filter } from 'mongodb';

/** By the plain command, which only counts keys of an index where it can: half the cost of the driver's `countDocuments`. */
export async function count<T extends Document>(collection: Collection<T>, query: Filter<T>, limits: { readonly limit?: number; readonly maxTimeMS?: number } = {}): Promise<number> {
  const { n } = await collection.db.command({ count: collection.collectionName, query, ...limits, readConcern: { level: 'majority' } });
  return Number(n);
}
