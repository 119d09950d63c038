import { hash } from 'node:crypto';
import { BatchState, type Loaded, type Unread } from './batch-state.js';
import { claimsOf } from './bus/envelope.js';
import { Refusal, errorBody, textOf, type Unacceptable } from './errors.js';
import type { Decision, DecisionContext } from './handlers/decision.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { parkedAnnouncement, recordedReply } from './handlers/receipt.js';
import { decide } from './handlers/resource.js';
import { withoutUndefined } from './json.js';
import { identityOf } from './message-identity.js';
import { REPLAYED, type Command, type Message, type ParkReason, type Reply } from './message.js';
import type { Commit, Entry, Guard, ParkedMessage, Receipt, RecordedEvent } from './store/store.js';

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
  const { unread } = draft.state;
  if (unread.resources.size > 0 || unread.referrers.size > 0) return unread;
  return { commit: draft.commit(), outcomes: draft.outcomes };
}

class Draft {
  readonly outcomes: Outcome[] = [];
  readonly state: BatchState;
  bytes = 0;
  private readonly entries: Entry[] = [];
  private readonly answered = new Map<string, Receipt>();
  private readonly parked: ParkedMessage[] = [];
  /** By resource: many may rely on the same one. */
  private readonly guards = new Map<string, Guard>();

  constructor(
    private readonly loaded: Loaded,
    private readonly context: BatchContext,
  ) {
    this.state = new BatchState(loaded, context.references);
  }

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
    const { commitId: id, at, tombstoneMs } = this.context;
    const writes = this.state.writes(new Date(at.getTime() + tombstoneMs));
    // What this commit writes is conditional anyway.
    const guards = [...this.guards.values()].filter((guard) => !this.state.isChanged(guard.type, guard.id));
    return { id, at, writes, guards, parked: this.parked, entries: this.entries };
  }

  private decideOne(item: Extract<Item, { id: string }>): Decision {
    const { definition, command, id } = item;
    const { maxContentBytes, maxWriteBytes } = this.context;
    const decision = decide(definition, command, id, this.state.current(definition.name, id), this.state, this.context);
    for (const event of decision.events) {
      const size = Buffer.byteLength(event.content);
      if (size > maxContentBytes) throw new Refusal(413, 'The resource would be too large to announce', [{ at: '/', problem: `${size} bytes are more than ${maxContentBytes}` }]);
    }
    if (decision.changes.length > 1 && writtenBy(decision.events) > maxWriteBytes) {
      throw new Refusal(409, `${definition.typeName} ${id} is referred to by too many`, [{ at: 'referredBy', problem: `${decision.changes.length - 1}, which do not fit into one commit` }]);
    }
    return decision;
  }

  private accept(item: Extract<Item, { id: string }>, decision: Decision): Outcome {
    for (const change of decision.changes) this.state.apply(change);
    for (const guard of decision.relied) this.guards.set(`${guard.type}/${guard.id}`, guard);
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
    this.bytes += 500 + writtenBy(entry.events);
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

/** About how many bytes these events and their resources take. */
function writtenBy(events: readonly RecordedEvent[]): number {
  return events.reduce((sum, { content }) => sum + 2 * content.length, 0);
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
