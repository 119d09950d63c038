import type { Bus } from './bus/bus.js';
import { TimeoutError, UnavailableError, UnroutableError, textOf } from './errors.js';
import type { ParkReason } from './message.js';
import { repeatedBy, retryCommand } from './retry-command.js';
import type { ParkedFilter, ParkedMessage, Store } from './store/store.js';
import { firstOf, pagesOf, type TimedPlace } from './timed-pages.js';

export interface ParkedPage<View> {
  readonly messages: readonly View[];
  /** Of all that the filter lets through, not of this page alone. */
  readonly counts: ReadonlyMap<ParkReason, number>;
  /** The last message, when there are more behind it. */
  readonly next?: TimedPlace;
}

/** What became of one parked message. */
export interface Outcome {
  readonly id: string;
  /**
   * `retry` and `drop`: what a dry run would have done. `skipped`: was retried before, and it was not said to do it again.
   * `failed`: this message cannot be sent or is not there.
   */
  readonly outcome: 'retried' | 'dropped' | 'retry' | 'drop' | 'skipped' | 'failed';
  /** The message, where there is one. */
  readonly message?: ParkedMessage;
  /** CloudEvents id of the command that was or would be sent. */
  readonly command?: string;
  readonly edited?: boolean;
  readonly problem?: string;
}

export interface RetryOptions {
  /** Absent: a dry run. */
  readonly bus?: Pick<Bus, 'send'>;
  /** Sent in place of the message's own body. */
  readonly body?: Uint8Array;
  readonly now: () => Date;
}

export interface DropOptions {
  readonly dryRun: boolean;
  readonly now: () => Date;
}

/** The operator's view of what was set aside: one implementation for the command line and for HTTP, the same on every bus. */
export class DeadLetters {
  constructor(private readonly store: Store) {}

  /** One page, each message as `view` makes it. */
  async list<View>(filter: ParkedFilter, limit: number, view: (message: ParkedMessage) => View): Promise<ParkedPage<View>> {
    const { after: _, ...all } = filter;
    const counts = await this.store.countParked(all);
    const { items, ...rest } = await firstOf(this.pages(filter, limit + 1), limit, view);
    return { messages: items, counts, ...rest };
  }

  async find(id: string): Promise<ParkedMessage | undefined> {
    const [message] = await this.store.parked({ ids: [id] }, 1);
    return message;
  }

  /**
   * Sends the selected messages, at most `limit`, again, each confirmed before the next, in the order in which they were set
   * aside. Nothing is deleted. What was retried before is sent again only where the filter's state says so; what this run
   * sends and is set aside once more is left alone.
   * @throws UnavailableError, TimeoutError, UnroutableError or the store's error when it cannot go on: what was not reported
   * is still there, and selecting it again applies nothing twice.
   */
  async *retry(filter: ParkedFilter, limit: number, options: RetryOptions): AsyncGenerator<Outcome> {
    const selected = filter.ids ? filter : { state: 'waiting' as const, to: options.now(), ...filter };
    const seen = new Set<string>();
    /** Parked messages that were sent in this run: what it makes of them is left alone. */
    const sent = new Set<string>();
    /** Roles of which a message could not be sent: a later one must not overtake it. */
    const stuck = new Set<string>();
    for await (const page of this.pages(selected, limit)) {
      for (const message of page) {
        seen.add(message.id);
        if (sent.has(repeatedBy(message) ?? '') && !filter.ids) continue;
        const last = message.retries?.at(-1);
        if (last && selected.state === undefined) {
          yield { id: message.id, outcome: 'skipped', message, problem: `was retried at ${last.at.toISOString()}; the state retried selects it again` };
        } else {
          const outcome = await this.retryOne(message, stuck, options);
          if (outcome.outcome === 'retried') sent.add(message.id);
          yield outcome;
        }
      }
    }
    yield* unseen(filter, seen);
  }

  /** Deletes the selected messages, at most `limit`, for good. */
  async *drop(filter: ParkedFilter, limit: number, { dryRun, now }: DropOptions): AsyncGenerator<Outcome> {
    const seen = new Set<string>();
    // What is set aside meanwhile was seen by nobody.
    const selected = filter.ids ? filter : { to: now(), ...filter };
    for await (const page of this.pages(selected, limit)) {
      if (!dryRun) await this.store.dropParked(page.map((message) => message.id));
      for (const message of page) {
        seen.add(message.id);
        yield { id: message.id, outcome: dryRun ? 'drop' : 'dropped', message };
      }
    }
    yield* unseen(filter, seen);
  }

  private async retryOne(message: ParkedMessage, stuck: Set<string>, { bus, body, now }: RetryOptions): Promise<Outcome> {
    const { id: sent, edited, command } = retryCommand(message, body);
    const about = { id: message.id, message, command: sent, edited };
    if (stuck.has(command.key)) return { ...about, outcome: 'failed', problem: 'an earlier message of the same role could not be sent' };
    if (!bus) return { ...about, outcome: 'retry' };
    try {
      await bus.send(command);
    } catch (error) {
      if (error instanceof UnavailableError || error instanceof TimeoutError || error instanceof UnroutableError) throw error;
      stuck.add(command.key);
      return { ...about, outcome: 'failed', problem: textOf(error) };
    }
    // Only now: whoever ends between the two sends the same id again, which is answered from its receipt.
    const recorded = await this.store.recordRetry(message.id, message.retries?.length ?? 0, { at: now(), command: sent, edited });
    return { ...about, outcome: 'retried', ...(recorded ? {} : { problem: 'somebody else retried or dropped it at the same time' }) };
  }

  private pages({ after, ...filter }: ParkedFilter, limit: number): AsyncGenerator<readonly ParkedMessage[]> {
    return pagesOf((size, place) => this.store.parked({ ...filter, ...(place ? { after: place } : {}) }, size), limit, after);
  }
}

function* unseen({ ids = [] }: ParkedFilter, seen: ReadonlySet<string>): Generator<Outcome> {
  for (const id of ids) if (!seen.has(id)) yield { id, outcome: 'failed', problem: 'no parked message that is selected has this id' };
}
