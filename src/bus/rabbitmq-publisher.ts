import { IllegalOperationError, type ConfirmChannel, type Options } from 'amqplib';
import { TimeoutError, UnavailableError } from '../errors.js';
import type { KeptChannel } from './rabbitmq-channels.js';

/** Messages that the broker has not confirmed yet; others wait for their turn. */
const MAX_UNCONFIRMED = 1000;
const CONFIRM_MS = 10_000;

/** `refused`: a queue rejected it, by its length limit. `unroutable`: it was mandatory, and no queue took it. */
export type Outcome = 'held' | 'refused' | 'unroutable';

/** One message, from the call to the broker's answer. */
interface Transmission {
  readonly send: (channel: ConfirmChannel, settle: (error: Error | null) => void) => void;
  readonly messageId: unknown;
  readonly calledAt: number;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** Publishes with confirms on a channel of its own, in the order of the calls. */
export class RabbitPublisher implements KeptChannel {
  private channel: ConfirmChannel | undefined;
  private free = MAX_UNCONFIRMED;
  private readonly waiting: Transmission[] = [];
  private admitting = false;
  /** Without an answer yet, in the order of the calls. */
  private readonly underWay = new Set<Transmission>();
  private overdueCheck: NodeJS.Timeout | undefined;
  private readonly settledWaiters: (() => void)[] = [];
  private readonly returned = new Set<unknown>();

  /** `start` prepares a fresh channel before the first message goes out. */
  constructor(
    readonly name: string,
    private readonly start: (channel: ConfirmChannel) => Promise<void>,
  ) {}

  async opened(channel: ConfirmChannel): Promise<void> {
    // The broker returns a message before it confirms it.
    channel.on('return', (message) => this.returned.add(message.properties.messageId));
    await this.start(channel);
    this.channel = channel;
  }

  closed(): void {
    this.channel = undefined;
    this.returned.clear();
  }

  /**
   * Resolves when the broker has answered. A `mandatory` message needs a `messageId` of its own, by which it is returned.
   * @throws UnavailableError when there is no channel, TimeoutError when there is no answer. The time allowed covers the waiting
   * for a turn; a message that ran out of it keeps its turn and its place.
   */
  publish(exchange: string, routingKey: string, content: Uint8Array, options: Options.Publish): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      const send: Transmission['send'] = (channel, settle) => channel.publish(exchange, routingKey, bytes, options, settle);
      const transmission: Transmission = { send, messageId: options.messageId, calledAt: performance.now(), resolve, reject };
      this.underWay.add(transmission);
      this.overdueCheck ??= setTimeout(() => this.giveUpOverdue(), CONFIRM_MS);
      this.waiting.push(transmission);
      this.admit();
    });
  }

  /** Waits until everything that was published is answered. */
  async settled(): Promise<void> {
    if (this.underWay.size > 0) await new Promise<void>((resolve) => this.settledWaiters.push(resolve));
  }

  /** Those that were called first go first. A transmission that fails at once comes back here: the loop goes on, not the stack. */
  private admit(): void {
    if (this.admitting) return;
    this.admitting = true;
    while (this.free > 0) {
      const next = this.waiting.shift();
      if (!next) break;
      this.free -= 1;
      this.transmit(next);
    }
    this.admitting = false;
  }

  private transmit(transmission: Transmission): void {
    if (!this.channel) {
      this.settle(transmission, new UnavailableError('RabbitMQ is not available'));
      return;
    }
    try {
      transmission.send(this.channel, (error) => this.settle(transmission, error));
    } catch (error) {
      this.settle(transmission, error instanceof Error ? error : new Error(String(error)));
    }
  }

  private settle(transmission: Transmission, error: Error | null): void {
    this.free += 1;
    if (this.returned.delete(transmission.messageId)) transmission.resolve('unroutable');
    else if (error === null) transmission.resolve('held');
    else if (error.message === 'message nacked') transmission.resolve('refused'); // the client's only mark of a negative confirm
    else if (error instanceof IllegalOperationError || error.message === 'channel closed') transmission.reject(new TimeoutError('RabbitMQ was lost before it confirmed'));
    else transmission.reject(error);
    this.done(transmission);
    this.admit();
  }

  /** One timer for all: those that were called first are overdue first. */
  private giveUpOverdue(): void {
    this.overdueCheck = undefined;
    const now = performance.now();
    for (const transmission of this.underWay) {
      const left = transmission.calledAt + CONFIRM_MS - now;
      if (left > 0) {
        this.overdueCheck = setTimeout(() => this.giveUpOverdue(), left);
        return;
      }
      transmission.reject(new TimeoutError(`RabbitMQ did not confirm within ${CONFIRM_MS} ms`));
      this.done(transmission);
    }
  }

  private done(transmission: Transmission): void {
    this.underWay.delete(transmission);
    if (this.underWay.size > 0) return;
    clearTimeout(this.overdueCheck);
    this.overdueCheck = undefined;
    for (const resolve of this.settledWaiters.splice(0)) resolve();
  }
}
