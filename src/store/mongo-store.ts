import { setTimeout } from 'node:timers/promises';
import { AbandonedTransactions } from './mongo-abandoned.js';
import { commitBatch } from './mongo-commit.js';
import { MongoConnection, type ConnectionOptions } from './mongo-connection.js';
import { fromResourceDocument, RESOURCE_FIELDS, type ResourceDocument } from './mongo-documents.js';
import { onceMore } from './mongo-errors.js';
import { findPage } from './mongo-find.js';
import { MongoHub } from './mongo-hub.js';
import { findPending, findReceipts, lastPosition, markPublished, readCommit, readLog, readPast } from './mongo-log.js';
import { findNotes, removeNotes, writeNotes } from './mongo-notes.js';
import { countParked, dropParked, findParked, recordRetry } from './mongo-parked.js';
import { beat, leave } from './mongo-presence.js';
import { findLatest, findReferrers } from './mongo-referrers.js';
import type { HubStore } from './hub-store.js';
import type { Query } from './query.js';
import type { ParkReason } from '../message.js';
import type {
  Between,
  Commit,
  DatedPlace,
  LoggedCommit,
  Note,
  Page,
  ParkedFilter,
  ParkedMessage,
  PastPlace,
  PendingCommit,
  PendingFilter,
  Receipt,
  Retry,
  Store,
  StoredCommit,
  StoredResource,
} from './store.js';
import type { Status } from '../status.js';

/** So long an opening waits for the first look at the database: what is built on it then begins without complaints where it is up. */
const LOOK_MS = 1_000;

/**
 * The store on a MongoDB replica set. Resolves within a second, the database up or away: it connects and checks in the
 * background, and until that has passed `status()` is not up and every other method throws UnavailableError.
 * @throws StartError when the URL is no MongoDB URL.
 */
export async function openMongoStore(options: ConnectionOptions): Promise<Store> {
  const connection = new MongoConnection(options);
  await Promise.race([connection.looked, setTimeout(LOOK_MS, undefined, { ref: false })]);
  return new MongoStore(connection, options);
}

class MongoStore implements Store {
  readonly hub: HubStore;
  private readonly abandoned: AbandonedTransactions;
  private readonly queryTimeoutMs: number;

  constructor(
    private readonly connection: MongoConnection,
    { queryTimeoutMs, log }: ConnectionOptions,
  ) {
    this.abandoned = new AbandonedTransactions(connection.client, connection.database, log);
    this.queryTimeoutMs = queryTimeoutMs;
    this.hub = new MongoHub(connection.client, () => connection.collections());
  }

  async load(type: string, ids: readonly string[]): Promise<Map<string, StoredResource>> {
    const resources = this.connection.collections().resources(type);
    // The batch size makes it one round trip.
    const documents = await resources
      .find<ResourceDocument>({ _id: { $in: [...ids] } }, { projection: RESOURCE_FIELDS, batchSize: ids.length + 1 })
      .toArray();
    return new Map(documents.map((document) => [document._id, fromResourceDocument(document)]));
  }

  async receipts(commands: readonly string[]): Promise<Map<string, Receipt>> {
    return findReceipts(this.connection.collections(), commands);
  }

  async commit(commit: Commit): Promise<'committed' | 'conflict'> {
    const result = await commitBatch(this.connection.client, this.connection.collections(), commit);
    if (result === 'conflict') await this.abandoned.end();
    return result;
  }

  async find(type: string, query: Query): Promise<Page> {
    return findPage(this.connection.collections().resources(type), query, this.queryTimeoutMs);
  }

  async referrers(type: string, paths: readonly (readonly string[])[], ids: readonly string[], limit: number): Promise<StoredResource[]> {
    return findReferrers(this.connection.collections().resources(type), paths, ids, limit);
  }

  async latest(type: string, paths: readonly (readonly string[])[], ids: readonly string[], date: readonly string[], limit: number, before?: DatedPlace): Promise<StoredResource[]> {
    return findLatest(this.connection.collections().resources(type), paths, ids, date, limit, before);
  }

  async pending(filter: PendingFilter): Promise<PendingCommit[]> {
    return findPending(this.connection.collections(), filter);
  }

  async markPublished(ids: readonly string[]): Promise<void> {
    return markPublished(this.connection.client, this.connection.collections(), ids, () => this.abandoned.end());
  }

  async readLog(after: number, limit: number, between: Between = {}): Promise<LoggedCommit[]> {
    return readLog(this.connection.collections(), after, limit, between);
  }

  async lastPosition(): Promise<number> {
    return lastPosition(this.connection.collections());
  }

  async readCommit(id: string): Promise<StoredCommit | undefined> {
    return readCommit(this.connection.collections(), id);
  }

  async readPast(places: readonly PastPlace[]): Promise<Map<string, StoredCommit>> {
    return readPast(this.connection.collections(), places);
  }

  async scan(type: string, after: string, limit: number): Promise<StoredResource[]> {
    const resources = this.connection.collections().resources(type);
    // To MongoDB a limit of 0 is none.
    if (limit === 0) return [];
    const filter = { deleted: false, _id: { $gt: after } };
    const documents = await resources.find<ResourceDocument>(filter, { projection: RESOURCE_FIELDS, sort: { _id: 1 }, limit, batchSize: limit + 1 }).toArray();
    return documents.map(fromResourceDocument);
  }

  async parked(filter: ParkedFilter, limit: number): Promise<ParkedMessage[]> {
    return findParked(this.connection.collections(), filter, limit);
  }

  async countParked(filter: ParkedFilter): Promise<Map<ParkReason, number>> {
    return countParked(this.connection.collections(), filter);
  }

  async recordRetry(id: string, number: number, retry: Retry): Promise<boolean> {
    return recordRetry(this.connection.collections(), id, number, retry);
  }

  async dropParked(ids: readonly string[]): Promise<number> {
    return dropParked(this.connection.collections(), ids);
  }

  async notes(messages: readonly string[]): Promise<Map<string, Note>> {
    return findNotes(this.connection.collections(), messages);
  }

  async writeNotes(messages: readonly string[], note: Note): Promise<void> {
    return writeNotes(this.connection.collections(), messages, note);
  }

  async removeNotes(messages: readonly string[]): Promise<void> {
    return removeNotes(this.connection.collections(), messages);
  }

  /** By the server's clock, so that workers need not agree on the time. */
  async takeLease(name: string, holder: string, ttlMs: number): Promise<boolean> {
    const { leases } = this.connection.collections();
    const me = { $literal: holder };
    const mine = { $or: [{ $eq: ['$holder', me] }, { $lte: [{ $ifNull: ['$until', new Date(0)] }, '$$NOW'] }] };
    const lease = await onceMore(() =>
      leases.findOneAndUpdate(
        { _id: name },
        [{ $set: { until: { $cond: [mine, { $add: ['$$NOW', ttlMs] }, '$until'] }, holder: { $cond: [mine, me, '$holder'] } } }],
        { upsert: true, returnDocument: 'after' },
      ),
    );
    return lease?.holder === holder;
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    await this.connection.collections().leases.deleteOne({ _id: name, holder });
  }

  async beat(worker: string, ttlMs: number): Promise<string[]> {
    return onceMore(() => beat(this.connection.collections(), worker, ttlMs));
  }

  async leave(worker: string): Promise<void> {
    return leave(this.connection.collections(), worker);
  }

  async recordSetting(name: string, value: string): Promise<string> {
    const { meta } = this.connection.collections();
    const recorded = await onceMore(() =>
      meta.findOneAndUpdate({ _id: `setting:${name}` }, { $setOnInsert: { value } }, { upsert: true, returnDocument: 'after' }),
    );
    return recorded?.value ?? value;
  }

  async setting(name: string): Promise<string | undefined> {
    return (await this.connection.collections().meta.findOne({ _id: `setting:${name}` }))?.value;
  }

  status(): Status {
    return this.connection.status();
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
