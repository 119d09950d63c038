import type { Json, JsonObject } from '../json.js';
import type { Origin, OutgoingEvent, ParkReason, Reply } from '../message.js';
import type { Status } from '../status.js';
import type { HubStore } from './hub-store.js';
import type { Position, Query } from './query.js';

/** Version of the stored documents. A worker reads this format and the one before it, and refuses to start on a newer one. */
export const FORMAT = 1;

/**
 * The port to a database. Every line is a promise that `test/contract/store.contract.ts` checks on every adapter.
 * What decides anything (`load`, `receipts`, `pending`) is read as a majority of the database's members has it.
 * A method that cannot reach the database throws, and whoever called decides how long to try again.
 */
export interface Store {
  /** What the hub keeps. */
  readonly hub: HubStore;

  /** The resources of one type with these ids, tombstones included; ids without a document are absent from the answer. */
  load(type: string, ids: readonly string[]): Promise<Map<string, StoredResource>>;

  /** What these commands were answered with, keyed by command; those never answered are absent. */
  receipts(commands: readonly string[]): Promise<Map<string, Receipt>>;

  /**
   * All or nothing, durable when it resolves with `committed`.
   * `conflict`: a write or guard found another revision than it was decided on, a deletion another guard, or one of the commands
   * has a receipt already; nothing was written, and deciding again on fresh data is safe.
   * @throws PermanentStoreError when the database will never take it (too large, refused document).
   */
  commit(commit: Commit): Promise<'committed' | 'conflict'>;

  /** One page of live resources in the query's order, ties by id. @throws QueryTooCostly */
  find(type: string, query: Query): Promise<Page>;

  /**
   * Live resources of one type that have one of these ids as the attribute `id` of what lies at one of the paths, in order of id, at
   * most `limit`. Arrays are passed through.
   */
  referrers(type: string, paths: readonly (readonly string[])[], ids: readonly string[], limit: number): Promise<StoredResource[]>;

  /**
   * As `referrers`, but the latest first: by the text at `date`, then by id; what has none there comes last.
   * @param before only what comes behind this place in that order
   */
  latest(type: string, paths: readonly (readonly string[])[], ids: readonly string[], date: readonly string[], limit: number, before?: DatedPlace): Promise<StoredResource[]>;

  /** Commits that still wait to be published, oldest first; serial order within an incarnation. */
  pending(filter: PendingFilter): Promise<PendingCommit[]>;

  /**
   * Gives each of these commits the next position and ends its being pending, all in one step and in the order given.
   * A commit that is marked already, or unknown, is left as it is and takes no number.
   */
  markPublished(ids: readonly string[]): Promise<void>;

  /**
   * Published commits with a position greater than `after`, in order of position, at most `limit`. Positions have no gaps,
   * but for those left out: what was not committed between the two times, both included, where they are given.
   */
  readLog(after: number, limit: number, between?: Between): Promise<LoggedCommit[]>;

  /** The position of the last commit that was published; 0 when none ever was. */
  lastPosition(): Promise<number>;

  /** One commit, published or not; undefined when its retention is over. */
  readCommit(id: string): Promise<StoredCommit | undefined>;

  /**
   * What these commits have of these resources, by commit: entries with their events only, and what wrote them before. A commit can
   * have hundreds of other entries, which are not read. Commits whose retention is over are absent.
   */
  readPast(places: readonly PastPlace[]): Promise<Map<string, StoredCommit>>;

  /** Live resources with an id greater than `after` (by code unit), in order of id, at most `limit`. */
  scan(type: string, after: string, limit: number): Promise<StoredResource[]>;

  /** The messages set aside that the filter lets through, in order of time and then id, at most `limit`. */
  parked(filter: ParkedFilter, limit: number): Promise<ParkedMessage[]>;

  /** How many messages that the filter lets through are set aside, by reason; reasons without any are absent. */
  countParked(filter: ParkedFilter): Promise<Map<ParkReason, number>>;

  /**
   * Records that a parked message was sent again, as its `number`-th time, counted from 0.
   * False, and nothing is changed, when it has another number of retries or is gone.
   */
  recordRetry(id: string, number: number, retry: Retry): Promise<boolean>;

  /** Deletes parked messages; how many there were. */
  dropParked(ids: readonly string[]): Promise<number>;

  /** What was noted about these messages before they were tried, keyed by message; those without a note are absent. */
  notes(messages: readonly string[]): Promise<Map<string, Note>>;

  /** Notes, durably, that these messages are about to be tried; a note that exists is replaced. Notes vanish after a day. */
  writeNotes(messages: readonly string[], note: Note): Promise<void>;

  removeNotes(messages: readonly string[]): Promise<void>;

  /** Takes or renews a lease: true when `holder` has it for the next `ttlMs`, false when another holder does. */
  takeLease(name: string, holder: string, ttlMs: number): Promise<boolean>;

  /** Gives a lease back; that of another holder is left alone. */
  releaseLease(name: string, holder: string): Promise<void>;

  /** Says that this worker is alive for the next `ttlMs`, by the database's clock. The answer is all that are, this one included, sorted. */
  beat(worker: string, ttlMs: number): Promise<string[]>;

  /** Says that this worker is not alive any more. */
  leave(worker: string): Promise<void>;

  /** Records a setting that must never change behind the data's back. The first value stays; the answer is the recorded one. */
  recordSetting(name: string, value: string): Promise<string>;

  /** What `recordSetting` recorded; undefined when it never did. */
  setting(name: string): Promise<string | undefined>;

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
  /** When that was; unknown of what an earlier version of the embedded store wrote. */
  readonly at?: Date;
  /** The TM Forum resource, `id` included, `href` not; of a tombstone its last state. */
  readonly resource: JsonObject;
  readonly deleted: boolean;
  /** The last commit that had a guard on it; absent when none had. */
  readonly guard?: string;
}

/** A place among resources that are ordered by a date of theirs, the latest first. */
export interface DatedPlace {
  /** Undefined: among those without one, which come last. */
  readonly date: string | undefined;
  readonly id: string;
}

/** A resource in a commit that wrote it. */
export interface PastPlace {
  readonly commit: string;
  /** `type/id` of the resource. */
  readonly order: string;
}

export interface Page {
  readonly items: readonly StoredResource[];
  /** How many match in all, wherever the page begins; unless `exact` that many or more. */
  readonly total: number;
  /** True below the query's `countMax`, and where the page itself shows the end. */
  readonly exact: boolean;
  /** The place of the last item. Set if and only if more items follow it. */
  readonly next?: Position;
}

/** The new state of one resource. */
export interface ResourceWrite {
  readonly type: string;
  readonly id: string;
  /** The revision it was decided on: 0 when there was no document, else that document's, tombstones too. */
  readonly expected: number;
  /** The commit that wrote that document. Set if and only if `expected` is not 0. */
  readonly previous?: string;
  /** Its guard as it was read. A deletion is conditional on it, too: whoever relied on it meanwhile would rely on nothing. */
  readonly guard?: string;
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
  /** The command's CloudEvents id, type, source and so on, as far as it had them. */
  readonly id?: string;
  readonly type?: string;
  /** The resource's id. */
  readonly subject?: string;
  /** The resource's revision after it. */
  readonly revision?: number;
  readonly source?: string;
  readonly authid?: string;
  readonly channel?: string;
  readonly correlationid?: string;
  readonly retryof?: string;
  readonly events: readonly RecordedEvent[];
  /** What the sender was told though the command was accepted. */
  readonly warnings?: readonly string[];
}

/** An event in the log. Events with the same `order` are published one after the other. */
export interface RecordedEvent extends OutgoingEvent {
  /** `type/id` of the resource. */
  readonly order: string;
}

export interface ParkedMessage {
  /** Ids of one process sort as text in the order in which their messages came. */
  readonly id: string;
  readonly at: Date;
  readonly reason: ParkReason;
  readonly error: string;
  readonly origin: Origin;
  readonly attempts: number;
  readonly type?: string;
  readonly subject?: string;
  /** Headers and properties exactly as they came. */
  readonly headers: Readonly<Record<string, Json>>;
  /** What the bus read from them, see `Message`; a retry sends these. */
  readonly contentType?: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The exact bytes. */
  readonly body: Uint8Array;
  /** How it was sent again; absent when it never was. Kept for the retention after the last one. */
  readonly retries?: readonly Retry[];
}

/** A parked message was sent again. */
export interface Retry {
  readonly at: Date;
  /** CloudEvents id of the command that was sent; the parked message's own when it could not be given a new one. */
  readonly command: string;
  /** Another body was sent than the one that was parked. */
  readonly edited: boolean;
}

/** All that are given must hold. */
export interface ParkedFilter {
  readonly ids?: readonly string[];
  readonly reason?: ParkReason;
  readonly type?: string;
  readonly subject?: string;
  /** Parked at this time or later. */
  readonly from?: Date;
  /** Parked at this time or earlier. */
  readonly to?: Date;
  /** `waiting`: never sent again. `retried`: sent again at least once. */
  readonly state?: 'waiting' | 'retried';
  /** Only what comes later in the order, for the next page. */
  readonly after?: Pick<ParkedMessage, 'at' | 'id'>;
}

/** Each absent end is open. */
export interface Between {
  readonly from?: Date;
  readonly to?: Date;
}

/** `together`: tried in a batch with others. `alone`: tried by itself. */
export type Note = 'together' | 'alone';

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

export interface StoredCommit {
  readonly id: string;
  readonly at: Date;
  readonly entries: readonly Entry[];
  /** Keyed by `type/id`: the commit that wrote the resource before this one; resources that were new are absent. */
  readonly previous: ReadonlyMap<string, string>;
}

export interface LoggedCommit extends Omit<StoredCommit, 'previous'> {
  readonly position: number;
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
