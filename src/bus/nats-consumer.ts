import { JetStreamError, type Consumer, type ConsumerMessages, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos, nuid, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { textOf } from '../errors.js';
import type { Message } from '../message.js';
import type { NatsSession } from './nats-connection.js';
import { messageOf } from './nats-message.js';
import type { Window } from './window.js';

/** After this time the server hands a message out again, unless it hears that it is still worked on. */
const ACK_WAIT_MS = 30_000;
/** How long a lane that is left waits for its acknowledgements. */
const SETTLE_MS = 5_000;
/** How long one request for messages stays open. */
const READ_MS = 30_000;
/** A lane asks for more while what it holds is below this; so it holds at most twice as much. */
const READ_BYTES = 8 * 1024 * 1024;
/** The client's documented number beside `max_bytes`. It does not see by itself that such a request got them all, and would wait for more. */
const READ_MESSAGES = 100;
/** Consumer metadata: the highest stream sequence that was handed out before this consumer was made. */
const HANDED_OUT = 'handed-out';

export interface LaneSpec {
  readonly lane: number;
  readonly stream: string;
  /** The subjects of the lane's messages. */
  readonly filter: string;
  /** At most so many messages handed out by the server and not acknowledged. */
  readonly maxUnacknowledged: number;
  readonly replyPrefix: string | undefined;
  readonly window: Window;
  readonly onMessage: (message: Message) => void;
  readonly log: Logger;
}

/**
 * The JetStream consumer of a lane, from the taking of the lane to its end.
 *
 * A taker deletes the lane's consumer and makes its own: a workqueue stream then hands out again, in order, all that is
 * not acknowledged. The name is new each time and the stream allows one consumer a lane, so a former holder that does not know
 * yet that it lost the lane can neither read nor acknowledge in the new one. There is no `nak`: it would let later messages overtake.
 *
 * For the same reason a message that was received is handed over or the consumer ends; it never goes on past a gap.
 */
export class LaneConsumer {
  /** Resolves with the reason when nothing more will be handed over. */
  readonly ended: Promise<string>;
  private tellEnded!: (why: string) => void;
  private over = false;
  private paused = false;
  /** Received and not acknowledged, by stream sequence. */
  private readonly unacknowledged = new Map<number, JsMsg>();
  private readonly handedOver = new Set<number>();
  private bytes = 0;
  private lastDelivery = 0;
  private lastSequence = 0;
  private lastAcknowledged: JsMsg | undefined;
  private reading: ConsumerMessages | undefined;
  private tellRoom: () => void = () => undefined;
  private tellDrained: () => void = () => undefined;
  private readonly working: NodeJS.Timeout;

  private constructor(
    private readonly spec: LaneSpec,
    private readonly source: Consumer,
    private readonly handedOutBefore: number,
    private readonly minBytes: number,
    private readonly mayHandOver: () => boolean,
  ) {
    this.ended = new Promise((resolve) => (this.tellEnded = resolve));
    this.working = setInterval(() => this.sayWorking(), ACK_WAIT_MS / 3);
    void this.read();
  }

  /** `mayHandOver` is asked before each message; when it says no, the consumer ends. */
  static async open(session: NatsSession, spec: LaneSpec, mayHandOver: () => boolean): Promise<LaneConsumer> {
    const handedOutBefore = await removeFormer(session.manager, spec);
    const info = await session.manager.consumers.add(spec.stream, {
      durable_name: `lane-${spec.lane}-${nuid.next()}`,
      filter_subject: spec.filter,
      ack_policy: 'explicit',
      deliver_policy: 'all',
      ack_wait: nanos(ACK_WAIT_MS),
      // Never give up on a message: what cannot be applied is parked, not lost.
      max_deliver: -1,
      max_ack_pending: spec.maxUnacknowledged,
      metadata: { [HANDED_OUT]: String(handedOutBefore) },
    });
    const maxPayload = session.connection.info?.max_payload ?? 0;
    return new LaneConsumer(spec, session.jetstream.consumers.getConsumerFromInfo(info), handedOutBefore, 2 * maxPayload, mayHandOver);
  }

  /** Hands nothing more over; resolves when all that was handed over is acknowledged, or the consumer has ended. */
  async pause(): Promise<void> {
    this.paused = true;
    void this.reading?.close();
    this.tellRoom();
    if (this.over || this.handedOver.size === 0) return;
    await new Promise<void>((resolve) => (this.tellDrained = resolve));
  }

  /**
   * Resolves when the server has taken in all acknowledgements, as far as it can be asked. It works on them one by one and
   * forgets those in its queue with the consumer; the next holder would be handed these messages again.
   */
  async settle(connection: NatsConnection): Promise<void> {
    const last = this.lastAcknowledged;
    // The subject of its acknowledgement, which the client's type leaves out. Asked once more, it is answered in its turn.
    if (!last || !('reply' in last) || typeof last.reply !== 'string') return;
    await connection.request(last.reply, '+ACK', { timeout: SETTLE_MS }).catch(() => undefined);
  }

  /** What is not acknowledged by now is for the next holder of the lane. */
  end(why: string): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.working);
    void this.reading?.close();
    this.unacknowledged.clear();
    // What is in the worker's hands keeps its room until the worker is done with it: a lane that flaps must not fill the memory.
    this.spec.window.forgetOld();
    this.tellRoom();
    this.tellDrained();
    this.tellEnded(why);
  }

  private async read(): Promise<void> {
    let maxBytes = Math.max(READ_BYTES, this.minBytes);
    try {
      while (!this.over && !this.paused) {
        const received = this.lastDelivery;
        const full = await this.readOnce(maxBytes);
        // Not even the first one fitted: it was stored under a larger limit of the server.
        if (full && received === this.lastDelivery) maxBytes *= 2;
        if (this.bytes >= READ_BYTES) await new Promise<void>((resolve) => (this.tellRoom = resolve));
      }
    } catch (error) {
      this.end(textOf(error));
    }
  }

  /** Resolves with true when the next message would have been too many bytes. */
  private async readOnce(maxBytes: number): Promise<boolean> {
    let received = 0;
    this.reading = await this.source.fetch({ max_bytes: maxBytes, expires: READ_MS });
    try {
      if (this.over || this.paused) await this.reading.close();
      for await (const message of this.reading) {
        if (this.over || this.paused) break;
        this.receive(message);
        received += 1;
        if (received === READ_MESSAGES) break;
      }
    } catch (error) {
      if (!isTooManyBytes(error)) throw error;
      return true;
    }
    return false;
  }

  private receive(message: JsMsg): void {
    const { deliverySequence } = message.info;
    if (deliverySequence !== this.lastDelivery + 1) {
      this.end(`delivery ${this.lastDelivery + 1} is missing before ${deliverySequence}`);
      return;
    }
    this.lastDelivery = deliverySequence;
    if (message.seq <= this.lastSequence) {
      this.repeat(message);
      return;
    }
    this.lastSequence = message.seq;
    this.unacknowledged.set(message.seq, message);
    this.bytes += message.data.byteLength;
    this.spec.window.enter(() => this.handOver(message), () => !this.over);
  }

  /** The acknowledgement, or the word that it is worked on, came too late: the message is in hand, or done. */
  private repeat(message: JsMsg): void {
    if (this.unacknowledged.has(message.seq)) message.working();
    else message.ack();
  }

  private handOver(message: JsMsg): boolean {
    if (this.over || this.paused) return false;
    if (!this.mayHandOver()) {
      this.end('the lease ran out');
      return false;
    }
    this.handedOver.add(message.seq);
    // The server counts deliveries per consumer, so from 1 in each; what a former consumer handed out is known by its sequence,
    // unless the server lost the consumer's state in a crash: then `redelivered` is false although it is one.
    const before = message.seq <= this.handedOutBefore;
    const { lane, replyPrefix, onMessage } = this.spec;
    onMessage(
      messageOf(message, {
        lane,
        replyPrefix,
        redelivered: before,
        attempts: before ? 2 : 1,
        acknowledge: () => this.acknowledge(message.seq),
      }),
    );
    return true;
  }

  private acknowledge(sequence: number): void {
    if (this.over && this.handedOver.delete(sequence)) this.spec.window.leave();
    const message = this.unacknowledged.get(sequence);
    if (!message) return;
    this.unacknowledged.delete(sequence);
    this.bytes -= message.data.byteLength;
    if (this.bytes < READ_BYTES) this.tellRoom();
    this.lastAcknowledged = message;
    try {
      message.ack();
    } catch (error) {
      this.spec.log.debug({ lane: this.spec.lane, why: textOf(error) }, 'an acknowledgement could not be sent: the message comes again');
    }
    this.handedOver.delete(sequence);
    if (this.handedOver.size === 0) this.tellDrained();
    this.spec.window.leave();
  }

  private sayWorking(): void {
    try {
      for (const message of this.unacknowledged.values()) message.working();
    } catch (error) {
      this.end(textOf(error));
    }
  }
}

/** Deletes the lane's consumer, whoever made it; resolves with the highest stream sequence that was ever handed out in the lane. */
async function removeFormer(manager: JetStreamManager, spec: LaneSpec): Promise<number> {
  let handedOut = 0;
  for await (const info of manager.consumers.list(spec.stream)) {
    if (info.config.filter_subject !== spec.filter) continue;
    handedOut = Math.max(handedOut, info.delivered.stream_seq, Number(info.config.metadata?.[HANDED_OUT]) || 0);
    await manager.consumers.delete(spec.stream, info.name);
  }
  return handedOut;
}

function isTooManyBytes(error: unknown): boolean {
  return error instanceof JetStreamError && /exceeds maxbytes/i.test(error.message);
}
