import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { StartError, textOf, UnavailableError } from '../errors.js';
import { commitBatch } from './embedded-commit.js';
import { sweep } from './embedded-expiry.js';
import { findLatest, findPage, findReferrers } from './embedded-find.js';
import { EmbeddedHub } from './embedded-hub.js';
import { lockFolder, type FolderLock } from './embedded-lock.js';
import { findPending, findReceipts, lastPosition, markPublished, readCommit, readLog, readPast } from './embedded-log.js';
import { countParked, dropParked, findParked, recordRetry } from './embedded-parked.js';
import { beat, forgetAll, leave } from './embedded-presence.js';
import { currentRow, readStored, toStored } from './embedded-rows.js';
import { fromText, Tables, toText } from './embedded-tables.js';
import type { ParkReason } from '../message.js';
import type { HubStore } from './hub-store.js';
import type { Query } from './query.js';
import {
  FORMAT,
  type Between,
  type Commit,
  type DatedPlace,
  type LoggedCommit,
  type Note,
  type Page,
  type ParkedFilter,
  type ParkedMessage,
  type PastPlace,
  type PendingCommit,
  type PendingFilter,
  type Receipt,
  type Retry,
  type Store,
  type StoredCommit,
  type StoredResource,
} from './store.js';
import type { Status } from '../status.js';

const SWEEP_MS = 60_000;

export interface EmbeddedOptions {
  /** Folder, made when it is missing. Undefined: a temporary one, deleted at close. */
  readonly path: string | undefined;
  /** How long published commits and their receipts are kept. */
  readonly retentionMs: number;
  /** Nothing is made or deleted: for tools, which need not know the retention. */
  readonly asFound?: boolean;
  readonly log: Logger;
}

/**
 * The store in this process, on LMDB. Lists are scans; made for one process and up to 100,000 resources.
 * @throws StartError when the folder cannot be used, is in use by another process, or has a newer format.
 */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<Store> {
  const folder = options.path ?? mkdtempSync(join(tmpdir(), 'party-role-'));
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new StartError(`cannot make the folder ${folder}: ${textOf(error)}`, { cause: error });
  }
  const lock = await lockFolder(folder);
  try {
    return await EmbeddedStore.open(folder, lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class EmbeddedStore implements Store {
  readonly hub: HubStore = new EmbeddedHub(() => this.ready());
  private readonly sweeper: NodeJS.Timeout | undefined;
  private closed = false;

  private constructor(
    private readonly tables: Tables,
    private readonly release: () => Promise<void>,
    private readonly options: EmbeddedOptions,
  ) {
    if (options.asFound === true) return;
    this.sweeper = setInterval(() => {
      this.sweep().catch((error: unknown) => this.options.log.error({ err: error }, 'expired data could not be deleted'));
    }, SWEEP_MS);
    this.sweeper.unref();
  }

  static async open(folder: string, lock: FolderLock, options: EmbeddedOptions): Promise<EmbeddedStore> {
    const isTemporary = options.path === undefined;
    const tables = new Tables(folder, { durable: !isTemporary });
    const release = async (): Promise<void> => {
      await tables.root.close();
      await lock.release();
      if (isTemporary) rmSync(folder, { recursive: true, force: true });
    };
    const store = new EmbeddedStore(tables, release, options);
    try {
      await store.checkFormat();
      if (options.asFound !== true) await store.takeOver();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async load(type: string, ids: readonly string[]): Promise<Map<string, StoredResource>> {
    const tables = await this.ready();
    return new Map(
      ids.flatMap((id): [string, StoredResource][] => {
        const row = currentRow(tables, type, id);
        return row ? [[id, toStored(id, row)]] : [];
      }),
    );
  }

  async receipts(commands: readonly string[]): Promise<Map<string, Receipt>> {
    const tables = await this.ready();
    return findReceipts(tables, commands);
  }

  async commit(commit: Commit): Promise<'committed' | 'conflict'> {
    const tables = await this.ready();
    return commitBatch(tables, commit);
  }

  async find(type: string, query: Query): Promise<Page> {
    const tables = await this.ready();
    return findPage(tables.type(type), query);
  }

  async referrers(type: string, paths: readonly (readonly string[])[], ids: readonly string[], limit: number): Promise<StoredResource[]> {
    const tables = await this.ready();
    return findReferrers(tables.type(type), paths, ids, limit);
  }

  async latest(type: string, paths: readonly (readonly string[])[], ids: readonly string[], date: readonly string[], limit: number, before?: DatedPlace): Promise<StoredResource[]> {
    const tables = await this.ready();
    return findLatest(tables.type(type), paths, ids, date, limit, before);
  }

  async pending(filter: PendingFilter): Promise<PendingCommit[]> {
    const tables = await this.ready();
    return findPending(tables, filter);
  }

  async markPublished(ids: readonly string[]): Promise<void> {
    const tables = await this.ready();
    await markPublished(tables, ids);
  }

  async readLog(after: number, limit: number, between: Between = {}): Promise<LoggedCommit[]> {
    const tables = await this.ready();
    return readLog(tables, after, limit, between);
  }

  async lastPosition(): Promise<number> {
    const tables = await this.ready();
    return lastPosition(tables);
  }

  async readCommit(id: string): Promise<StoredCommit | undefined> {
    const tables = await this.ready();
    return readCommit(tables, id);
  }

  async readPast(places: readonly PastPlace[]): Promise<Map<string, StoredCommit>> {
    const tables = await this.ready();
    return readPast(tables, places);
  }

  async scan(type: string, after: string, limit: number): Promise<StoredResource[]> {
    const tables = await this.ready();
    const rows = tables.type(type).live.getRange({ start: after, exclusiveStart: true, limit });
    return [...rows].map(({ key, value }) => readStored(key, value));
  }

  async parked(filter: ParkedFilter, limit: number): Promise<ParkedMessage[]> {
    const tables = await this.ready();
    return findParked(tables, filter, limit);
  }

  async countParked(filter: ParkedFilter): Promise<Map<ParkReason, number>> {
    const tables = await this.ready();
    return countParked(tables, filter);
  }

  async recordRetry(id: string, number: number, retry: Retry): Promise<boolean> {
    const tables = await this.ready();
    return recordRetry(tables, id, number, retry);
  }

  async dropParked(ids: readonly string[]): Promise<number> {
    const tables = await this.ready();
    return dropParked(tables, ids);
  }

  async notes(messages: readonly string[]): Promise<Map<string, Note>> {
    const tables = await this.ready();
    return new Map(
      messages.flatMap((message): [string, Note][] => {
        const text = tables.notes.get(message);
        return text === undefined ? [] : [[message, fromText(text).note]];
      }),
    );
  }

  async writeNotes(messages: readonly string[], note: Note): Promise<void> {
    const tables = await this.ready();
    const text = toText({ note, at: Date.now() });
    await tables.write(() => {
      for (const message of messages) tables.notes.putSync(message, text);
    });
  }

  async removeNotes(messages: readonly string[]): Promise<void> {
    const tables = await this.ready();
    await tables.write(() => {
      for (const message of messages) tables.notes.removeSync(message);
    });
  }

  async takeLease(name: string, holder: string, ttlMs: number): Promise<boolean> {
    const tables = await this.ready();
    const now = Date.now();
    return tables.write(() => {
      const text = tables.leases.get(name);
      const lease = text === undefined ? undefined : fromText(text);
      if (lease && lease.holder !== holder && lease.until > now) return false;
      tables.leases.putSync(name, toText({ holder, until: now + ttlMs }));
      return true;
    });
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    const tables = await this.ready();
    await tables.write(() => {
      const text = tables.leases.get(name);
      if (text !== undefined && fromText(text).holder === holder) tables.leases.removeSync(name);
    });
  }

  async beat(worker: string, ttlMs: number): Promise<string[]> {
    const tables = await this.ready();
    return tables.write(() => beat(tables.presence, worker, Date.now(), ttlMs));
  }

  async leave(worker: string): Promise<void> {
    const tables = await this.ready();
    await tables.write(() => {
      leave(tables.presence, worker);
    });
  }

  async recordSetting(name: string, value: string): Promise<string> {
    const tables = await this.ready();
    return tables.write(() => {
      const recorded = tables.meta.get(`setting:${name}`);
      if (recorded === undefined) tables.meta.putSync(`setting:${name}`, value);
      return recorded ?? value;
    });
  }

  async setting(name: string): Promise<string | undefined> {
    const tables = await this.ready();
    return tables.meta.get(`setting:${name}`);
  }

  status(): Status {
    return this.closed ? { up: false, why: 'closed' } : { up: true };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.sweeper);
    await this.release();
  }

  private ready(): Promise<Tables> {
    if (this.closed) return Promise.reject(new UnavailableError('the store is closed'));
    return Promise.resolve(this.tables);
  }

  private async checkFormat(): Promise<void> {
    const found = Number(this.tables.meta.get('format') ?? FORMAT);
    if (found > FORMAT) throw new StartError(`the folder has format ${found}, written by a newer version; this one reads up to ${FORMAT}`);
    if (this.options.asFound === true) return;
    await this.tables.write(() => {
      this.tables.meta.putSync('format', String(FORMAT));
    });
  }

  /** The hub of before is not alive any more, whatever it said: this process alone has the folder. */
  private async takeOver(): Promise<void> {
    await this.tables.write(() => forgetAll(this.tables.hubs));
    await this.sweep();
  }

  private sweep(): Promise<void> {
    return sweep(this.tables, Date.now(), this.options.retentionMs);
  }
}
