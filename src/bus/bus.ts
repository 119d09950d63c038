import type { Status } from '../status.js';
import type { Message, OutgoingCommand, OutgoingEvent, Reply, ReplyTo } from '../message.js';

/**
 * The port to a message broker. Every line is a promise that `test/contract/bus.contract.ts` checks on every adapter.
 *
 * An adapter connects by itself, again and again with growing pauses, and restores its topology and consumers;
 * a method called while the broker is away fails with `UnavailableError` and has no effect.
 */
export interface Bus {
  /** The largest content, in bytes, that `publish` and `reply` can carry. */
  readonly maxContentBytes: number;

  /** The lanes that this process shares with others; undefined when its only lane is its own. */
  readonly lanes: SharedLanes | undefined;

  /**
   * Resolves when the broker holds the command durably.
   * @throws UnroutableError when no lane takes it, UnavailableError when the broker is away and nothing was sent,
   * TimeoutError when it was sent and not confirmed, TooLargeError.
   */
  send(command: OutgoingCommand): Promise<void>;

  /** Resolves when the broker holds the event durably. Events without a listener are no error. Events sent one after the other arrive in that order. */
  publish(event: OutgoingEvent): Promise<void>;

  /**
   * Sends an event of earlier on again, and the broker drops no such repetition by itself. Without `to` to all who listen, as
   * `publish` does; else to one destination alone: AMQP a queue, NATS a subject that a stream takes.
   * @throws UnroutableError when that destination is not there.
   */
  republish(event: OutgoingEvent, to?: string): Promise<void>;

  /**
   * Hands over commands, in order within a lane, at most `prefetch` unacknowledged at a time. A message that is
   * not acknowledged before the connection, the process or the consumption ends is handed over again, in order.
   * One consumption per bus.
   */
  consume(prefetch: number, onMessage: (message: Message) => void): Promise<Consumption>;

  /** Answers whoever waits. A reply that finds nobody is dropped without error. */
  reply(to: ReplyTo, reply: Reply): Promise<void>;

  /**
   * Sends a command and waits for its reply.
   * @throws TimeoutError when none came in time, else as `send`.
   */
  request(command: OutgoingCommand, timeoutMs: number): Promise<Reply>;

  /** Whether the broker can be used right now, and if not, why not. */
  status(): Status;

  /** Waits for what was sent, then closes. Messages that are not acknowledged go back to the broker. */
  close(): Promise<void>;
}

/** What was started by `consume`. */
export interface Consumption {
  /** No new message is handed over after this resolves; those handed over can still be acknowledged. */
  pause(): Promise<void>;
}

/** The lanes of a broker, counted from 0; each is read by one process at a time. */
export interface SharedLanes {
  readonly count: number;

  /**
   * From now on `consume` takes these lanes and no others; all, until it was told. One that another process still has is
   * taken as soon as it is free.
   * A lane that is let go hands nothing more over. What was handed over can still be acknowledged for `LET_GO_MS`; as soon as
   * all of it is, or after that time, another process is handed the rest, in order.
   */
  prefer(lanes: ReadonlySet<number>): void;
}

/** How long a lane that is let go waits for its acknowledgements. What is not acknowledged by then comes again elsewhere. */
export const LET_GO_MS = 3_000;

/** What is taken by whoever was not told. */
export function allLanes(count: number): ReadonlySet<number> {
  return new Set(Array.from({ length: count }, (_, lane) => lane));
}
