import type { Collection, Db, Document } from 'mongodb';
import { StartError } from '../errors.js';
import type { Collections } from './mongo-documents.js';
import { isMadeOtherwise } from './mongo-errors.js';
import type { IndexedType } from './mongo-list-indexes.js';
import { FORMAT } from './store.js';

/** The oldest server that is supported; what the driver needs is older. */
const MIN_VERSION = 5;

/** A day, see `Store.writeNotes`. */
const NOTES_SECONDS = 24 * 60 * 60;

export interface StartOptions {
  readonly types: readonly IndexedType[];
  readonly retentionMs: number;
  /** Nothing is made or changed: for tools, which need not know the retention. */
  readonly asFound?: boolean;
}

/**
 * Everything that must hold before a worker may write: topology, server version, stored format, and the indexes that it rests on.
 * Safe to repeat and to run in several workers at once.
 * @throws StartError when an operator must act; anything else may pass when tried again.
 */
export async function checkStart(db: Db, collections: Collections, options: StartOptions): Promise<void> {
  await checkTopology(db);
  await checkVersion(db);
  await checkFormat(collections, options);
  if (options.asFound !== true) await createIndexes(collections, options);
}

async function checkTopology(db: Db): Promise<void> {
  const hello = await db.admin().command({ hello: 1 });
  if (hello['msg'] === 'isdbgrid' || typeof hello['setName'] === 'string') return;
  if (hello['isreplicaset'] === true) throw new Error('the replica set is not initiated yet: run rs.initiate()');
  throw new StartError(
    'MongoDB runs standalone and has no transactions; a replica set of one node is enough: ' +
      'start mongod with --replSet rs0 and run rs.initiate() once in mongosh',
  );
}

async function checkVersion(db: Db): Promise<void> {
  const { version } = await db.admin().command({ buildInfo: 1 });
  if (parseInt(String(version), 10) < MIN_VERSION) throw new StartError(`MongoDB is ${String(version)}; ${MIN_VERSION}.0 or newer is needed`);
}

async function checkFormat({ meta }: Collections, { asFound = false }: StartOptions): Promise<void> {
  const before = asFound ? await meta.findOne({ _id: 'format' }) : await meta.findOneAndUpdate({ _id: 'format' }, { $max: { format: FORMAT } }, { upsert: true, returnDocument: 'before' });
  const found = before?.format ?? FORMAT;
  if (found > FORMAT) throw new StartError(`the database has format ${found}, written by a newer version; this one reads up to ${FORMAT}`);
}

async function createIndexes(collections: Collections, { types, retentionMs }: StartOptions): Promise<void> {
  const { commits, parked, notes, subscriptions, parkedDeliveries } = collections;
  const retentionSeconds = Math.ceil(retentionMs / 1000);
  const pending = { partialFilterExpression: { pending: true } };
  await commits.createIndexes([
    { key: { commands: 1 }, unique: true, partialFilterExpression: { commands: { $exists: true } } },
    { key: { position: 1 }, unique: true, partialFilterExpression: { position: { $exists: true } } },
    { key: { pending: 1, _id: 1 }, ...pending },
    { key: { pending: 1, at: 1, _id: 1 }, ...pending },
  ]);
  await createExpiry(commits, 'publishedAt', retentionSeconds);
  await parked.createIndex({ at: 1, _id: 1 });
  await createExpiry(parked, 'retriedAt', retentionSeconds);
  await createExpiry(notes, 'at', NOTES_SECONDS);
  await subscriptions.createIndexes([
    { key: { active: 1, hold: 1, _id: 1 }, partialFilterExpression: { active: true } },
    { key: { holder: 1 }, sparse: true },
    { key: { api: 1, _id: 1 } },
  ]);
  await parkedDeliveries.createIndexes([{ key: { at: 1, _id: 1 } }, { key: { subscription: 1, at: 1, _id: 1 } }]);
  await createExpiry(parkedDeliveries, 'at', retentionSeconds);
  for (const { name } of types) await createExpiry(collections.resources(name), 'expires', 0);
}

/** A TTL index of what has the attribute; an existing one takes over a changed time, and else stays as an earlier version made it. */
async function createExpiry<T extends Document>(collection: Collection<T>, attribute: string, expireAfterSeconds: number): Promise<void> {
  try {
    await collection.createIndex({ [attribute]: 1 }, { expireAfterSeconds, sparse: true });
  } catch (error) {
    if (!isMadeOtherwise(error)) throw error;
    const command = { collMod: collection.collectionName, index: { keyPattern: { [attribute]: 1 }, expireAfterSeconds } };
    await collection.db.command(command);
  }
}
