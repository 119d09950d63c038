import type { Json, JsonObject } from '../json.js';
import type { Origin, OutgoingEvent, ParkReason, Reply } from '../message.js';
import type { Status } from '../status.js';
import type { Query } from './query.js';

/** Version of the stored documents. A worker reads this format and the one before it, and refuses to start on a newer one. */
export const FORMAT = 1;

/**
 * The port to a database. Every line is a promise that `test/contract/store.contract.ts` checks on every adapter.
 * What decides anything (`load`, `receipts`, `pending`) is read as a majority of the database's members has it.
 * A method that cannot reach the database throws, and whoever called decides how long to try again.
 */
export interface Store {
  /** The resources of one type with these ids, tombstones included; ids without a document are absent from the answer. */
  load(type: string, ids: readonly string[]): Promise<Map<string, StoredResource>>;

  /** What these commands were answered with, keyed by command; those never answered are absent. */
  receipts(commands: readonly string[]): Promise<Map<string, Receipt>>;

  /**
   * All or nothing, durable when it resolves with `committed`.
   * `conflict`: a write or guard found another revision than it was decided on, or one of the commands has a
   * receipt already; nothing was written, and deciding again on fresh data is safe.
   * @throws PermanentStoreError when the database will never take it (too large, refused document).
   */
  commit(commit: Commit): Promise<'committed' | 'conflict'>;

  /** One page of live resources in the query's order, ties by id, with the exact number of all that match. @throws QueryTooCostly */
  find(type: string, query: Query): Promise<Page>;

  /** Commits that still wait to be published, oldest first; serial order within an incarnation. */
  pending(filter: PendingFilter): Promise<PendingCommit[]>;

  /**
   * Gives each of these commits the next position and ends its being pending, all in one step and in the order given.
   * A commit that is marked already, or unknown, is left as it is and takes no number.
   */
  markPublished(ids: readonly string[]): Promise<void>;

  /** Published commits with a position greater than `after`, in order of position, at most `limit`. Positions have no gaps. */
  readLog(after: number, limit: number): Promise<LoggedCommit[]>;

  /** The messages set aside, oldest first, at most `limit`. */
  parked(limit: number): Promise<ParkedMessage[]>;

  /** Takes or renews a lease: true when `holder` has it for the next `ttlMs`, false when another holder does. */
  takeLease(name: string, holder: string, ttlMs: number): Promise<boolean>;

  /** Gives a lease back; that of another holder is left alone. */
  releaseLease(name: string, holder: string): Promise<void>;

  /** Records a setting that must never change behind the data's back. The first value stays; the answer is the recorded one. */
  recordSetting(name: string, value: string): Promise<string>;

  /** Whether the database can be used right now, and if not, why not. */
  status(): Status;

  close(): Promise<void>;
}

export interface StoredResource {
  readonly id: string;
  /** Counts the events of this resource: 1 after its creation. */
  readonly revision: number;
  /** Id of the commit that last wrote it. */
  readonly commit: string;
  /** The TM Forum resource, `id` included, `href` not; of a tombstone its last state. */
  readonly resource: JsonObject;
  readonly deleted: boolean;
}

export interface Page {
  readonly items: readonly StoredResource[];
  /** How many match in all. */
  readonly total: number;
}

/** The new state of one resource. */
export interface ResourceWrite {
  readonly type: string;
  readonly id: string;
  /** The revision it was decided on: 0 when there was no document, else that document's, tombstones too. */
  readonly expected: number;
  readonly revision: number;
  readonly resource: JsonObject;
  readonly deleted: boolean;
  /** When a tombstone may vanish. Set if and only if `deleted`. */
  readonly expires?: Date;
}

/** A resource that was relied on, not changed: its revision must still be this one. */
export interface Guard {
  readonly type: string;
  readonly id: string;
  readonly revision: number;
}

/** One command in the log: what was asked, what was answered, what must be announced. */
export interface Entry {
  /** Hash of source and id. Absent for a message that was parked before it was understood. */
  readonly command?: string;
  /** Hash of what was asked, to tell a repetition from a reused id. */
  readonly digest?: string;
  /** The HTTP status it was answered with. */
  readonly status: number;
  /** The answer, where `events` cannot rebuild it. */
  readonly reply?: Reply;
  /** The command's CloudEvents type. */
  readonly type?: string;
  /** The resource's id. */
  readonly subject?: string;
  /** The resource's revision after it. */
  readonly revision?: number;
  readonly source?: string;
  readonly authid?: string;
  readonly channel?: string;
  readonly correlationid?: string;
  readonly events: readonly RecordedEvent[];
}

/** An event in the log. Events with the same `order` are published one after the other. */
export interface RecordedEvent extends OutgoingEvent {
  /** `type/id` of the resource. */
  readonly order: string;
}

export interface ParkedMessage {
  readonly id: string;
  readonly at: Date;
  readonly reason: ParkReason;
  readonly error: string;
  readonly origin: Origin;
  readonly attempts: number;
  readonly type?: string;
  readonly subject?: string;
  readonly headers: Readonly<Record<string, Json>>;
  /** The exact bytes. */
  readonly body: Uint8Array;
}

/** One batch. */
export interface Commit {
  /** `<incarnation>-<serial>`, see `commitId`. */
  readonly id: string;
  readonly at: Date;
  readonly writes: readonly ResourceWrite[];
  readonly guards: readonly Guard[];
  readonly parked: readonly ParkedMessage[];
  readonly entries: readonly Entry[];
}

export interface Receipt {
  readonly commit: string;
  readonly entry: Entry;
}

/** A commit with events that are not all known to be published. */
export interface PendingCommit {
  readonly id: string;
  readonly at: Date;
  readonly events: readonly RecordedEvent[];
}

export interface LoggedCommit {
  readonly id: string;
  readonly position: number;
  readonly at: Date;
  readonly entries: readonly Entry[];
}

export type PendingFilter =
  /** Of one incarnation, up to and including this commit. */
  | { readonly upTo: string }
  /** Of any incarnation, committed before this time; at most `limit`. */
  | { readonly before: Date; readonly limit: number };

const SERIAL_DIGITS = 12;

/** The id of a process's n-th commit; the ids of one incarnation sort as text in the order of their serials. */
export function commitId(incarnation: string, serial: number): string {
  return `${incarnation}-${String(serial).padStart(SERIAL_DIGITS, '0')}`;
}

/** The process that made a commit. */
export function incarnationOf(commit: string): string {
  return commit.slice(0, -(SERIAL_DIGITS + 1));
}
