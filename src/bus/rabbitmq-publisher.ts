import { IllegalOperationError, type ConfirmChannel, type Options } from 'amqplib';
import { TimeoutError, UnavailableError } from '../errors.js';
import type { KeptChannel } from './rabbitmq-channels.js';

/** Messages that the broker has not confirmed yet; others wait for their turn. */
const MAX_UNCONFIRMED = 1000;
const CONFIRM_MS = 10_000;

/** `refused`: a queue rejected it, by its length limit. `unroutable`: it was mandatory, and no queue took it. */
export type Outcome = 'held' | 'refused' | 'unroutable';

/** Publishes with confirms on a channel of its own, in the order of the calls. */
export class RabbitPublisher implements KeptChannel {
  private channel: ConfirmChannel | undefined;
  private free = MAX_UNCONFIRMED;
  private readonly waiting: (() => void)[] = [];
  private readonly underWay = new Set<Promise<Outcome>>();
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
   * @throws UnavailableError when there is no channel, or no answer.
   */
  async publish(exchange: string, routingKey: string, content: Uint8Array, options: Options.Publish): Promise<Outcome> {
    const outcome = confirmed(this.inTurn(exchange, routingKey, content, options));
    this.underWay.add(outcome);
    try {
      return await outcome;
    } finally {
      this.underWay.delete(outcome);
    }
  }

  /** Waits for the answers to everything that was published so far. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  private async inTurn(exchange: string, routingKey: string, content: Uint8Array, options: Options.Publish): Promise<Outcome> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((turn) => this.waiting.push(turn));
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null): void => {
        this.nextTurn();
        if (this.returned.delete(options.messageId)) resolve('unroutable');
        else if (error === null) resolve('held');
        else if (error.message === 'message nacked') resolve('refused'); // the client's only mark of a negative confirm
        else if (error instanceof IllegalOperationError || error.message === 'channel closed') reject(new TimeoutError('RabbitMQ was lost before it confirmed'));
        else reject(error);
      };
      if (!this.channel) {
        settle(new UnavailableError('RabbitMQ is not available'));
        return;
      }
      try {
        this.channel.publish(exchange, routingKey, bytes, options, settle);
      } catch (error) {
        settle(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** The place goes straight to the next in line, so that no later call overtakes it. */
  private nextTurn(): void {
    const turn = this.waiting.shift();
    if (turn) turn();
    else this.free += 1;
  }
}

/** The time allowed covers the waiting for a turn; a message that ran out of it keeps its turn and its place. */
async function confirmed(outcome: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`RabbitMQ did not confirm within ${CONFIRM_MS} ms`)), CONFIRM_MS);
  });
  try {
    return await Promise.race([outcome, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
