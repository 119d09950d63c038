import { setTimeout } from 'node:timers/promises';
import { MongoServerError, type ClientSession, type Collection, type Db, type ErrorDescription, type MongoClient } from 'mongodb';
import { toCommitDocument, toParkedDocument, toResourceDocument, type Collections, type ResourceDocument } from './mongo-documents.js';
import { hasLabel, isConflict, toWriteError } from './mongo-errors.js';
import type { Commit, Guard, ResourceWrite } from './store.js';

/** How long an unknown result of a commit is asked again before it is the caller's to find out, in milliseconds. */
const UNKNOWN_RESULT_MS = 10_000;
const UNKNOWN_RESULT_PAUSE_MS = 100;

/** Applies one batch as one transaction, see `Store.commit`. */
export async function commitBatch(client: MongoClient, collections: Collections, commit: Commit): Promise<'committed' | 'conflict'> {
  const session = client.startSession();
  try {
    session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' });
    if (!(await writeAll(collections, commit, session))) {
      await session.abortTransaction();
      return 'conflict';
    }
    await commitTransaction(session);
    return 'committed';
  } catch (error) {
    if (isConflict(error)) return 'conflict';
    throw toWriteError(error);
  } finally {
    // Also aborts what is still open.
    await session.endSession();
  }
}

/** Commits, and asks again where the driver does not know the result; deciding anew could apply the batch twice. */
export async function commitTransaction(session: ClientSession): Promise<void> {
  const deadline = Date.now() + UNKNOWN_RESULT_MS;
  for (;;) {
    try {
      return await session.commitTransaction();
    } catch (error) {
      if (!hasLabel(error, 'UnknownTransactionCommitResult') || Date.now() > deadline) throw error;
    }
    await setTimeout(UNKNOWN_RESULT_PAUSE_MS);
  }
}

/** False when a write or guard did not find what it was decided on. */
async function writeAll(collections: Collections, commit: Commit, session: ClientSession): Promise<boolean> {
  await collections.commits.insertOne(toCommitDocument(commit), { session });
  const types = new Set([...commit.guards, ...commit.writes].map(({ type }) => type));
  for (const type of types) {
    const resources = collections.resources(type);
    const guards = commit.guards.filter((guard) => guard.type === type);
    const writes = commit.writes.filter((write) => write.type === type);
    const changes = writes.filter(({ expected }) => expected > 0);
    if (!(await checkGuards(resources, guards, commit.id, session)) || !(await replaceAll(resources, changes, commit, session))) return false;
    await insertAll(collections.db, type, writes.filter(({ expected }) => expected === 0), commit, session);
  }
  if (commit.parked.length > 0) await insertParked(collections, commit, session);
  return true;
}

async function checkGuards(resources: Collection<ResourceDocument>, guards: readonly Guard[], commit: string, session: ClientSession): Promise<boolean> {
  if (guards.length === 0) return true;
  // The new value makes it a real write: one that changes nothing would not conflict with another transaction's.
  const operations = guards.map(({ id, revision }) => ({ updateOne: { filter: { _id: id, revision }, update: { $set: { guard: commit } } } }));
  const { matchedCount } = await resources.bulkWrite(operations, { session, ordered: true });
  return matchedCount === operations.length;
}

/**
 * All changed resources in one statement, which costs the database a third of a statement each (measured). Each document finds its
 * replacement by its place in a list, and keeps what it is where it is not as expected: then it counts as not modified.
 */
async function replaceAll(resources: Collection<ResourceDocument>, writes: readonly ResourceWrite[], commit: Commit, session: ClientSession): Promise<boolean> {
  if (writes.length === 0) return true;
  const ids = writes.map(({ id }) => id);
  const own = (values: readonly unknown[]): object => ({ $arrayElemAt: [{ $literal: values }, { $indexOfArray: [{ $literal: ids }, '$_id'] }] });
  const isExpected = [{ $eq: ['$revision', own(writes.map(({ expected }) => expected))] }];
  if (writes.some(({ deleted }) => deleted)) {
    const guard = { $ifNull: ['$guard', ''] };
    isExpected.push({ $eq: [guard, { $ifNull: [own(writes.map((write) => (write.deleted ? (write.guard ?? '') : null))), guard] }] });
  }
  // A guard outlives every change, so that none goes unseen by a deletion.
  const replacement = { $mergeObjects: [own(writes.map((write) => toResourceDocument(write, commit))), { guard: '$guard' }] };
  const pipeline = [{ $replaceWith: { $cond: [{ $and: isExpected }, replacement, '$$ROOT'] } }];
  const { modifiedCount } = await resources.updateMany({ _id: { $in: ids } }, pipeline, { session });
  return modifiedCount === writes.length;
}

/** As a plain command: the driver's `insertMany` measures every document before it writes it, which takes as long as the writing. */
async function insertAll(db: Db, type: string, writes: readonly ResourceWrite[], commit: Commit, session: ClientSession): Promise<void> {
  if (writes.length === 0) return;
  const documents = writes.map((write) => toResourceDocument(write, commit));
  const { writeErrors } = await db.command({ insert: type, documents, ordered: true }, { session });
  const [failed] = (writeErrors ?? []) as ErrorDescription[];
  if (failed) throw new MongoServerError(failed);
}

/** A message that is set aside a second time under the same id stays as it was first seen. */
async function insertParked(collections: Collections, commit: Commit, session: ClientSession): Promise<void> {
  const operations = commit.parked.map(toParkedDocument).map(({ _id, ...document }) => ({
    updateOne: { filter: { _id }, update: { $setOnInsert: document }, upsert: true },
  }));
  await collections.parked.bulkWrite(operations, { session, ordered: true });
}
