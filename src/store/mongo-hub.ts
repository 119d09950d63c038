import type { Filter, MongoClient } from 'mongodb';
import type { Claim, HubStore, NewSubscription, ParkedDelivery, ParkedDeliveryFilter, Progress, Subscription, SubscriptionLife, SubscriptionSecrets, SuspendedBy, Tenure } from './hub-store.js';
import { claim, leaveHub, release } from './mongo-claim.js';
import { count } from './mongo-count.js';
import { countDeliveries, dropDeliveries, findDeliveries, parkDeliveries, parkDuring } from './mongo-deliveries.js';
import type { Collections } from './mongo-documents.js';
import { onceMore } from './mongo-errors.js';
import { FREE, fromSubscriptionDocument, toLifeFilter, type SubscriptionDocument } from './mongo-hub-documents.js';
import { FORMAT } from './store.js';

/** What the hub keeps, in the collections `subscriptions`, `hubs` and `parkedDeliveries`. */
export class MongoHub implements HubStore {
  /** @param collections throws while the database cannot be used */
  constructor(
    private readonly client: MongoClient,
    private readonly collections: () => Collections,
  ) {}

  async register({ id, ...asked }: NewSubscription): Promise<{ subscription: Subscription; isNew: boolean }> {
    const { subscriptions } = this.collections();
    const added = { $mergeObjects: [{ $literal: { _id: id, ...asked, format: FORMAT, epoch: 0, health: { waiting: 0 }, active: true, hold: FREE } }, { registeredAt: '$$NOW' }] };
    const isThere = { $ne: [{ $type: '$registeredAt' }, 'missing'] };
    const { value, lastErrorObject } = await onceMore(() =>
      subscriptions.findOneAndUpdate({ _id: id }, [{ $replaceWith: { $cond: [isThere, '$$ROOT', added] } }], { upsert: true, returnDocument: 'after', includeResultMetadata: true }),
    );
    if (!value) throw new Error(`the subscription ${id} was neither found nor added`);
    return { subscription: fromSubscriptionDocument(value), isNew: lastErrorObject?.['updatedExisting'] === false };
  }

  async subscription(id: string): Promise<Subscription | undefined> {
    const document = await this.collections().subscriptions.findOne({ _id: id });
    return document ? fromSubscriptionDocument(document) : undefined;
  }

  async subscriptions({ api, after }: { readonly api?: string; readonly after?: string }, limit: number): Promise<Subscription[]> {
    const { subscriptions } = this.collections();
    // To MongoDB a limit of 0 is none.
    if (limit === 0) return [];
    const filter = { ...(api === undefined ? {} : { api }), ...(after === undefined ? {} : { _id: { $gt: after } }) };
    const documents = await subscriptions.find(filter, { sort: { _id: 1 }, limit }).toArray();
    return documents.map(fromSubscriptionDocument);
  }

  async countSubscriptions(api?: string): Promise<number> {
    // Asked for an id, it counts by the index.
    return count(this.collections().subscriptions, api === undefined ? { _id: { $gte: '' } } : { api });
  }

  /** What is left of a deletion that was interrupted goes with the next one. */
  async unregister(which: string | SubscriptionLife | Tenure): Promise<boolean> {
    const { subscriptions, parkedDeliveries } = this.collections();
    const id = typeof which === 'string' ? which : which.id;
    const { deletedCount } = await subscriptions.deleteOne(toFilter(which));
    if (deletedCount === 0 && (await this.subscription(id))) return false;
    await parkedDeliveries.deleteMany({ subscription: id });
    return deletedCount === 1;
  }

  async setSecrets(id: string, secrets: SubscriptionSecrets, expected: SubscriptionSecrets): Promise<boolean> {
    const { matchedCount } = await this.collections().subscriptions.updateOne({ _id: id, secrets: { $eq: expected } }, { $set: { secrets } });
    return matchedCount === 1;
  }

  async suspend(which: string | Tenure, reason: string, by: SuspendedBy): Promise<boolean> {
    const { matchedCount } = await this.collections().subscriptions.updateOne(
      { ...toFilter(which), ...(by === 'operator' ? { 'suspended.by': { $ne: by } } : { active: true }) },
      { $set: { 'suspended.reason': reason, 'suspended.by': by, hold: FREE }, $currentDate: { 'suspended.at': true }, $unset: { active: '', holder: '' } },
    );
    return matchedCount === 1;
  }

  /** Who holds it goes on, and finds the new epoch with its next claim; one that was suspended is free. */
  async resume(id: string, cursor?: number): Promise<boolean> {
    const { matchedCount } = await this.collections().subscriptions.updateOne(
      { _id: id },
      {
        $set: { active: true, ...(cursor === undefined ? {} : { cursor }) },
        $inc: { epoch: 1 },
        $unset: { suspended: '', 'health.failingSince': '', 'health.lastError': '' },
      },
    );
    return matchedCount === 1;
  }

  async claim(holder: string, ttlMs: number): Promise<Claim> {
    return claim(this.collections(), holder, ttlMs);
  }

  async release(holder: string, ids: readonly string[]): Promise<void> {
    return release(this.collections(), holder, ids);
  }

  async leaveHub(holder: string): Promise<void> {
    return leaveHub(this.collections(), holder);
  }

  async recordProgress(holder: string, progress: readonly Progress[]): Promise<void> {
    const { subscriptions } = this.collections();
    if (progress.length === 0) return;
    const operations = progress.map(({ id, epoch, cursor, health }) => ({
      updateOne: { filter: { _id: id, holder, epoch }, update: { $max: { cursor }, $set: { health } } },
    }));
    await subscriptions.bulkWrite(operations, { ordered: false });
  }

  async parkDeliveries(deliveries: readonly ParkedDelivery[], during?: Tenure): Promise<boolean> {
    if (during) return parkDuring(this.client, this.collections(), deliveries, during);
    await parkDeliveries(this.collections(), deliveries);
    return true;
  }

  async parkedDeliveries(filter: ParkedDeliveryFilter, limit: number): Promise<ParkedDelivery[]> {
    return findDeliveries(this.collections(), filter, limit);
  }

  async countParkedDeliveries(filter: ParkedDeliveryFilter): Promise<Map<string, number>> {
    return countDeliveries(this.collections(), filter);
  }

  async dropDeliveries(ids: readonly string[]): Promise<number> {
    return dropDeliveries(this.collections(), ids);
  }
}

function toFilter(which: string | SubscriptionLife | Tenure): Filter<SubscriptionDocument> {
  return typeof which === 'string' ? { _id: which } : toLifeFilter(which);
}
