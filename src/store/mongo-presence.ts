import type { Collections } from './mongo-documents.js';

const ALL = 'workers';

/** See `Store.beat`. Whoever beats forgets the dead. @throws a duplicate key when it makes the document at the same moment as another. */
export async function beat({ presence }: Collections, worker: string, ttlMs: number): Promise<string[]> {
  const me = { $literal: worker };
  const isOther = { $and: [{ $ne: ['$$this.worker', me] }, { $gt: ['$$this.until', '$$NOW'] }] };
  const others = { $filter: { input: { $ifNull: ['$alive', []] }, cond: isOther } };
  const alive = { $concatArrays: [others, [{ worker: me, until: { $add: ['$$NOW', ttlMs] } }]] };
  const after = await presence.findOneAndUpdate({ _id: ALL }, [{ $set: { alive } }], { upsert: true, returnDocument: 'after' });
  return (after?.alive ?? []).map((one) => one.worker).sort();
}

/** See `Store.leave`. */
export async function leave({ presence }: Collections, worker: string): Promise<void> {
  await presence.updateOne({ _id: ALL }, { $pull: { alive: { worker } } });
}
