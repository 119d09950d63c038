import type { ClientSession, Filter, MongoClient } from 'mongodb';
import type { ParkedDelivery, ParkedDeliveryFilter, Tenure } from './hub-store.js';
import type { Collections } from './mongo-documents.js';
import { onceMore } from './mongo-errors.js';
import { fromDeliveryDocument, toDeliveryDocument, toLifeFilter, type DeliveryDocument } from './mongo-hub-documents.js';

/** See `HubStore.parkDeliveries`. */
export async function parkDeliveries(collections: Collections, deliveries: readonly ParkedDelivery[]): Promise<void> {
  await onceMore(() => replaceAll(collections, deliveries));
}

/** See `HubStore.parkDeliveries`. Whoever deletes the subscription comes before it, and nothing is set aside, or behind it, and deletes that, too. */
export async function parkDuring(client: MongoClient, collections: Collections, deliveries: readonly ParkedDelivery[], during: Tenure): Promise<boolean> {
  return client.withSession((session) =>
    session.withTransaction(
      async () => {
        // The new value makes it a real write: one that changes nothing would not meet a deletion.
        const { matchedCount } = await collections.subscriptions.updateOne(toLifeFilter(during), { $inc: { parkings: 1 } }, { session });
        if (matchedCount === 1) await replaceAll(collections, deliveries, session);
        return matchedCount === 1;
      },
      { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' },
    ),
  );
}

async function replaceAll({ parkedDeliveries }: Collections, deliveries: readonly ParkedDelivery[], session?: ClientSession): Promise<void> {
  if (deliveries.length === 0) return;
  const operations = deliveries.map(toDeliveryDocument).map(({ _id, ...replacement }) => ({ replaceOne: { filter: { _id }, replacement, upsert: true } }));
  await parkedDeliveries.bulkWrite(operations, { ordered: true, ...(session ? { session } : {}) });
}

/** See `HubStore.parkedDeliveries`. */
export async function findDeliveries({ parkedDeliveries }: Collections, filter: ParkedDeliveryFilter, limit: number): Promise<ParkedDelivery[]> {
  // To MongoDB a limit of 0 is none.
  if (limit === 0) return [];
  const documents = await parkedDeliveries.find(toFilter(filter), { sort: { at: 1, _id: 1 }, limit }).toArray();
  return documents.map(fromDeliveryDocument);
}

/** See `HubStore.countParkedDeliveries`. Every one has a subscription: to ask for it is to count by the index, without the contents. */
export async function countDeliveries({ parkedDeliveries }: Collections, filter: ParkedDeliveryFilter): Promise<Map<string, number>> {
  const matching = { $and: [{ subscription: { $gte: '' } }, toFilter(filter)] };
  const groups = await parkedDeliveries.aggregate<{ _id: string; count: number }>([{ $match: matching }, { $group: { _id: '$subscription', count: { $sum: 1 } } }]).toArray();
  return new Map(groups.map(({ _id, count }) => [_id, count]));
}

/** See `HubStore.dropDeliveries`. */
export async function dropDeliveries({ parkedDeliveries }: Collections, ids: readonly string[]): Promise<number> {
  return (await parkedDeliveries.deleteMany({ _id: { $in: [...ids] } })).deletedCount;
}

function toFilter({ ids, subscription, after }: ParkedDeliveryFilter): Filter<DeliveryDocument> {
  const conditions: Filter<DeliveryDocument>[] = [];
  if (ids) conditions.push({ _id: { $in: [...ids] } });
  if (subscription !== undefined) conditions.push({ subscription });
  if (after) conditions.push({ at: { $gte: after.at } }, { $or: [{ at: { $gt: after.at } }, { _id: { $gt: after.id } }] });
  return conditions.length === 0 ? {} : { $and: conditions };
}
