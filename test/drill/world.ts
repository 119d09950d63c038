import os from 'node:os';
import { MongoClient, type Binary, type Db, type Document } from 'mongodb';
import { commandHash, contentKey, type Journal, type SentCommand } from './journal.js';
import type { JsonObject } from './json-patching.js';

/** An event as the commit log has it. */
export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly sequence: number;
}

/** One answered command. */
export interface LoggedEntry {
  readonly commit: string;
  /** Hash of source and id. */
  readonly command: string | undefined;
  readonly status: number;
  readonly subject: string | undefined;
  /** Events of roles; announcements of parked messages are left out. */
  readonly events: readonly LoggedEvent[];
}

export interface StoredRole {
  readonly revision: number;
  readonly deleted: boolean;
  readonly resource: JsonObject;
}

export interface ParkedRecord {
  readonly id: string;
  readonly reason: string;
  readonly error: string;
  /** What it says, see `contentKey`; undefined when it cannot be read. */
  readonly content: string | undefined;
}

/** All that the database holds, as far as the guarantees speak of it. */
export interface World {
  readonly commits: number;
  readonly entries: readonly LoggedEntry[];
  readonly roles: ReadonlyMap<string, StoredRole>;
  readonly parked: readonly ParkedRecord[];
  /** Commits that wait to be published. */
  readonly pending: readonly string[];
  /** Commits with events that are neither pending nor have a position. */
  readonly unmarked: readonly string[];
  readonly positions: readonly number[];
}

const TYPE = 'partyRole';
const DEFAULT_DATABASE = 'partyrole';
const LOOKUPS_AT_ONCE = 1_000;

export async function readWorld(storeUrl: string): Promise<World> {
  return withDatabase(storeUrl, async (db) => ({ ...(await readCommits(db)), roles: await readRoles(db), parked: await readParked(db) }));
}

/** Whether a commit waits to be published, or a confirmed command of the journal has neither a receipt nor been parked. */
export async function isUnderWay(storeUrl: string, journal: Journal | undefined): Promise<boolean> {
  return withDatabase(storeUrl, async (db) => {
    if (await db.collection('commits').findOne({ pending: true }, { projection: { _id: 1 } })) return true;
    return journal !== undefined && !(await areDealtWith(db, journal));
  });
}

/** The last ones first: those are the likeliest to be under way. */
async function areDealtWith(db: Db, journal: Journal): Promise<boolean> {
  const confirmed = journal.commands.filter((command) => command.confirmed);
  let parked: Set<string | undefined> | undefined;
  for (let end = confirmed.length; end > 0; end -= LOOKUPS_AT_ONCE) {
    const some = confirmed.slice(Math.max(0, end - LOOKUPS_AT_ONCE), end);
    const known = await receiptsAmong(db, some.map(({ source, id }) => commandHash(source, id)));
    const unknown = some.filter(({ source, id }) => !known.has(commandHash(source, id)));
    if (unknown.length === 0) continue;
    parked ??= new Set((await readParked(db, { reason: 'crashed' })).map(({ content }) => content));
    if (unknown.some((command) => !parked?.has(contentKey(command)))) return false;
  }
  return true;
}

async function receiptsAmong(db: Db, hashes: readonly string[]): Promise<Set<string>> {
  const wanted = new Set(hashes);
  const known = new Set<string>();
  const commits = db.collection('commits').find({ commands: { $in: hashes } }, { projection: { commands: 1 } });
  for await (const { commands } of commits) for (const hash of commands as string[]) if (wanted.has(hash)) known.add(hash);
  return known;
}

/** The URL's database, or the service's own default. */
async function withDatabase<T>(url: string, use: (db: Db) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { runtimeAdapters: { os }, readPreference: 'primary', readConcern: { level: 'majority' }, serverSelectionTimeoutMS: 5_000 });
  try {
    return await use(client.db(/^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? DEFAULT_DATABASE));
  } finally {
    await client.close();
  }
}

async function readCommits(db: Db): Promise<Omit<World, 'roles' | 'parked'>> {
  const entries: LoggedEntry[] = [];
  const [pending, unmarked, positions]: [string[], string[], number[]] = [[], [], []];
  let commits = 0;
  const fields = { pending: 1, position: 1, 'entries.command': 1, 'entries.status': 1, 'entries.subject': 1, 'entries.events': 1 };
  for await (const commit of db.collection<CommitDocument>('commits').find({}, { projection: fields })) {
    commits += 1;
    if (commit.pending) pending.push(commit._id);
    else if (commit.position !== undefined) positions.push(commit.position);
    else if (commit.entries.some(({ events }) => events.length > 0)) unmarked.push(commit._id);
    entries.push(...commit.entries.map((entry) => loggedEntry(commit._id, entry)));
  }
  return { commits, entries, pending, unmarked, positions };
}

interface CommitDocument {
  readonly _id: string;
  readonly pending?: true;
  readonly position?: number;
  readonly entries: readonly EntryDocument[];
}

interface EntryDocument {
  readonly command?: string;
  readonly status: number;
  readonly subject?: string;
  readonly events: readonly { readonly order: string; readonly content: string }[];
}

function loggedEntry(commit: string, { command, status, subject, events }: EntryDocument): LoggedEntry {
  const ofRoles = events.filter(({ order }) => order.startsWith(`${TYPE}/`)).map(({ content }) => loggedEvent(content));
  return { commit, command, status, subject, events: ofRoles };
}

function loggedEvent(content: string): LoggedEvent {
  const { id, type, subject, sequence } = JSON.parse(content) as Record<string, string>;
  return { id: String(id), type: String(type), subject: String(subject), sequence: Number(sequence) };
}

async function readRoles(db: Db): Promise<Map<string, StoredRole>> {
  const roles = new Map<string, StoredRole>();
  const documents = db.collection<Document & { _id: string }>(TYPE).find({}, { projection: { revision: 1, deleted: 1, resource: 1 } });
  for await (const { _id, revision, deleted, resource } of documents) {
    roles.set(_id, { revision: revision as number, deleted: deleted as boolean, resource: resource as JsonObject });
  }
  return roles;
}

async function readParked(db: Db, filter: { readonly reason?: string } = {}): Promise<ParkedRecord[]> {
  const documents = await db.collection<ParkedDocument>('parked').find(filter).toArray();
  return documents.map(({ _id, reason, error, ...message }) => ({ id: _id, reason, error, content: contentOf(message) }));
}

interface ParkedDocument extends ParkedBytes {
  readonly _id: string;
  readonly reason: string;
  readonly error: string;
}

interface ParkedBytes {
  readonly contentType?: string;
  /** CloudEvents attributes of a message in binary mode, as JSON text. */
  readonly attributes: string;
  readonly body: Binary;
}

/** A CloudEvent as the producers write it. */
interface WrittenEvent extends Readonly<Record<'id' | 'source' | 'type' | 'subject' | 'datacontenttype', string>> {
  readonly expectedrevision?: string;
  readonly data?: unknown;
}

/** Reads a parked message as the producers write theirs. */
function contentOf({ contentType = '', attributes, body }: ParkedBytes): string | undefined {
  const text = Buffer.from(body.buffer).toString();
  try {
    const { id, source, type, subject, expectedrevision, datacontenttype, data } = (
      contentType === 'application/cloudevents+json'
        ? JSON.parse(text)
        : { ...(JSON.parse(attributes) as object), datacontenttype: contentType, ...(text === '' ? {} : { data: JSON.parse(text) as unknown }) }
    ) as WrittenEvent;
    const action = type.split('.').at(-1) as SentCommand['action'];
    return contentKey({ source, id, role: subject, action, contentType: datacontenttype, ...(expectedrevision === undefined ? {} : { expectedrevision }), data });
  } catch {
    return undefined;
  }
}
