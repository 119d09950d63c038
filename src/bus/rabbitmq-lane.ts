import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import type { Message } from '../message.js';
import type { Window } from './window.js';
import { Acknowledger } from './rabbitmq-acknowledger.js';
import type { KeptChannel } from './rabbitmq-channels.js';
import { messageOf, type ReplyRule } from './rabbitmq-message.js';

export interface RabbitLaneOptions {
  readonly lane: number;
  readonly queue: string;
  /** How many unacknowledged messages the broker may send on this lane. */
  readonly prefetch: number;
  /** Shared by all lanes. */
  readonly window: Window;
  readonly rule: ReplyRule;
  readonly onMessage: (message: Message) => void;
}

/**
 * Takes one lane's commands, from the taking of the lane until it is let go, on one channel after the other. The broker sends them to one consumer at a time, and moves the lane on only when the
 * channel is closed: a consumer that is cancelled lets the next one overtake what is still unacknowledged.
 */
export class RabbitLane implements KeptChannel {
  private session: LaneSession | undefined;
  private paused = false;

  constructor(private readonly options: RabbitLaneOptions) {}

  get name(): string {
    return `lane ${this.options.lane}`;
  }

  async opened(channel: ConfirmChannel): Promise<void> {
    const { queue, prefetch, window } = this.options;
    const session = new LaneSession(channel, window);
    this.session = session;
    await channel.prefetch(prefetch);
    await channel.consume(queue, (delivery) => {
      if (delivery) this.take(session, delivery);
      // The broker cancelled: the queue was deleted or moved. Closing the channel makes it be opened anew.
      else channel.close().catch(() => undefined);
    });
  }

  closed(): void {
    this.session?.end();
  }

  /** From now on deliveries are let lie: unacknowledged, they come again. */
  pause(): void {
    this.paused = true;
  }

  /** Hands nothing more over; resolves when all that was handed over is acknowledged, the channel is gone, or the time is over. */
  async settle(ms: number): Promise<void> {
    this.pause();
    await Promise.race([this.session?.drained(), sleep(ms, undefined, { ref: false })]);
    this.flush();
  }

  flush(): void {
    this.session?.flush();
  }

  private take(session: LaneSession, delivery: ConsumeMessage): void {
    if (this.paused) return;
    const { lane, queue, window, rule, onMessage } = this.options;
    const { deliveryTag } = delivery.fields;
    window.enter(() => {
      if (this.paused || !session.handOver(deliveryTag)) return false;
      onMessage(messageOf(delivery, { bus: 'rabbitmq', queue, lane }, rule, () => session.acknowledge(deliveryTag)));
      return true;
    }, () => !session.hasEnded());
  }
}

/** A lane's time on one channel: delivery tags mean nothing on the next. */
class LaneSession {
  private readonly acknowledger: Acknowledger;
  /** Handed over and not acknowledged. */
  private readonly outstanding = new Set<number>();
  private ended = false;
  private tellDrained: () => void = () => undefined;

  constructor(
    channel: ConfirmChannel,
    private readonly window: Window,
  ) {
    this.acknowledger = new Acknowledger(channel);
  }

  handOver(deliveryTag: number): boolean {
    if (!this.ended) this.outstanding.add(deliveryTag);
    return !this.ended;
  }

  acknowledge(deliveryTag: number): void {
    if (!this.outstanding.delete(deliveryTag)) return;
    if (!this.ended) this.acknowledger.acknowledge(deliveryTag);
    this.window.leave();
    if (this.outstanding.size === 0) this.tellDrained();
  }

  /** Resolves when nothing is in the worker's hands, or the channel is gone. */
  async drained(): Promise<void> {
    if (this.ended || this.outstanding.size === 0) return;
    await new Promise<void>((resolve) => (this.tellDrained = resolve));
  }

  hasEnded(): boolean {
    return this.ended;
  }

  flush(): void {
    this.acknowledger.flush();
  }

  /** What is in the worker's hands keeps its room until the worker is done with it: a lane that flaps must not fill the memory. */
  end(): void {
    this.ended = true;
    this.window.forgetOld();
    this.tellDrained();
  }
}
