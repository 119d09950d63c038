import type { Binary, Collection, Db } from 'mongodb';
import type { JsonObject } from '../json.js';
import type { Origin, ParkReason, Reply } from '../message.js';
import type { DeliveryDocument, HubsDocument, SubscriptionDocument } from './mongo-hub-documents.js';
import { escapeNames, hasUnsafeNames, unescapeNames } from './mongo-names.js';
import { FORMAT, type Commit, type Entry, type Note, type ParkedMessage, type ResourceWrite, type StoredCommit, type StoredResource } from './store.js';

/** One resource or tombstone, in the collection named like its type. */
export interface ResourceDocument {
  readonly _id: string;
  readonly revision: number;
  readonly commit: string;
  readonly at: Date;
  readonly format: number;
  /** Whether names in `resource` are escaped, see `escapeName`. */
  readonly escaped?: true;
  readonly resource: JsonObject;
  readonly deleted: boolean;
  /** Only tombstones have it: the TTL index deletes whatever has it. */
  readonly expires?: Date;
  /** The last commit that relied on this resource: writing it is what makes two such commits meet. */
  readonly guard?: string;
}

/** One batch: outbox, receipts, audit trail and feed in one. */
export interface CommitDocument {
  readonly _id: string;
  readonly at: Date;
  readonly format: number;
  /** There while it has unpublished events. */
  readonly pending?: true;
  /** Once published, and only if it has events. */
  readonly position?: number;
  readonly publishedAt?: Date;
  /** The commands of `entries`; a list of its own, since a unique index on `entries.command` would count entries without one as equal. */
  readonly commands?: readonly string[];
  readonly entries: readonly EntryDocument[];
  /** See `StoredCommit.previous`; a list, since the keys would be any text. */
  readonly previous?: readonly { readonly order: string; readonly commit: string }[];
}

/** The reply is kept as JSON text, as events are: attribute names in it are any text. */
export interface EntryDocument extends Omit<Entry, 'reply'> {
  readonly reply?: string;
}

export interface ParkedDocument extends Omit<ParkedMessage, 'id' | 'headers' | 'attributes' | 'body' | 'origin'> {
  readonly _id: string;
  readonly format: number;
  readonly reason: ParkReason;
  readonly origin: Origin;
  /** JSON text, since names in them are any text. */
  readonly headers: string;
  readonly attributes?: string;
  /** Time of the last retry: the TTL index deletes whatever has it. */
  readonly retriedAt?: Date;
  readonly body: Binary | Buffer;
}

/** `_id` is the message's identity. */
export interface NoteDocument {
  readonly _id: string;
  readonly note: Note;
  readonly at: Date;
}

export interface LeaseDocument {
  readonly _id: string;
  readonly holder: string;
  readonly until: Date;
}

/** One for all workers, so that a beat is one step and all see the same. */
export interface PresenceDocument {
  readonly _id: 'workers';
  readonly alive: readonly { readonly worker: string; readonly until: Date }[];
}

/** `_id` is `format`, `position` or `setting:<name>`; each has one of the others. */
export interface MetaDocument {
  readonly _id: string;
  readonly format?: number;
  readonly position?: number;
  readonly value?: string;
}

/** The collections of one deployment. */
export class Collections {
  readonly commits: Collection<CommitDocument>;
  readonly parked: Collection<ParkedDocument>;
  readonly notes: Collection<NoteDocument>;
  readonly leases: Collection<LeaseDocument>;
  readonly presence: Collection<PresenceDocument>;
  readonly meta: Collection<MetaDocument>;
  readonly subscriptions: Collection<SubscriptionDocument>;
  readonly hubs: Collection<HubsDocument>;
  readonly parkedDeliveries: Collection<DeliveryDocument>;

  constructor(readonly db: Db) {
    this.commits = db.collection('commits');
    this.parked = db.collection('parked');
    this.notes = db.collection('notes');
    this.leases = db.collection('leases');
    this.presence = db.collection('presence');
    this.meta = db.collection('meta');
    this.subscriptions = db.collection('subscriptions');
    this.hubs = db.collection('hubs');
    this.parkedDeliveries = db.collection('parkedDeliveries');
  }

  resources(type: string): Collection<ResourceDocument> {
    return this.db.collection(type);
  }
}

export function toResourceDocument(write: ResourceWrite, commit: Commit): ResourceDocument {
  const escaped = hasUnsafeNames(write.resource);
  return {
    _id: write.id,
    revision: write.revision,
    commit: commit.id,
    at: commit.at,
    format: FORMAT,
    ...(escaped ? { escaped } : {}),
    resource: escaped ? escapeNames(write.resource) : write.resource,
    deleted: write.deleted,
    ...(write.deleted && write.expires ? { expires: write.expires } : {}),
  };
}

/** What `fromResourceDocument` needs. */
export const RESOURCE_FIELDS = { revision: 1, commit: 1, at: 1, escaped: 1, resource: 1, deleted: 1, guard: 1 } as const;

export function fromResourceDocument(document: ResourceDocument): StoredResource {
  return {
    id: document._id,
    revision: document.revision,
    commit: document.commit,
    at: document.at,
    resource: document.escaped ? unescapeNames(document.resource) : document.resource,
    deleted: document.deleted,
    ...(document.guard === undefined ? {} : { guard: document.guard }),
  };
}

export function toCommitDocument({ id, at, entries, writes }: Commit): CommitDocument {
  const previous = writes.flatMap((write) => (write.previous === undefined ? [] : [{ order: `${write.type}/${write.id}`, commit: write.previous }]));
  const commands = entries.flatMap(({ command }) => command ?? []);
  return {
    _id: id,
    at,
    format: FORMAT,
    ...(entries.some(({ events }) => events.length > 0) ? { pending: true } : { publishedAt: at }),
    ...(commands.length > 0 ? { commands: [...new Set(commands)] } : {}),
    entries: entries.map(toEntryDocument),
    ...(previous.length > 0 ? { previous } : {}),
  };
}

export function fromCommitDocument({ _id, at, entries, previous = [] }: CommitDocument): StoredCommit {
  return { id: _id, at, entries: entries.map(fromEntryDocument), previous: new Map(previous.map(({ order, commit }) => [order, commit])) };
}

function toEntryDocument({ reply, ...entry }: Entry): EntryDocument {
  return reply === undefined ? entry : { ...entry, reply: JSON.stringify(reply) };
}

export function fromEntryDocument({ reply, ...entry }: EntryDocument): Entry {
  return reply === undefined ? entry : { ...entry, reply: JSON.parse(reply) as Reply };
}

export function toParkedDocument({ id, headers, attributes, body, ...rest }: ParkedMessage): ParkedDocument {
  return { _id: id, ...rest, format: FORMAT, headers: JSON.stringify(headers), attributes: JSON.stringify(attributes), body: Buffer.from(body) };
}

export function fromParkedDocument({ _id, format: _format, retriedAt: _retriedAt, headers, attributes = '{}', body, ...rest }: ParkedDocument): ParkedMessage {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer);
  return {
    id: _id,
    ...rest,
    headers: JSON.parse(headers) as ParkedMessage['headers'],
    attributes: JSON.parse(attributes) as ParkedMessage['attributes'],
    body: new Uint8Array(bytes),
  };
}
