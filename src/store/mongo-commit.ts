import { setTimeout } from 'node:timers/promises';
import type { AnyBulkWriteOperation, ClientSession, MongoClient } from 'mongodb';
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

/** False when a write or guard did not find the revision it was decided on. */
async function writeAll(collections: Collections, commit: Commit, session: ClientSession): Promise<boolean> {
  await collections.commits.insertOne(toCommitDocument(commit), { session });
  const types = new Set([...commit.guards, ...commit.writes].map(({ type }) => type));
  for (const type of types) {
    const operations = operationsOf(commit, type);
    if (operations.length === 0) continue;
    const result = await collections.resources(type).bulkWrite(operations, { session, ordered: true });
    if (result.matchedCount + result.insertedCount !== operations.length) return false;
  }
  if (commit.parked.length > 0) await insertParked(collections, commit, session);
  return true;
}

/** Operations of a kind stand together, since the driver sends each run of one kind as one message. */
function operationsOf(commit: Commit, type: string): AnyBulkWriteOperation<ResourceDocument>[] {
  const writes = commit.writes.filter((write) => write.type === type);
  return [
    ...commit.guards.filter((guard) => guard.type === type).map((guard) => guardOperation(guard, commit.id)),
    ...writes.filter(({ expected }) => expected > 0).map((write) => replaceOperation(write, commit)),
    ...writes.filter(({ expected }) => expected === 0).map((write) => ({ insertOne: { document: toResourceDocument(write, commit) } })),
  ];
}

function guardOperation({ id, revision }: Guard, commit: string): AnyBulkWriteOperation<ResourceDocument> {
  // The new value makes it a real write: one that changes nothing would not conflict with another transaction's.
  return { updateOne: { filter: { _id: id, revision }, update: { $set: { guard: commit } } } };
}

function replaceOperation(write: ResourceWrite, commit: Commit): AnyBulkWriteOperation<ResourceDocument> {
  const { _id, ...replacement } = toResourceDocument(write, commit);
  return { replaceOne: { filter: { _id, revision: write.expected }, replacement } };
}

/** A message that is set aside a second time under the same id stays as it was first seen. */
async function insertParked(collections: Collections, commit: Commit, session: ClientSession): Promise<void> {
  const operations = commit.parked.map(toParkedDocument).map(({ _id, ...document }) => ({
    updateOne: { filter: { _id }, update: { $setOnInsert: document }, upsert: true },
  }));
  await collections.parked.bulkWrite(operations, { session, ordered: true });
}
