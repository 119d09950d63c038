import { randomUUID } from 'node:crypto';
import type { Filter } from 'mongodb';
import type { Claim } from './hub-store.js';
import { count } from './mongo-count.js';
import type { Collections } from './mongo-documents.js';
import { onceMore } from './mongo-errors.js';
import { FREE, fromSubscriptionDocument, type SubscriptionDocument } from './mongo-hub-documents.js';

const ALL = 'hubs';

const GIVE_UP = { $set: { hold: FREE }, $unset: { holder: '' } } as const;

/** See `HubStore.claim`. A hold lasts as long as the life of its hub: to renew it, however many there are, is one write. */
export async function claim(collections: Collections, holder: string, ttlMs: number): Promise<Claim> {
  const { subscriptions } = collections;
  // Before the lives are read: only of a life that had begun by then does its absence say that it is over.
  const [seen, active] = await Promise.all([subscriptions.distinct('hold', { active: true }), count(subscriptions, { active: true })]);
  const { life, alive } = await beat(collections, holder, ttlMs);
  const free: Filter<SubscriptionDocument> = { active: true, hold: { $in: [FREE, ...seen.filter((hold) => !alive.has(hold))] } };
  const share = Math.ceil(active / alive.size);
  let held = await findHeld(collections, life);
  if (held.length < share && (await take(collections, free, { holder, hold: life }, share - held.length))) held = await findHeld(collections, life);
  return { held: held.map(fromSubscriptionDocument), share };
}

/** See `HubStore.release`. */
export async function release({ subscriptions }: Collections, holder: string, ids: readonly string[]): Promise<void> {
  await subscriptions.updateMany({ _id: { $in: [...ids] }, holder }, GIVE_UP);
}

/** See `HubStore.leaveHub`. */
export async function leaveHub({ hubs, subscriptions }: Collections, holder: string): Promise<void> {
  await hubs.updateOne({ _id: ALL }, { $pull: { alive: { hub: holder } } });
  await subscriptions.updateMany({ holder }, GIVE_UP);
}

/** Whoever beats forgets the dead, in the same step; who was not forgotten lives on, however late it is. */
async function beat({ hubs }: Collections, holder: string, ttlMs: number): Promise<{ life: string; alive: ReadonlySet<string> }> {
  const me = { $literal: holder };
  const before = { $ifNull: ['$alive', []] };
  const isOther = { $and: [{ $ne: ['$$this.hub', me] }, { $gt: ['$$this.until', '$$NOW'] }] };
  const mine = { $first: { $filter: { input: before, cond: { $eq: ['$$this.hub', me] } } } };
  const life = { $ifNull: [{ $let: { vars: { mine }, in: '$$mine.life' } }, randomUUID()] };
  const alive = { $concatArrays: [{ $filter: { input: before, cond: isOther } }, [{ hub: me, life, until: { $add: ['$$NOW', ttlMs] } }]] };
  const after = await onceMore(() => hubs.findOneAndUpdate({ _id: ALL }, [{ $set: { alive } }], { upsert: true, returnDocument: 'after' }));
  const lives = after?.alive ?? [];
  return { life: lives.find(({ hub }) => hub === holder)?.life ?? '', alive: new Set(lives.map((one) => one.life)) };
}

/** The batch size makes it one round trip for most. */
function findHeld({ subscriptions }: Collections, hold: string): Promise<SubscriptionDocument[]> {
  return subscriptions.find({ active: true, hold }, { sort: { _id: 1 }, batchSize: 1_000 }).toArray();
}

/** Each is free still when it is written, or another hub was faster: then one more is looked for. @returns whether any was taken */
async function take({ subscriptions }: Collections, free: Filter<SubscriptionDocument>, by: { holder: string; hold: string }, wanted: number): Promise<boolean> {
  let taken = 0;
  while (taken < wanted) {
    // The write decides, so the latest is read, not what a majority has.
    const found = await subscriptions.find(free, { projection: { _id: 1 }, limit: wanted - taken, batchSize: wanted - taken + 1, readConcern: { level: 'local' } }).toArray();
    if (found.length === 0) break;
    const { modifiedCount } = await subscriptions.updateMany({ _id: { $in: found.map(({ _id }) => _id) }, ...free }, { $set: by });
    taken += modifiedCount;
  }
  return taken > 0;
}
