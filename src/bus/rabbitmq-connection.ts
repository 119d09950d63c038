import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ChannelModel } from 'amqplib';
import type { Logger } from 'pino';
import { StartError, UnavailableError, textOf } from '../errors.js';
import { Backoff } from '../backoff.js';
import { KeptChannels, type KeptChannel } from './rabbitmq-channels.js';
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

export interface RabbitConnectionOptions {
  readonly url: string;
  /** What the broker's own tools show. */
  readonly name: string;
  /** Sends small frames at once; without it they are gathered, which suits acknowledgements. */
  readonly noDelay: boolean;
  /** Those from the beginning; see also `add`. */
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
  private readonly channels: KeptChannels;
  private readonly first: Promise<void>;
  private firstUpNow: () => void = () => undefined;
  private neverUp: (error: UnavailableError) => void = () => undefined;
  private readonly running: Promise<void>;
  private readonly target: string;
  /** The connection while it is not lost. */
  private model: ChannelModel | undefined;
  /** All channels were opened on it. */
  private established = false;
  private blocked = false;
  private everUp = false;
  private fatalTold = false;
  private why = 'not connected yet';

  /** @throws TypeError when the URL is none. */
  constructor(private readonly options: RabbitConnectionOptions) {
    this.target = withHeartbeat(options.url);
    this.channels = new KeptChannels(options.channels, options.prepare, options.log);
    this.first = new Promise((resolve, reject) => {
      this.firstUpNow = resolve;
      this.neverUp = reject;
    });
    this.first.catch(() => undefined); // whoever waits for it learns of it
    this.running = this.run();
  }

  status(): Status {
    if (!this.established) return { up: false, why: this.why };
    const why = this.channels.lacking ?? (this.blocked ? 'blocked by the broker (resource alarm)' : undefined);
    return why === undefined ? { up: true } : { up: false, why };
  }

  /** Resolves when it has been up once. @throws UnavailableError when it was stopped before. */
  firstUp(): Promise<void> {
    return this.first;
  }

  /** Keeps one more channel. */
  add(kept: KeptChannel): void {
    this.channels.add(kept);
  }

  /** Closes a channel for good. Resolves when the broker agreed, or the channel is gone anyway. */
  remove(kept: KeptChannel): Promise<void> {
    return this.channels.remove(kept);
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
        this.leave();
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
    if (this.model === model) await this.channels.openAll(model);
  }

  private nowUp(): void {
    this.established = true;
    this.everUp = true;
    this.backoff.reset();
    this.firstUpNow();
    this.options.log.info({ connection: this.options.name }, 'connected to RabbitMQ');
  }

  /** Channels first: a channel's last acknowledgements are certain to be taken before its own close, not before the connection's. */
  private async hangUp(model: ChannelModel, lost: Promise<void>): Promise<void> {
    this.established = false;
    await Promise.race([this.channels.closeAll(), lost]);
    if (this.model !== model) return;
    this.leave();
    await Promise.race([model.close().catch(() => undefined), lost]);
  }

  private leave(): void {
    this.model = undefined;
    this.established = false;
    this.blocked = false;
    this.channels.forget();
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
