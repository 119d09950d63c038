import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { decideBatch, type BatchContext, type DecidedBatch, type Item, type Outcome } from './batch.js';
import { BatchReader } from './batch-reader.js';
import { merged, NOTHING, stateAfter, type Loaded } from './batch-state.js';
import type { Bus, Consumption } from './bus/bus.js';
import type { EnvelopeLimits } from './bus/envelope.js';
import { CrashNotes } from './crash-notes.js';
import { PermanentStoreError, Refusal, textOf } from './errors.js';
import type { ResourceDefinition } from './handlers/definition.js';
import type { NotificationSettings } from './handlers/notification.js';
import type { References } from './handlers/references.js';
import type { Representation } from './handlers/representation.js';
import { hold } from './hold.js';
import { Intake, type BatchBounds } from './intake.js';
import type { Message } from './message.js';
import type { Relay } from './relay.js';
import type { Status } from './status.js';
import { commitId, type Store } from './store/store.js';
import { understand } from './understanding.js';

export interface WorkerOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly relay: Relay;
  readonly definitions: readonly ResourceDefinition[];
  readonly representation: Representation;
  readonly notifications: NotificationSettings;
  readonly references: References;
  /** This process, as in the ids of its commits. */
  readonly incarnation: string;
  readonly envelope: EnvelopeLimits;
  readonly batch: BatchBounds;
  /** About how many bytes one commit may write. */
  readonly maxWriteBytes: number;
  /** How many messages may be taken and not acknowledged. */
  readonly prefetch: number;
  readonly tombstoneMs: number;
  /** The worker stopped on a fault of its own; its messages come again to the next process. */
  readonly onFatal: (error: unknown) => void;
  readonly log: Logger;
}

const LAST_WORDS_MS = 500;

/** What went wrong with a batch so far. */
interface Failures {
  any: boolean;
  /** Commits of which the database never said whether they happened. */
  readonly doubted: Set<string>;
}

/** A batch that is being committed. */
interface Flight {
  /** Resolves when all of it is committed or set aside: true when that went as it was decided. */
  readonly landed: Promise<boolean>;
  /** What it leaves behind if it goes so. */
  readonly outcome: Loaded;
}

const NO_FLIGHT: Flight = { landed: Promise.resolve(true), outcome: NOTHING };

/** Another worker was faster, or has not published yet what this batch builds on: decide again on fresh data. */
class Conflict extends Error {
  override readonly name = 'Conflict';
}

/**
 * The way in: understand, load, decide, commit, answer, hand over to the relay. Batches are committed one after the other;
 * the next one may be decided while one is committed, on what that one will leave behind.
 */
export class Worker {
  private readonly intake = new Intake();
  private readonly definitions: ReadonlyMap<string, ResourceDefinition>;
  private readonly stop = new AbortController();
  private readonly reader: BatchReader;
  private readonly crashNotes: CrashNotes;
  private serial = 0;
  private consumption: Consumption | undefined;
  private running: Promise<void> | undefined;
  /** The last commit's events are handed over and its messages answered. */
  private concluded: Promise<void> = Promise.resolve();
  private failed = false;
  private held: string | undefined = 'the intake has not started yet';

  constructor(private readonly options: WorkerOptions) {
    this.definitions = new Map(options.definitions.map((definition) => [definition.name, definition]));
    this.reader = new BatchReader(options.store, options.references);
    this.crashNotes = new CrashNotes(options.store, this.stop.signal, options.log);
  }

  start(): void {
    this.running = this.run();
  }

  /** Whether commands are being applied, and if not, why not. */
  status(): Status {
    return this.held === undefined ? { up: true } : { up: false, why: this.held };
  }

  /** No new batch; the one under way may end within the time allowed, else its messages come again. */
  async close(graceMs: number): Promise<void> {
    await this.consumption?.pause();
    this.intake.close();
    // What waits for a bus or a database that is away would else be waited for as long.
    const deadline = pause(graceMs, undefined, { ref: false }).then(() => this.stop.abort(new Error('the worker is closed')));
    await Promise.race([this.running, deadline]);
    this.stop.abort(new Error('the worker is closed'));
    // It still takes back what it noted, before the store is closed.
    await Promise.race([this.running, pause(LAST_WORDS_MS)]);
  }

  private async run(): Promise<void> {
    const { bus, relay, batch, prefetch, log } = this.options;
    try {
      this.consumption = await hold('start of intake', () => bus.consume(prefetch, (message) => this.intake.put(message)), this.stop.signal, log, this.onFailure);
      this.held = undefined;
      let flight = NO_FLIGHT;
      for (;;) {
        // A small batch waits for the one under way, and grows meanwhile; a large one is decided while that one is committed.
        if (this.intake.size < batch.maxMessages / 2) {
          await flight.landed;
          await this.concluded;
          flight = NO_FLIGHT;
        }
        if (!relay.hasRoom()) this.held = 'events wait for the bus';
        await relay.room();
        this.held = undefined;
        const messages = await this.intake.take(batch);
        if (messages.length === 0) {
          await flight.landed;
          await this.concluded;
          return;
        }
        flight = messages.some(({ redelivered }) => redelivered) ? await this.guarded(messages, flight) : await this.next(messages, flight);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.intake.close();
    if (!this.stop.signal.aborted && !this.failed) this.options.onFatal(error);
    this.failed = true;
  }

  /** Messages that came before may be what the process died of: each is tried under a note, and nothing beside it. */
  private async guarded(messages: Message[], before: Flight): Promise<Flight> {
    await before.landed;
    await this.crashNotes.guard(messages, async (part, condemned) => {
      await this.process(part.map((message) => this.understand(message, condemned.has(message))));
      await this.concluded;
    });
    return NO_FLIGHT;
  }

  /** Decides on what the batch under way will leave behind, and commits once that one has happened as it was decided. */
  private async next(messages: readonly Message[], before: Flight): Promise<Flight> {
    const items = messages.map((message) => this.understand(message, false));
    // Whatever fails here fails again where it is held.
    const ahead = await this.decide(items, { any: false, doubted: new Set() }, before.outcome).catch(() => undefined);
    const decided = (await before.landed) ? ahead : undefined;
    const landed = this.process(items, decided);
    if (!decided) {
      await landed;
      return NO_FLIGHT;
    }
    // At once: the next batch may wait for long.
    landed.catch((error: unknown) => this.fail(error));
    return { landed, outcome: stateAfter(decided.commit) };
  }

  private understand(message: Message, condemned: boolean): Item {
    return understand(message, condemned, this.definitions, this.options.envelope);
  }

  private readonly onFailure = (what: string, error: unknown): void => {
    // A conflict is everyday life between workers, no outage.
    if (!(error instanceof Conflict)) this.held = `${what}: ${textOf(error)}`;
  };

  /** Holds until every item is committed or set aside: what fails for now is tried again, in place. True when it went as decided before. */
  private async process(items: readonly Item[], decided?: DecidedBatch): Promise<boolean> {
    const failures: Failures = { any: false, doubted: new Set() };
    const onFailure = (what: string, error: unknown): void => {
      failures.any = true;
      this.onFailure(what, error);
    };
    let ahead = decided;
    const attempt = (rest: readonly Item[]) => async (): Promise<number> => {
      const first = ahead;
      ahead = undefined;
      return this.commit(first ?? (await this.decide(rest, failures)), failures);
    };
    for (let rest = items; rest.length > 0; ) {
      const { signal } = this.stop;
      try {
        rest = rest.slice(await hold('commit', attempt(rest), signal, this.options.log, onFailure));
        this.held = undefined;
      } catch (error) {
        if (!(error instanceof PermanentStoreError)) throw error;
        await this.isolate(rest, error);
        return false;
      }
    }
    return decided?.outcomes.length === items.length && !failures.any;
  }

  /** The database will never take this batch: halves it until the one command that it refuses stands alone. */
  private async isolate(items: readonly Item[], error: PermanentStoreError): Promise<void> {
    const [culprit] = items;
    if (items.length > 1) {
      const middle = items.length >> 1;
      await this.process(items.slice(0, middle));
      await this.process(items.slice(middle));
    } else if (culprit && 'id' in culprit) {
      const refused = new Refusal(422, 'The database refuses to store the result', [{ at: '/', problem: error.message }]);
      await this.process([{ message: culprit.message, again: culprit.again, command: culprit.command, target: culprit.id, refused, reason: 'rejected' }]);
    } else {
      throw error;
    }
  }

  /** Decides as many of the items as fit into one commit. */
  private async decide(items: readonly Item[], failures: Failures, known: Loaded = NOTHING): Promise<DecidedBatch> {
    let found = await this.reader.receiptsAndResources(items, failures.any, known);
    for (;;) {
      const decided = decideBatch(items, merged(found, known), this.context(failures.doubted));
      if ('commit' in decided) {
        await this.options.relay.settle(builtOn(decided, found));
        return decided;
      }
      found = merged(await this.reader.others(decided, known), found);
    }
  }

  /** Answers how many of the items are done. */
  private async commit(decided: DecidedBatch, failures: Failures): Promise<number> {
    const { store, relay } = this.options;
    const { commit } = decided;
    if (commit.entries.length > 0) {
      let result: 'committed' | 'conflict';
      try {
        result = await store.commit(commit);
      } catch (error) {
        if (!(error instanceof PermanentStoreError)) {
          relay.doubt(commit.id);
          failures.doubted.add(commit.id);
        }
        throw error;
      }
      if (result === 'conflict') throw new Conflict('another worker was faster');
    }
    // The next batch is sent to the database first: what follows keeps this process busy, not the database.
    this.concluded = setImmediate().then(() => this.conclude(decided));
    this.concluded.catch((error: unknown) => this.fail(error));
    return decided.outcomes.length;
  }

  /** The commit is durable: its events go out, and its messages are answered. */
  private conclude(decided: DecidedBatch): void {
    const { id, at, entries } = decided.commit;
    const events = entries.flatMap((entry) => entry.events);
    if (events.length > 0) this.options.relay.push({ id, at, events });
    this.answer(decided);
  }

  private context(doubted: ReadonlySet<string>): BatchContext {
    const { bus, representation, notifications, references, tombstoneMs, maxWriteBytes, incarnation, envelope } = this.options;
    const at = new Date();
    const id = commitId(incarnation, ++this.serial);
    return { commitId: id, at, now: at.toISOString(), maxDepth: envelope.maxDepth, representation, notifications, references, tombstoneMs, maxWriteBytes, doubted, maxContentBytes: bus.maxContentBytes };
  }

  /** Whoever waits is told, and the broker may forget the messages. */
  private answer(decided: DecidedBatch): void {
    for (const outcome of decided.outcomes) {
      const { message } = outcome.item;
      const mayReply = !('unacceptable' in outcome.item && outcome.item.unacceptable.reason === 'reply-to');
      if (message.replyTo && mayReply) {
        this.options.bus.reply(message.replyTo, outcome.reply).catch((error: unknown) => {
          this.options.log.warn({ ...about(outcome), reason: textOf(error) }, 'the reply could not be sent');
        });
      }
      message.acknowledge();
      this.report(outcome);
    }
    const { commit, outcomes } = decided;
    const repeated = outcomes.filter((outcome) => outcome.repeated).length;
    this.options.log.info({ commit: commit.id, commands: outcomes.length, repeated, parked: commit.parked.length }, 'commands answered');
  }

  private report(outcome: Outcome): void {
    const { log } = this.options;
    if (outcome.parked) log.warn({ ...about(outcome), parked: outcome.parked.id, reason: outcome.parked.reason }, 'message parked');
    if (outcome.parked || !log.isLevelEnabled('debug')) return;
    if (outcome.repeated) log.debug(about(outcome), 'repeated command answered from its receipt');
    else log.debug({ ...about(outcome), status: outcome.reply.status }, 'command answered');
  }
}

/**
 * Commits whose events must go out before those of this batch: what it writes was last written by them, or it repeats their answers.
 * Of what was seen in the database only: a commit that is still under way may turn out to be one that nobody knows of.
 */
function builtOn({ commit: { writes } }: DecidedBatch, found: Loaded): string[] {
  const written = writes.flatMap(({ type, id }) => found.resources.get(`${type}/${id}`)?.commit ?? []);
  return [...written, ...[...found.receipts.values()].map(({ commit }) => commit)];
}

/** What a log line about a message says of it: never its data. */
function about({ item }: Outcome): object {
  if (!('command' in item)) return { origin: item.message.origin };
  const { type, id, source, correlationid, traceparent } = item.command;
  return { type, id, source, subject: 'id' in item ? item.id : item.command.subject, correlationid, traceparent, origin: item.message.origin };
}
