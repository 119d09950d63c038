import { pino, type Logger } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import type { Json } from '../../src/json.js';
import { isObject } from '../../src/json.js';
import type { Message, Reply } from '../../src/message.js';
import type { Commit, Store } from '../../src/store/store.js';

/** Counts of what became of messages, taken at the ports and in the log, so that one can be held against the other. */
export class Tally {
  /** Messages that the worker was handed and has acknowledged. */
  acknowledged = 0;
  /** Acknowledgements beyond the first of a message. */
  acknowledgedAgain = 0;
  /** Entries in commits that say what a command was answered, by status. */
  readonly answered = new Map<number, number>();
  /** Parked messages in commits, by reason. */
  readonly parked = new Map<string, number>();
  /** What the log says of messages, by its text. */
  readonly logged = new Map<string, number>();
  /** Errors and worse in the log. */
  readonly complaints: string[] = [];
  /** Senders that wait, and answers that were sent, by correlation id of those who wait still or were answered more than once. */
  readonly waiting = new Map<string, number>();
  /** Answers to a command id that was used for something else before: they leave no entry. */
  reused = 0;

  readonly log: Logger = pino({
    level: 'debug',
    hooks: {
      logMethod: (args: readonly unknown[], _method, level) => {
        const text = String(args.at(-1));
        count(this.logged, text);
        // A conflict decides again on fresh data, as between two workers.
        const isConflict = JSON.stringify(args[0]).includes('another worker was faster');
        if (level >= 50 || (/failed, trying again/.test(text) && !isConflict)) this.complaints.push(`${text} ${JSON.stringify(args[0], errorsToo)}`.slice(0, 1_000));
      },
    },
  });

  store(store: Store): Store {
    return withMethods(store, {
      commit: async (commit: Commit) => {
        const result = await store.commit(commit);
        if (result === 'committed') this.take(commit);
        return result;
      },
    });
  }

  /** @param decoded makes of what the bus hands over what the worker is to see. */
  bus(bus: Bus, decoded: (message: Message) => Message): Bus {
    return withMethods(bus, {
      maxContentBytes: 1024 * 1024,
      consume: (prefetch: number, onMessage: (message: Message) => void) => bus.consume(prefetch, (message) => onMessage(this.handed(decoded(message)))),
      reply: (to: { address: string; correlationId?: string }, reply: Reply) => {
        this.waiting.set(to.correlationId ?? '', (this.waiting.get(to.correlationId ?? '') ?? 0) - 1);
        if (this.waiting.get(to.correlationId ?? '') === 0) this.waiting.delete(to.correlationId ?? '');
        if (reply.status === 422 && reasonOf(reply.body).startsWith('This command id')) this.reused += 1;
        return bus.reply(to, reply);
      },
    });
  }

  get answeredEntries(): number {
    return sum(this.answered);
  }

  get parkedMessages(): number {
    return sum(this.parked);
  }

  private take(commit: Commit): void {
    for (const { reason } of commit.parked) count(this.parked, reason);
    for (const entry of commit.entries) if (!entry.events.some((event) => event.topic === 'dead')) count(this.answered, entry.status);
  }

  private handed(message: Message): Message {
    if (message.replyTo) this.waiting.set(message.replyTo.correlationId ?? '', (this.waiting.get(message.replyTo.correlationId ?? '') ?? 0) + 1);
    let done = false;
    return {
      ...message,
      acknowledge: () => {
        if (done) this.acknowledgedAgain += 1;
        else this.acknowledged += 1;
        done = true;
        message.acknowledge();
      },
    };
  }
}

export function count(counts: Map<string, number>, key: string): void;
export function count(counts: Map<number, number>, key: number): void;
export function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export function sum(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((total, each) => total + each, 0);
}

function reasonOf(body: Json | undefined): string {
  return isObject(body) && typeof body['reason'] === 'string' ? body['reason'] : '';
}

function errorsToo(_name: string, value: unknown): unknown {
  return value instanceof Error ? value.stack : value;
}

/** A port with some of its attributes replaced. */
function withMethods<Port extends object>(port: Port, own: Partial<Port>): Port {
  return new Proxy(port, {
    get: (target, name) => {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
