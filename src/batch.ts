import type { Unacceptable } from './errors.js';
import { hash } from 'node:crypto';
import { claimsOf } from './bus/envelope.js';
import { Refusal, errorBody, textOf } from './errors.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { decide, type Current, type DecisionContext, type Decision } from './handlers/resource.js';
import { parkedAnnouncement, recordedReply } from './handlers/receipt.js';
import { referencesIn, type Referrer, type Surroundings } from './handlers/references.js';
import { withoutUndefined, type JsonObject } from './json.js';
import { identityOf } from './message-identity.js';
import { REPLAYED, type Command, type Message, type ParkReason, type Reply } from './message.js';
import type { Commit, Entry, Guard, ParkedMessage, Receipt, RecordedEvent, ResourceWrite, StoredResource } from './store/store.js';

/** A MongoDB document ends at 16 MiB; a message beyond this is far beyond what a command may be. */
const MAX_PARKED_BYTES = 8 * 1024 * 1024;

/** Enough to understand an error that quotes what it is about. */
const MAX_ERROR_CHARACTERS = 4_000;
const MAX_NAME_CHARACTERS = 500;
/** More than a batch has messages; ids then sort as text. */
const PARKED_DIGITS = 4;

/** What a message that can never be applied is answered with, where it is not 400. */
const STATUS_OF: Partial<Record<ParkReason, number>> = { 'too-large': 413, failed: 500, crashed: 500 };

/** A message on its way through a batch: understood, or set aside with its reason. */
export type Item = {
  readonly message: Message;
  /** The broker hands it over again: it may have been decided before. */
  readonly again: boolean;
} & (
  | { readonly command: Command; readonly definition: ResourceDefinition; readonly id: string }
  /** Understood, but its answer is no whatever the state is. */
  | { readonly command: Command; readonly refused: Refusal; readonly reason: ParkReason; readonly target?: string }
  /** Understood, and not to be tried. */
  | { readonly command: Command; readonly unacceptable: Unacceptable; readonly target?: string }
  | { readonly unacceptable: Unacceptable }
);

/** The state that a batch is decided on. */
export interface Loaded {
  /** Keyed by `type/id`. */
  readonly resources: ReadonlyMap<string, StoredResource>;
  /** What was looked for, found or not, as `type/id`. */
  readonly read: ReadonlySet<string>;
  /** Which of `resources` refer to one, keyed by its `type/id`, where that was looked for. */
  readonly referrers: ReadonlyMap<string, readonly string[]>;
  /** Keyed by command; of what was set aside without one, by `asideIdentityOf`. */
  readonly receipts: ReadonlyMap<string, Receipt>;
}

export interface BatchContext extends DecisionContext {
  readonly commitId: string;
  readonly at: Date;
  readonly tombstoneMs: number;
  /** The largest event or reply that the bus can carry, in bytes. */
  readonly maxContentBytes: number;
  /** About how many bytes one commit may write. */
  readonly maxWriteBytes: number;
  /** Earlier commits of these same items of which the database never said whether they happened. */
  readonly doubted: ReadonlySet<string>;
}

/** What becomes of one message once the commit is durable. */
export interface Outcome {
  readonly item: Item;
  readonly reply: Reply;
  readonly parked?: ParkedMessage;
  /** A repetition, answered from the first time. */
  readonly repeated: boolean;
}

export interface DecidedBatch {
  readonly commit: Commit;
  /** For each message decided, in order: a prefix of the items when the commit would have become too large. */
  readonly outcomes: readonly Outcome[];
}

/** What must be read beside what was loaded before the batch can be decided, as `type/id`. */
export interface Unread {
  readonly resources: ReadonlySet<string>;
  readonly referrers: ReadonlySet<string>;
}

/**
 * Decides a batch, in order, on the state loaded and on what earlier commands of the batch made of it; or says what of other
 * resources it needs to know for that. Pure.
 */
export function decideBatch(items: readonly Item[], loaded: Loaded, context: BatchContext): DecidedBatch | Unread {
  const draft = new Draft(loaded, context);
  for (const item of items) {
    if (draft.outcomes.length > 0 && draft.bytes >= context.maxWriteBytes) break;
    draft.outcomes.push(draft.settle(item));
  }
  const { unread } = draft;
  if (unread.resources.size > 0 || unread.referrers.size > 0) return unread;
  return { commit: draft.commit(), outcomes: draft.outcomes };
}

/** What a commit leaves behind: the states and receipts that the next batch may be decided on. */
export function stateAfter({ id: commit, writes, entries }: Commit): Loaded {
  const resources = writes.map(({ type, id, revision, resource, deleted }): [string, StoredResource] => [`${type}/${id}`, { id, revision, commit, resource, deleted }]);
  const receipts = entries.flatMap((entry): [string, Receipt][] => (entry.command === undefined ? [] : [[entry.command, { commit, entry }]]));
  return { resources: new Map(resources), receipts: new Map(receipts), read: new Set(), referrers: new Map() };
}

class Draft implements Surroundings {
  readonly outcomes: Outcome[] = [];
  readonly unread = { resources: new Set<string>(), referrers: new Set<string>() };
  bytes = 0;
  private readonly states = new Map<string, NonNullable<Current>>();
  private readonly changed = new Map<string, { type: string; id: string }>();
  private readonly entries: Entry[] = [];
  private readonly answered = new Map<string, Receipt>();
  private readonly parked: ParkedMessage[] = [];
  private readonly guards: Guard[] = [];
  /** Who names an id, as far as it is loaded or changed. */
  private referring: Map<string, Set<string>> | undefined;

  constructor(
    private readonly loaded: Loaded,
    private readonly context: BatchContext,
  ) {}

  settle(item: Item): Outcome {
    const first = 'command' in item ? this.receiptOf(item.command.hash)?.entry : undefined;
    if (first && 'command' in item) return this.repeat(item, first);
    if ('unacceptable' in item) {
      const { reason, message } = item.unacceptable;
      return this.setAside(item, reason, message, replyOfError(STATUS_OF[reason] ?? 400, message));
    }
    if ('refused' in item) return this.refuse(item, item.refused, item.reason);
    try {
      return this.accept(item, this.decideOne(item));
    } catch (error) {
      if (error instanceof Refusal) return this.refuse(item, error, 'refused');
      return this.setAside(item, 'failed', textOf(error), replyOfError(500, 'The command could not be handled; it is set aside for the operator'));
    }
  }

  commit(): Commit {
    const writes = [...this.changed].map(([key, { type, id }]): ResourceWrite => {
      const { revision, resource, deleted } = this.states.get(key) as NonNullable<Current>;
      const before = this.loaded.resources.get(key);
      const write = { type, id, expected: before?.revision ?? 0, ...(before ? { previous: before.commit } : {}), revision, resource, deleted };
      return deleted ? { ...write, expires: new Date(this.context.at.getTime() + this.context.tombstoneMs) } : write;
    });
    // What this commit writes is conditional anyway.
    const guards = this.guards.filter((guard) => !this.changed.has(`${guard.type}/${guard.id}`));
    return { id: this.context.commitId, at: this.context.at, writes, guards, parked: this.parked, entries: this.entries };
  }

  resource(type: string, id: string): Current {
    const key = `${type}/${id}`;
    const current = this.stateOf(key);
    if (!current && !this.loaded.read.has(key)) this.unread.resources.add(key);
    return current?.deleted === false ? current : undefined;
  }

  referrers(type: string, id: string): readonly Referrer[] {
    const key = `${type}/${id}`;
    const stored = this.loaded.referrers.get(key);
    if (!stored) this.unread.referrers.add(key);
    // Of the database, and of what this batch and the one under way make of it.
    const all = new Set([...(stored ?? []), ...(this.referringTo().get(id) ?? [])]);
    return [...all].flatMap((place): Referrer[] => {
      const state = this.stateOf(place);
      return state?.deleted === false ? [{ type: typeIn(place), id: place.slice(typeIn(place).length + 1), revision: state.revision, resource: state.resource }] : [];
    });
  }

  /** Made when a batch first asks for it: most never do. */
  private referringTo(): Map<string, Set<string>> {
    if (!this.referring) {
      this.referring = new Map();
      for (const [key, { resource }] of [...this.loaded.resources, ...this.states]) this.noteReferences(key, resource);
    }
    return this.referring;
  }

  private noteReferences(key: string, resource: JsonObject): void {
    if (!this.referring) return;
    for (const { id } of referencesIn(this.context.references.of(typeIn(key)), resource)) {
      this.referring.set(id, (this.referring.get(id) ?? new Set()).add(key));
    }
  }

  private stateOf(key: string): Current {
    return this.states.get(key) ?? this.loaded.resources.get(key);
  }

  private decideOne(item: Extract<Item, { id: string }>): Decision {
    const current = this.stateOf(`${item.definition.name}/${item.id}`);
    const decision = decide(item.definition, item.command, item.id, current, this, this.context);
    for (const event of decision.events) {
      const size = Buffer.byteLength(event.content);
      if (size > this.context.maxContentBytes) {
        throw new Refusal(413, 'The resource would be too large to announce', [{ at: '/', problem: `${size} bytes are more than ${this.context.maxContentBytes}` }]);
      }
    }
    return decision;
  }

  private accept(item: Extract<Item, { id: string }>, decision: Decision): Outcome {
    for (const change of decision.changes) {
      const key = `${change.type}/${change.id}`;
      this.states.set(key, change);
      this.noteReferences(key, change.resource);
      this.changed.set(key, { type: change.type, id: change.id });
    }
    this.guards.push(...decision.relied);
    const revision = decision.changes[0]?.revision;
    // Events rebuild the answer; without one it must be kept.
    const reply = decision.events.length === 0 ? { reply: decision.reply } : {};
    const warnings = decision.warnings.length === 0 ? {} : { warnings: decision.warnings };
    this.record(item, { status: decision.reply.status, ...reply, ...(revision === undefined ? {} : { revision }), ...warnings, events: decision.events });
    return { item, reply: decision.reply, repeated: false };
  }

  /** A refusal that nobody waits for is set aside: it never vanishes. */
  private refuse(item: Extract<Item, { command: Command }>, refusal: Refusal, reason: ParkReason): Outcome {
    const reply = { status: refusal.status, headers: {}, body: errorBody(refusal.status, refusal.message, refusal.faults) };
    if (item.message.replyTo) {
      this.record(item, { status: reply.status, reply, events: [] });
      return { item, reply, repeated: false };
    }
    const parked = this.park(item, reason, reasonText(refusal));
    this.record(item, { status: reply.status, reply, events: [parkedAnnouncement(parked, this.context)] });
    return { item, reply, parked, repeated: false };
  }

  private repeat(item: Extract<Item, { command: Command }>, first: Entry): Outcome {
    if (first.digest === item.command.digest) {
      const reply = recordedReply(first);
      // What the broker hands over again may never have been answered.
      return { item, reply: item.again ? reply : { ...reply, headers: { ...reply.headers, [REPLAYED]: 'true' } }, repeated: true };
    }
    const message = 'This command id (over REST: this Idempotency-Key) was used before for something else';
    const reply = replyOfError(422, message);
    return item.message.replyTo ? { item, reply, repeated: false } : this.setAside(item, 'refused', message, reply);
  }

  /**
   * Parks without a receipt for its command: the same may be tried again. It has one for being set aside, so that it is parked
   * once. Without an id of its own it counts as the same only when the broker hands it over again: the same bytes sent twice are parked twice.
   */
  private setAside(item: Item, reason: ParkReason, error: string, reply: Reply): Outcome {
    const identity = asideIdentityOf(item);
    const known = this.receiptOf(identity);
    // A place in a stream is one message's alone, also when a server that crashed does not know that it handed it out before.
    const isSame = 'command' in item || item.again || item.message.origin.sequence !== undefined || (known && this.context.doubted.has(known.commit));
    if (known && isSame) return { item, reply, repeated: true };
    const parked = this.park(item, reason, error);
    const entry: Entry = { ...(known ? {} : { command: identity }), status: reply.status, ...askedBy(item), events: [parkedAnnouncement(parked, this.context)] };
    this.entries.push(entry);
    this.answered.set(identity, { commit: this.context.commitId, entry });
    return { item, reply, parked, repeated: false };
  }

  private receiptOf(command: string): Receipt | undefined {
    return this.answered.get(command) ?? this.loaded.receipts.get(command);
  }

  private record(item: Extract<Item, { command: Command }>, answer: Pick<Entry, 'status' | 'reply' | 'revision' | 'warnings' | 'events'>): void {
    const { hash: command, digest } = item.command;
    const entry: Entry = { command, digest, ...askedBy(item), ...answer };
    this.entries.push(entry);
    this.answered.set(command, { commit: this.context.commitId, entry });
    this.bytes += entry.events.reduce((sum, event: RecordedEvent) => sum + 2 * event.content.length, 500);
    if (entry.reply) this.bytes += JSON.stringify(entry.reply).length;
  }

  private park(item: Item, reason: ParkReason, problem: string): ParkedMessage {
    const { message } = item;
    const cut = message.body.byteLength > MAX_PARKED_BYTES;
    const text = problem.slice(0, MAX_ERROR_CHARACTERS);
    const error = cut ? `${text} (only the first ${MAX_PARKED_BYTES} of ${message.body.byteLength} bytes are kept)` : text;
    const { type, subject } = 'command' in item ? askedBy(item) : claimsOf(message);
    const parked: ParkedMessage = {
      id: `${this.context.commitId}-${String(this.parked.length).padStart(PARKED_DIGITS, '0')}`,
      at: this.context.at,
      reason,
      error,
      origin: message.origin,
      attempts: message.attempts,
      ...(type === undefined ? {} : { type: type.slice(0, MAX_NAME_CHARACTERS) }),
      ...(subject === undefined ? {} : { subject: subject.slice(0, MAX_NAME_CHARACTERS) }),
      headers: message.headers,
      ...(message.contentType === undefined ? {} : { contentType: message.contentType }),
      attributes: message.attributes,
      body: cut ? message.body.subarray(0, MAX_PARKED_BYTES) : message.body,
    };
    this.parked.push(parked);
    this.bytes += parked.body.byteLength + 1000;
    return parked;
  }
}

/** The type of a resource that is named as `type/id`. */
export function typeIn(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

/** Under which the log keeps that this item was set aside: the command with its content, else the message. */
export function asideIdentityOf(item: Item): string {
  return 'command' in item ? hash('sha256', `${item.command.hash} ${item.command.digest}`, 'hex') : identityOf(item.message);
}

/** What the log keeps of who asked for what; `subject` is the id of the resource also where the command left it open. */
function askedBy(item: Item): Pick<Entry, 'id' | 'type' | 'subject' | 'source' | 'authid' | 'channel' | 'correlationid' | 'retryof'> {
  if (!('command' in item)) return {};
  const { id, type, source, authid, channel, correlationid, retryof } = item.command;
  const subject = 'id' in item ? item.id : (item.target ?? item.command.subject);
  return withoutUndefined({ id, type, subject, source, authid, channel, correlationid, retryof });
}

function replyOfError(status: number, message: string): Reply {
  return { status, headers: {}, body: errorBody(status, message) };
}

function reasonText(refusal: Refusal): string {
  const faults = refusal.faults.map((fault) => `${fault.at} ${fault.problem}`).join('; ');
  return `${refusal.status} ${refusal.message}${faults === '' ? '' : `: ${faults}`}`;
}
