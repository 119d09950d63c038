import type { Channel, Message } from 'amqplib';

/**
 * Gathers a channel's acknowledgements and sends them together in the next turn of the event loop: one frame for
 * every delivery up to the first that is still open, and one for each beyond it.
 */
export class Acknowledger {
  /** Every delivery up to this tag is acknowledged. Tags count from 1 on each channel. */
  private upTo = 0;
  /** Acknowledged beyond `upTo`. */
  private readonly ahead = new Set<number>();
  private pending: number[] = [];

  constructor(private readonly channel: Channel) {}

  acknowledge(deliveryTag: number): void {
    if (this.pending.push(deliveryTag) === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    const tags = this.pending.sort((one, other) => one - other);
    this.pending = [];
    let together = 0;
    for (const tag of tags) {
      this.advance();
      if (tag === this.upTo + 1) {
        this.upTo = tag;
        together = tag;
      } else {
        this.ahead.add(tag);
        this.send(tag, false);
      }
    }
    if (together > 0) this.send(together, true);
    this.advance();
  }

  private advance(): void {
    while (this.ahead.delete(this.upTo + 1)) this.upTo += 1;
  }

  private send(deliveryTag: number, allUpTo: boolean): void {
    try {
      // The client reads nothing else of the message.
      this.channel.ack({ fields: { deliveryTag } } as Message, allUpTo);
    } catch {
      // The channel is closed: its messages come again.
    }
  }
}
