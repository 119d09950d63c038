import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { Logger } from 'pino';
import { StartError, UnavailableError, textOf } from '../errors.js';
import { Backoff } from '../backoff.js';
import { readAnyProperties } from './rabbitmq-frames.js';
import { explained } from './rabbitmq-topology.js';
import type { Status } from '../status.js';

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 10_000;
const CONNECT_MS = 5_000;
/** A broker that says nothing for two of these is gone; the server's own proposal is a minute. */
const HEARTBEAT_SECONDS = '10';
/** How long a broker may take to agree to a close; the heartbeat ends what it never agrees to. */
const CLOSE_MS = 5_000;

/** What lives on a channel of its own, and starts again on the next one when that is lost. */
export interface KeptChannel {
  /** For the operator: `lane 3`. */
  readonly name: string;
  /** Starts on a fresh channel. Publisher confirms are on: they cost nothing on a channel that does not publish. */
  opened(channel: ConfirmChannel): Promise<void>;
  /** The channel is gone: what is unacknowledged goes back to the queue. */
  closed(): void;
}

export interface RabbitConnectionOptions {
  readonly url: string;
  /** What the broker's own tools show. */
  readonly name: string;
  /** Sends small frames at once; without it they are gathered, which suits acknowledgements. */
  readonly noDelay: boolean;
  readonly channels: readonly KeptChannel[];
  /** Makes the broker ready before any channel of `channels` is opened. */
  readonly prepare: (model: ChannelModel) => Promise<void>;
  /** Called once, when this connection was never up and an operator has to act before it can be. Attempts go on. */
  readonly onFatal: (error: StartError) => void;
  readonly log: Logger;
}

/** Keeps one connection and its channels: what cannot be had, or is lost, is tried again with growing pauses. */
export class RabbitConnection {
  private readonly backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS);
  private readonly stopping = new AbortController();
  private readonly open = new Map<KeptChannel, ConfirmChannel>();
  private readonly first: Promise<void>;
  private firstUpNow: () => void = () => undefined;
  private neverUp: (error: UnavailableError) => void = () => undefined;
  private readonly running: Promise<void>;
  private readonly target: string;
  /** The connection while it is not lost; usable when `open` holds all channels. */
  private model: ChannelModel | undefined;
  private blocked = false;
  private everUp = false;
  private fatalTold = false;
  private why = 'not connected yet';

  /** @throws TypeError when the URL is none. */
  constructor(private readonly options: RabbitConnectionOptions) {
    this.target = withHeartbeat(options.url);
    this.first = new Promise((resolve, reject) => {
      this.firstUpNow = resolve;
      this.neverUp = reject;
    });
    this.first.catch(() => undefined); // whoever waits for it learns of it
    this.running = this.run();
  }

  status(): Status {
    if (this.model === undefined || this.open.size < this.options.channels.length) return { up: false, why: this.why };
    return this.blocked ? { up: false, why: 'blocked by the broker (resource alarm)' } : { up: true };
  }

  /** Resolves when it has been up once. @throws UnavailableError when it was stopped before. */
  firstUp(): Promise<void> {
    return this.first;
  }

  /** Closes the channels, then the connection, and connects no more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.race([this.running, sleep(CLOSE_MS, undefined, { ref: false })]);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.live();
      } catch (error) {
        this.report(explained(error));
      }
      await sleep(this.backoff.next(), undefined, { signal }).catch(() => undefined);
    }
    this.why = 'closed';
    this.neverUp(new UnavailableError('the bus was closed'));
  }

  /** One connection's life. Resolves when it was asked to stop, rejects when it failed or was lost. */
  private async live(): Promise<void> {
    const { name, noDelay, log } = this.options;
    const model = await connect(this.target, { noDelay, timeout: CONNECT_MS, clientProperties: { connection_name: name } });
    readAnyProperties(model);
    this.model = model;
    this.why = 'connected, opening the channels';
    let lostBy: Error | undefined;
    const lost = new Promise<void>((resolve) => {
      model.once('close', (error?: Error) => {
        lostBy = error ?? new Error('the connection was closed');
        this.model = undefined;
        this.blocked = false;
        resolve();
      });
    });
    model.on('error', () => undefined); // the event `close` follows, with the same error
    model.on('blocked', (reason) => {
      this.blocked = true;
      log.warn({ reason }, 'RabbitMQ accepts no messages: resource alarm');
    });
    model.on('unblocked', () => {
      this.blocked = false;
      log.info('RabbitMQ accepts messages again');
    });
    const { signal } = this.stopping;
    const stopped = aborted(signal);
    try {
      await Promise.race([this.establish(model), lost, stopped]);
      if (lostBy === undefined && !signal.aborted) this.nowUp();
      await Promise.race([lost, stopped]);
      if (lostBy !== undefined) throw lostBy;
    } catch (error) {
      // When the broker closes the connection, it says why there; a call under way only learns that it will get no answer.
      throw lostBy ?? error;
    } finally {
      await this.hangUp(model, lost);
    }
  }

  private async establish(model: ChannelModel): Promise<void> {
    await this.options.prepare(model);
    await Promise.all(this.options.channels.map((kept) => this.openChannel(model, kept)));
  }

  private nowUp(): void {
    this.everUp = true;
    this.backoff.reset();
    this.firstUpNow();
    this.options.log.info({ connection: this.options.name }, 'connected to RabbitMQ');
  }

  private async openChannel(model: ChannelModel, kept: KeptChannel): Promise<void> {
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
    this.open.set(kept, channel);
    void closed.then(() => this.reopen(model, kept, why));
  }

  /** A channel that was lost alone: the broker closed it, or cancelled its consumer. */
  private async reopen(model: ChannelModel, kept: KeptChannel, why: string): Promise<void> {
    this.open.delete(kept);
    const { signal } = this.stopping;
    const backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS);
    for (let reason = why; this.model === model && !signal.aborted; ) {
      this.why = `${kept.name}: ${reason}`;
      this.options.log.warn({ channel: kept.name, why: reason }, 'RabbitMQ closed a channel');
      await sleep(backoff.next(), undefined, { signal }).catch(() => undefined);
      if (this.model !== model || signal.aborted) return;
      try {
        await this.options.prepare(model);
        await this.openChannel(model, kept);
        return;
      } catch (error) {
        reason = textOf(explained(error));
      }
    }
  }

  /** Channels first: a channel's last acknowledgements are certain to be taken before its own close, not before the connection's. */
  private async hangUp(model: ChannelModel, lost: Promise<void>): Promise<void> {
    const channels = [...this.open.values()];
    this.open.clear();
    await Promise.race([Promise.allSettled(channels.map((channel) => channel.close())), lost]);
    if (this.model !== model) return;
    this.model = undefined;
    await Promise.race([model.close().catch(() => undefined), lost]);
  }

  private report(error: unknown): void {
    this.why = textOf(error) || 'RabbitMQ cannot be reached';
    if (!(error instanceof StartError)) {
      this.options.log.warn({ connection: this.options.name, why: this.why }, 'RabbitMQ cannot be used yet');
      return;
    }
    this.options.log.error({ why: this.why }, 'RabbitMQ cannot be used until an operator acts');
    if (this.everUp || this.fatalTold) return;
    this.fatalTold = true;
    this.options.onFatal(error);
  }
}

function withHeartbeat(text: string): string {
  const url = new URL(text);
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', HEARTBEAT_SECONDS);
  return url.href;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
