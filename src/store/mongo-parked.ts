import type { Filter } from 'mongodb';
import type { ParkReason } from '../message.js';
import { fromParkedDocument, type Collections, type ParkedDocument } from './mongo-documents.js';
import type { ParkedFilter, ParkedMessage, Retry } from './store.js';

/** See `Store.parked`. */
export async function findParked({ parked }: Collections, filter: ParkedFilter, limit: number): Promise<ParkedMessage[]> {
  // To MongoDB a limit of 0 is none.
  if (limit === 0) return [];
  const documents = await parked.find(toFilter(filter), { sort: { at: 1, _id: 1 }, limit }).toArray();
  return documents.map(fromParkedDocument);
}

/** See `Store.countParked`. */
export async function countParked({ parked }: Collections, filter: ParkedFilter): Promise<Map<ParkReason, number>> {
  const groups = await parked
    .aggregate<{ _id: ParkReason; count: number }>([{ $match: toFilter(filter) }, { $group: { _id: '$reason', count: { $sum: 1 } } }])
    .toArray();
  return new Map(groups.map(({ _id, count }) => [_id, count]));
}

/** See `Store.recordRetry`. The time of the last retry stands apart, for the TTL index. */
export async function recordRetry({ parked }: Collections, id: string, number: number, retry: Retry): Promise<boolean> {
  const sameNumber: Filter<ParkedDocument> = number === 0 ? { retries: { $exists: false } } : { retries: { $size: number } };
  const { matchedCount } = await parked.updateOne({ _id: id, ...sameNumber }, { $push: { retries: retry }, $set: { retriedAt: retry.at } });
  return matchedCount === 1;
}

/** See `Store.dropParked`. */
export async function dropParked({ parked }: Collections, ids: readonly string[]): Promise<number> {
  return (await parked.deleteMany({ _id: { $in: [...ids] } })).deletedCount;
}

function toFilter({ ids, reason, type, subject, from, to, state, after }: ParkedFilter): Filter<ParkedDocument> {
  const conditions: Filter<ParkedDocument>[] = [];
  if (ids) conditions.push({ _id: { $in: [...ids] } });
  if (reason !== undefined) conditions.push({ reason });
  if (type !== undefined) conditions.push({ type });
  if (subject !== undefined) conditions.push({ subject });
  if (from) conditions.push({ at: { $gte: from } });
  if (to) conditions.push({ at: { $lte: to } });
  if (state) conditions.push({ retriedAt: { $exists: state === 'retried' } });
  if (after) conditions.push({ at: { $gte: after.at } }, { $or: [{ at: { $gt: after.at } }, { _id: { $gt: after.id } }] });
  return conditions.length === 0 ? {} : { $and: conditions };
}
