import { open, type Database, type RootDatabase } from 'lmdb';
import { holdingUpExit } from '../exit.js';
import type { JsonObject } from '../json.js';
import type { ParkedDelivery, Subscription } from './hub-store.js';
import type { Entry, Note, ParkedMessage, Retry } from './store.js';

/** A resource or tombstone under its id. */
export interface ResourceRow {
  readonly revision: number;
  readonly commit: string;
  /** Milliseconds. Rows of an earlier version have none. */
  readonly at?: number;
  readonly resource: JsonObject;
  /** Only of a tombstone: when it may vanish, in milliseconds. */
  readonly expires?: number;
  readonly guard?: string;
}

export interface CommitRow {
  /** Milliseconds. */
  readonly at: number;
  readonly entries: readonly Entry[];
  /** See `StoredCommit.previous`. */
  readonly previous?: readonly [order: string, commit: string][];
}

export interface ParkedRow extends Omit<ParkedMessage, 'id' | 'at' | 'attributes' | 'body' | 'retries'> {
  readonly attributes?: ParkedMessage['attributes'];
  /** Base64. */
  readonly body: string;
  /** Times in milliseconds. */
  readonly retries?: readonly (Omit<Retry, 'at'> & { readonly at: number })[];
}

export interface NoteRow {
  readonly note: Note;
  /** Milliseconds. */
  readonly at: number;
}

export interface LeaseRow {
  readonly holder: string;
  /** Milliseconds. */
  readonly until: number;
}

export interface SubscriptionRow extends Omit<Subscription, 'id'> {
  readonly holder?: string;
}

export interface DeliveryRow extends Omit<ParkedDelivery, 'id' | 'at'> {
  /** Milliseconds. */
  readonly at: number;
}

/** Rows are JSON text, made before a transaction begins: a row that cannot be written then fails with nothing done. */
export type Text<Row> = string & { readonly row?: Row };

export function toText<Row>(row: Row): Text<Row> {
  return JSON.stringify(row);
}

export function fromText<Row>(text: Text<Row>): Row {
  return JSON.parse(text) as Row;
}

/** The resources of one type. Tombstones lie apart, so that lists and their total see only what lives. */
export interface TypeTables {
  readonly live: Database<Text<ResourceRow>, string>;
  readonly tombstones: Database<Text<ResourceRow>, string>;
}

const LIVE = 'live:';

/** All tables of an embedded store. Times in keys are milliseconds. */
export class Tables {
  readonly root: RootDatabase<string>;
  readonly commits: Database<Text<CommitRow>, string>;
  /** From the command to its commit. */
  readonly receipts: Database<string, string>;
  /** From a commit that waits to be published to its time, as text. */
  readonly pending: Database<string, string>;
  /** From the position to the commit. */
  readonly log: Database<string, number>;
  /** Key: when it was published, commit. Value: its position, or empty without one. For the retention. */
  readonly published: Database<string, [number, string]>;
  /** Key: when it may vanish, type, id. */
  readonly expiring: Database<string, [number, string, string]>;
  /** Key: time, id. */
  readonly parked: Database<Text<ParkedRow>, [number, string]>;
  /** From the id of a parked message to its time, as text. */
  readonly parkedIds: Database<string, string>;
  /** Key: time of the last retry, id of the parked message. For the retention. */
  readonly retried: Database<string, [number, string]>;
  readonly notes: Database<Text<NoteRow>, string>;
  readonly leases: Database<Text<LeaseRow>, string>;
  /** From the worker to the time until which it is alive, as text. */
  readonly presence: Database<string, string>;
  readonly subscriptions: Database<Text<SubscriptionRow>, string>;
  /** From the hub to the time until which it is alive, as text. */
  readonly hubs: Database<string, string>;
  readonly deliveries: Database<Text<DeliveryRow>, string>;
  /** Key: time, id of the parked delivery. Value: its subscription. */
  readonly deliveriesByTime: Database<string, [number, string]>;
  /** Key: subscription, time, id of the parked delivery. */
  readonly deliveriesOf: Database<string, [string, number, string]>;
  /** `format`, `position` and `setting:<name>`. */
  readonly meta: Database<string, string>;
  private readonly types = new Map<string, TypeTables>();

  /** `durable: false` for data that need not outlive the process. */
  constructor(folder: string, { durable }: { readonly durable: boolean }) {
    this.root = open({ path: folder, noSubdir: false, encoding: 'string', maxDbs: 200, noSync: !durable });
    this.commits = this.table('commits');
    this.receipts = this.table('receipts');
    this.pending = this.table('pending');
    this.log = this.table('log');
    this.published = this.table('published');
    this.expiring = this.table('expiring');
    this.parked = this.table('parked');
    this.parkedIds = this.table('parkedIds');
    this.retried = this.table('retried');
    this.notes = this.table('notes');
    this.leases = this.table('leases');
    this.presence = this.table('presence');
    this.subscriptions = this.table('subscriptions');
    this.hubs = this.table('hubs');
    this.deliveries = this.table('deliveries');
    this.deliveriesByTime = this.table('deliveriesByTime');
    this.deliveriesOf = this.table('deliveriesOf');
    this.meta = this.table('meta');
    for (const name of [...this.root.getKeys()].map(String)) if (name.startsWith(LIVE)) this.type(name.slice(LIVE.length));
  }

  /** Call it for a new type before a transaction, not in one: a transaction that fails would take the table with it. */
  type(name: string): TypeTables {
    let tables = this.types.get(name);
    if (!tables) {
      tables = { live: this.table(LIVE + name), tombstones: this.table(`tombstones:${name}`) };
      this.types.set(name, tables);
    }
    return tables;
  }

  /**
   * Runs the writes as one transaction, durable when it resolves. A throw undoes them; `transaction` alone would keep
   * what was written before it.
   */
  async write<T>(action: () => T): Promise<T> {
    const result = await holdingUpExit(() => this.root.childTransaction(action));
    await this.root.flushed;
    return result;
  }

  private table<V extends string, K extends string | number | (string | number)[]>(name: string): Database<V, K> {
    return this.root.openDB<V, K>({ name, encoding: 'string' });
  }
}
