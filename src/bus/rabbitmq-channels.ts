import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { Logger } from 'pino';
import { textOf } from '../errors.js';
import { Backoff } from '../backoff.js';
import { explained } from './rabbitmq-topology.js';

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 10_000;

/** What lives on a channel of its own, and starts again on the next one when that is lost. */
export interface KeptChannel {
  /** For the operator: `lane 3`. */
  readonly name: string;
  /** Starts on a fresh channel. Publisher confirms are on: they cost nothing on a channel that does not publish. */
  opened(channel: ConfirmChannel): Promise<void>;
  /** The channel is gone: what is unacknowledged goes back to the queue. */
  closed(): void;
}

/** The channels of one connection after the other. */
export class KeptChannels {
  private readonly kept: Set<KeptChannel>;
  private readonly open = new Map<KeptChannel, ConfirmChannel>();
  /** Those that the broker closed, or does not open, and why. */
  private readonly missing = new Map<KeptChannel, string>();
  private current: { readonly model: ChannelModel; readonly lost: AbortController } | undefined;

  /** `prepare` makes the broker ready again before a channel that was lost is opened anew. */
  constructor(
    channels: readonly KeptChannel[],
    private readonly prepare: (model: ChannelModel) => Promise<void>,
    private readonly log: Logger,
  ) {
    this.kept = new Set(channels);
  }

  /** What is missing and why; undefined when all is there. */
  get lacking(): string | undefined {
    const [first] = this.missing;
    return first && `${first[0].name}: ${first[1]}`;
  }

  /** Opens all on a new connection. */
  async openAll(model: ChannelModel): Promise<void> {
    this.current = { model, lost: new AbortController() };
    await Promise.all([...this.kept].map((kept) => this.openOne(model, kept)));
  }

  /** One more, on this connection and those to come. */
  add(kept: KeptChannel): void {
    this.kept.add(kept);
    if (this.current) void this.openInTime(this.current.model, kept);
  }

  /** Closes it, for good. Resolves when the broker agreed, or the channel is gone anyway. */
  async remove(kept: KeptChannel): Promise<void> {
    this.kept.delete(kept);
    this.missing.delete(kept);
    // One that is being opened is closed as soon as it is.
    await this.open.get(kept)?.close().catch(() => undefined);
  }

  /** The connection is lost. */
  forget(): void {
    this.current?.lost.abort();
    this.current = undefined;
    this.open.clear();
    this.missing.clear();
  }

  /** Closes those that are open, and opens none until the next connection. */
  async closeAll(): Promise<void> {
    const channels = [...this.open.values()];
    this.forget();
    await Promise.allSettled(channels.map((channel) => channel.close()));
  }

  private async openOne(model: ChannelModel, kept: KeptChannel): Promise<void> {
    const channel = await model.createConfirmChannel();
    let why = 'the channel was closed';
    const closed = new Promise<void>((resolve) => channel.once('close', resolve));
    channel.on('error', (error) => (why = error.message)); // the event `close` follows
    channel.once('close', () => kept.closed());
    try {
      await kept.opened(channel);
    } catch (error) {
      await channel.close().catch(() => undefined);
      throw error;
    }
    if (!this.isWanted(model, kept)) {
      await channel.close().catch(() => undefined);
      return;
    }
    this.open.set(kept, channel);
    this.missing.delete(kept);
    void closed.then(() => this.reopen(model, kept, why));
  }

  /** A channel that was lost alone: the broker closed it, or cancelled its consumer. */
  private async reopen(model: ChannelModel, kept: KeptChannel, why: string): Promise<void> {
    if (!this.isWanted(model, kept)) return;
    this.open.delete(kept);
    await this.openInTime(model, kept, why);
  }

  /** Tries until it is open, or not wanted any more; at once unless it is said why it failed before. */
  private async openInTime(model: ChannelModel, kept: KeptChannel, why?: string): Promise<void> {
    const backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS);
    for (let reason = why; this.isWanted(model, kept); ) {
      try {
        if (reason !== undefined) {
          this.missing.set(kept, reason);
          this.log.warn({ channel: kept.name, why: reason }, 'RabbitMQ closed a channel');
          await sleep(backoff.next(), undefined, { signal: this.current?.lost.signal });
          if (!this.isWanted(model, kept)) return;
          await this.prepare(model);
        }
        await this.openOne(model, kept);
        return;
      } catch (error) {
        reason = textOf(explained(error));
      }
    }
  }

  private isWanted(model: ChannelModel, kept: KeptChannel): boolean {
    return this.current?.model === model && this.kept.has(kept);
  }
}
