import { setTimeout } from 'node:timers/promises';
import type { ClientSession, MongoClient } from 'mongodb';
import { commitTransaction } from './mongo-commit.js';
import { fromCommitDocument, fromEntryDocument, type Collections, type CommitDocument, type EntryDocument } from './mongo-documents.js';
import { hasLabel, isConflict } from './mongo-errors.js';
import { inSerialOrder } from './serial-order.js';
import { commitId, incarnationOf, type Between, type LoggedCommit, type PastPlace, type PendingCommit, type PendingFilter, type Receipt, type StoredCommit } from './store.js';

/** How often marking is tried when other workers mark at the same moment. */
const MARK_ATTEMPTS = 20;

/** See `Store.receipts`. Only the entries asked for leave the database: a commit can have hundreds. */
export async function findReceipts(collections: Collections, commands: readonly string[]): Promise<Map<string, Receipt>> {
  const found = await collections.commits
    .aggregate<{ _id: string; entries: EntryDocument[] }>(
      [
        { $match: { commands: { $in: commands } } },
        { $project: { entries: { $filter: { input: '$entries', cond: { $in: ['$$this.command', { $literal: commands }] } } } } },
      ],
      { batchSize: commands.length + 1 },
    )
    .toArray();
  const receipts = new Map<string, Receipt>();
  for (const { _id, entries } of found) {
    for (const entry of entries.map(fromEntryDocument)) {
      if (entry.command !== undefined && !receipts.has(entry.command)) receipts.set(entry.command, { commit: _id, entry });
    }
  }
  return receipts;
}

/** See `Store.pending`. */
export async function findPending(collections: Collections, filter: PendingFilter): Promise<PendingCommit[]> {
  const documents = 'upTo' in filter ? await pendingUpTo(collections, filter.upTo) : await pendingBefore(collections, filter);
  return documents.map(({ _id, at, entries }) => ({ id: _id, at, events: entries.flatMap(({ events }) => events) }));
}

type PendingDocument = Pick<CommitDocument, '_id' | 'at' | 'entries'>;

const PENDING_FIELDS = { at: 1, 'entries.events': 1 } as const;

async function pendingUpTo(collections: Collections, upTo: string): Promise<PendingDocument[]> {
  const incarnation = incarnationOf(upTo);
  const documents = await collections.commits
    .find<PendingDocument>({ pending: true, _id: { $gte: commitId(incarnation, 0), $lte: upTo } }, { projection: PENDING_FIELDS, sort: { _id: 1 } })
    .toArray();
  // Between two ids of one incarnation there may be those of another whose name continues the first's.
  return documents.filter(({ _id }) => incarnationOf(_id) === incarnation);
}

async function pendingBefore(collections: Collections, { before, limit }: { before: Date; limit: number }): Promise<PendingDocument[]> {
  // To MongoDB a limit of 0 is none.
  if (limit === 0) return [];
  const documents = await collections.commits
    .find<PendingDocument>({ pending: true, at: { $lt: before } }, { projection: PENDING_FIELDS, sort: { at: 1, _id: 1 }, limit })
    .toArray();
  return inSerialOrder(documents, ({ _id }) => _id);
}

/** See `Store.markPublished`. A transaction that fails is begun again: it reads anew what is still pending. */
export async function markPublished(client: MongoClient, collections: Collections, ids: readonly string[], onConflict: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const session = client.startSession();
    try {
      return await markOnce(collections, ids, session);
    } catch (error) {
      if (!(isConflict(error) || hasLabel(error, 'TransientTransactionError')) || attempt === MARK_ATTEMPTS) throw error;
    } finally {
      await session.endSession();
    }
    await onConflict();
    await setTimeout(Math.random() * 10 * attempt);
  }
}

async function markOnce(collections: Collections, ids: readonly string[], session: ClientSession): Promise<void> {
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' });
  const found = await collections.commits
    .find<{ _id: string }>({ _id: { $in: [...ids] }, pending: true }, { projection: { _id: 1 }, session, batchSize: ids.length + 1 })
    .toArray();
  const pending = new Set(found.map(({ _id }) => _id));
  if (pending.size === 0) return session.abortTransaction();
  // The counter makes markers meet: the second one fails and begins again, so positions appear in order and without gaps.
  const counter = await collections.meta.findOneAndUpdate(
    { _id: 'position' },
    { $inc: { position: pending.size } },
    { session, upsert: true, returnDocument: 'after', projection: { position: 1 } },
  );
  const first = (counter?.position ?? 0) - pending.size + 1;
  const marks = [...new Set(ids)].filter((id) => pending.has(id)).map((id, i) => ({
    updateOne: { filter: { _id: id }, update: { $set: { position: first + i }, $unset: { pending: '' as const }, $currentDate: { publishedAt: true as const } } },
  }));
  await collections.commits.bulkWrite(marks, { session, ordered: true });
  await commitTransaction(session);
}

/** See `Store.readLog`. */
export async function readLog(collections: Collections, after: number, limit: number, { from, to }: Between): Promise<LoggedCommit[]> {
  // To MongoDB a limit of 0 is none.
  if (limit === 0) return [];
  const at = { ...(from ? { $gte: from } : {}), ...(to ? { $lte: to } : {}) };
  const filter = { position: { $gt: after }, ...(from || to ? { at } : {}) };
  const documents = await collections.commits.find(filter, { sort: { position: 1 }, limit }).toArray();
  return documents.map(({ _id, position, at, entries }) => ({ id: _id, position: position ?? 0, at, entries: entries.map(fromEntryDocument) }));
}

/** See `Store.lastPosition`. */
export async function lastPosition({ meta }: Collections): Promise<number> {
  return (await meta.findOne({ _id: 'position' }))?.position ?? 0;
}

/** See `Store.readCommit`. */
export async function readCommit(collections: Collections, id: string): Promise<StoredCommit | undefined> {
  const document = await collections.commits.findOne({ _id: id });
  return document ? fromCommitDocument(document) : undefined;
}

/** See `Store.readPast`. Each commit finds the resources that are asked of it by its place in a list. */
export async function readPast(collections: Collections, places: readonly PastPlace[]): Promise<Map<string, StoredCommit>> {
  const asked = new Map<string, string[]>();
  for (const { commit, order } of places) asked.set(commit, [...(asked.get(commit) ?? []), order]);
  if (asked.size === 0) return new Map();
  const ids = [...asked.keys()];
  const orders = { $arrayElemAt: [{ $literal: [...asked.values()] }, { $indexOfArray: [{ $literal: ids }, '$_id'] }] };
  const isAsked = { $in: ['$$this.order', '$$orders'] };
  const ofThem = { $filter: { input: '$entries', cond: { $gt: [{ $size: { $setIntersection: ['$$this.events.order', '$$orders'] } }, 0] } } };
  const entries = { $map: { input: ofThem, as: 'entry', in: { $mergeObjects: ['$$entry', { events: { $filter: { input: '$$entry.events', cond: isAsked } } }] } } };
  const previous = { $filter: { input: { $ifNull: ['$previous', []] }, cond: isAsked } };
  const inScope = (value: object): object => ({ $let: { vars: { orders }, in: value } });
  const found = await collections.commits
    .aggregate<CommitDocument>([{ $match: { _id: { $in: ids } } }, { $project: { at: 1, entries: inScope(entries), previous: inScope(previous) } }], { batchSize: ids.length + 1 })
    .toArray();
  return new Map(found.map((document) => [document._id, fromCommitDocument(document)]));
}
