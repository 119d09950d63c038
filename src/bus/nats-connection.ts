import { setTimeout as sleep } from 'node:timers/promises';
import { connect, errors, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import { StartError, UnavailableError, textOf } from '../errors.js';
import { Backoff } from '../backoff.js';
import type { Status } from '../status.js';
import { NatsPublisher } from './nats-publisher.js';

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 10_000;
/** For connecting, and for each request to the server. */
const TIMEOUT_MS = 5_000;
/** A server that answers no ping for two of these is gone. */
const PING_INTERVAL_MS = 10_000;

/** One connection, from its being usable until it is lost. */
export interface NatsSession {
  readonly connection: NatsConnection;
  readonly publisher: NatsPublisher;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
}

export interface NatsSupervisorOptions {
  /** `nats://user:password@host:4222,host:4222`; a user without a password is a token; `tls://` insists on TLS. */
  readonly url: string;
  /** Makes the server ready; the connection counts as up when it resolves. A StartError ends all attempts. */
  readonly prepare: (session: NatsSession) => Promise<void>;
  readonly onUp: (session: NatsSession) => void;
  readonly onFatal: (error: StartError) => void;
  readonly log: Logger;
}

/**
 * Keeps one connection to NATS: connects, and when that fails or the connection is lost, connects again with growing pauses.
 * The client's own reconnect stays off, so that the first connection and all later ones are the same few lines,
 * and the lanes can be taken anew before anything is handed over.
 */
export class NatsSupervisor {
  private readonly backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS);
  private readonly stopping = new AbortController();
  private readonly target: ConnectionOptions;
  private readonly running: Promise<void>;
  private current: NatsSession | undefined;
  private why = 'not connected yet';

  /** @throws TypeError when the URL is none. */
  constructor(private readonly options: NatsSupervisorOptions) {
    this.target = connectionOptions(options.url);
    this.running = this.run();
  }

  status(): Status {
    return this.current ? { up: true } : { up: false, why: this.why };
  }

  /** @throws UnavailableError while there is no connection. */
  session(): NatsSession {
    if (!this.current) throw new UnavailableError(`NATS is not available: ${this.why}`);
    return this.current;
  }

  /** Sends what is buffered, closes the connection and connects no more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    // A connection that breaks while it is drained is closed all the same.
    await this.current?.connection.drain().catch(() => undefined);
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.live();
      } catch (error) {
        this.why = this.describe(error);
        if (error instanceof StartError) {
          this.options.onFatal(error);
          return;
        }
        this.options.log.warn({ why: this.why }, 'NATS cannot be used yet');
      }
      await sleep(this.backoff.next(), undefined, { signal }).catch(() => undefined);
    }
    this.why = 'closed';
  }

  /** One connection's life. Resolves when it was asked to close, rejects when it failed or was lost. */
  private async live(): Promise<void> {
    const connection = await connect(this.target);
    const publisher = new NatsPublisher(connection);
    const refusal = this.watch(connection, publisher);
    try {
      await this.use(connection, publisher);
    } catch (error) {
      throw (await refusal) ?? error;
    }
  }

  /** Until it is lost; closed when this ends in any way, and then nobody is given it any more. */
  private async use(connection: NatsConnection, publisher: NatsPublisher): Promise<void> {
    const { log, prepare, onUp } = this.options;
    try {
      const session = { connection, publisher, jetstream: jetstream(connection), manager: await jetstreamManager(connection) };
      await prepare(session);
      if (this.stopping.signal.aborted) return;
      this.current = session;
      this.backoff.reset();
      log.info({ server: connection.getServer() }, 'connected to NATS');
      onUp(session);
      const error = await connection.closed();
      if (!this.stopping.signal.aborted) throw error ?? new Error('the connection was lost');
    } finally {
      this.current = undefined;
      await connection.close();
    }
  }

  /**
   * What the server complains of outside of any request: a subject that this user may not publish to, a slow consumer.
   * Closes the connection when a subscription is refused or withdrawn, since the client never subscribes again by itself.
   * Resolves with that refusal, or with nothing when the connection was closed otherwise.
   */
  private async watch(connection: NatsConnection, publisher: NatsPublisher): Promise<Error | undefined> {
    for await (const status of connection.status()) {
      if (status.type !== 'error') continue;
      const { error } = status;
      this.options.log.warn({ why: error.message }, 'NATS reports an error');
      if (!(error instanceof errors.PermissionViolationError)) continue;
      if (error.operation === 'publish') {
        publisher.forbidden(error.subject, error.message);
      } else {
        void connection.close();
        return error;
      }
    }
    return undefined;
  }

  private describe(error: unknown): string {
    if (error instanceof StartError) return error.message;
    const servers = [this.target.servers].flat().join(', ');
    if (error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError) {
      return `${servers} refuses the credentials: ${error.message}`;
    }
    return `${servers}: ${textOf(error) || 'cannot be reached'}`;
  }
}

/** The client takes no credentials from a URL. */
function connectionOptions(text: string): ConnectionOptions {
  const [first = '', ...others] = text.split(',');
  const url = new URL(first);
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const credentials = user === '' ? {} : pass === '' ? { token: user } : { user, pass };
  return {
    servers: [url.host, ...others.map((other) => other.replace(/^.*(\/\/|@)/, ''))],
    ...credentials,
    ...(url.protocol === 'tls:' ? { tls: {} } : {}),
    name: 'party-role-worker',
    reconnect: false,
    timeout: TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    // Else the client makes two errors for each message that it publishes, to have their stacks (a tenth of the worker's time).
    noAsyncTraces: true,
  };
}
