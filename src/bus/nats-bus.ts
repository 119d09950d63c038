import { randomUUID } from 'node:crypto';
import { createInbox, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { TooLargeError, UnavailableError, textOf, type StartError } from '../errors.js';
import type { Message, OutgoingCommand, OutgoingEvent, Reply, ReplyTo } from '../message.js';
import type { Bus, Consumption } from './bus.js';
import { NatsSupervisor, type NatsSession } from './nats-connection.js';
import { NatsLane } from './nats-lane.js';
import { NatsLanes } from './nats-lanes.js';
import type { Leases } from './nats-lease.js';
import { commandHeaders, eventHeaders, repeatedEventHeaders, replyHeaders } from './nats-message.js';
import { commandSubject, natsNames } from './nats-subject.js';
import { ensureTopology, type NatsTopology } from './nats-topology.js';
import { Window } from './window.js';
import { PendingReplies, parseReply } from './pending-replies.js';
import type { Status } from '../status.js';

/** A server counts headers and payload together against its `max_payload`. */
const HEADERS_BYTES = 16 * 1024;
/** The server's own default, until it tells its limit. */
const DEFAULT_MAX_PAYLOAD = 1024 * 1024;

export interface NatsBusOptions {
  /** `nats://user:password@host:4222,host:4222`; a user without a password is a token; `tls://` insists on TLS. */
  readonly url: string;
  /** First part of every subject and, in capitals, of the streams' names. */
  readonly prefix: string;
  readonly lanes: number;
  readonly topology: NatsTopology['mode'];
  /** Replies may go to subjects under this one too, besides `_INBOX.`. */
  readonly replyPrefix?: string;
  readonly recorded: NatsTopology['recorded'];
  readonly leases: Leases;
  /** Called once when an operator has to act before this bus can ever be up. */
  readonly onFatal: (error: StartError) => void;
  readonly log: Logger;
}

/** The JetStream adapter. Does not wait for the server to be up. @throws TypeError when the URL is none. */
export function openNatsBus(options: NatsBusOptions): Bus {
  return new NatsBus(options);
}

class NatsBus implements Bus {
  readonly lanes: NatsLanes;
  private readonly supervisor: NatsSupervisor;
  private readonly replies = new PendingReplies();
  /** One for the life of the bus, so that a reply still arrives after a reconnect. */
  private readonly inbox = createInbox();
  private readonly sending = new Set<Promise<unknown>>();
  private maxPayload = DEFAULT_MAX_PAYLOAD;
  private closed = false;

  constructor(private readonly options: NatsBusOptions) {
    const { url, log, onFatal } = options;
    this.lanes = new NatsLanes(options.lanes);
    this.supervisor = new NatsSupervisor({ url, log, onFatal, prepare: (session) => this.prepare(session), onUp: (session) => this.lanes.connected(session) });
  }

  get maxContentBytes(): number {
    return this.maxPayload - HEADERS_BYTES;
  }

  send(command: OutgoingCommand): Promise<void> {
    return this.sendCommand(command);
  }

  publish(event: OutgoingEvent): Promise<void> {
    return this.store(this.eventSubject(event), event.content, eventHeaders(event));
  }

  republish(event: OutgoingEvent, to?: string): Promise<void> {
    return this.store(to ?? this.eventSubject(event), event.content, repeatedEventHeaders());
  }

  request(command: OutgoingCommand, timeoutMs: number): Promise<Reply> {
    const correlationId = randomUUID();
    const replyTo = { address: `${this.inbox}.${correlationId}`, correlationId };
    return this.replies.request(correlationId, timeoutMs, () => this.sendCommand(command, replyTo));
  }

  reply(to: ReplyTo, reply: Reply): Promise<void> {
    return attempt(() => {
      // Asked by this very process: nobody else knows the random id.
      if (to.address.startsWith(`${this.inbox}.`) && this.replies.settle(to.address.slice(this.inbox.length + 1), reply)) return;
      const content = Buffer.from(JSON.stringify(reply));
      this.checkSize(content);
      this.supervisor.session().connection.publish(to.address, content, { headers: replyHeaders(to) });
    });
  }

  consume(prefetch: number, onMessage: (message: Message) => void): Promise<Consumption> {
    return attempt(() => {
      if (this.closed) throw new UnavailableError('the bus is closed');
      this.lanes.start(this.lanesFor(prefetch, onMessage));
      if (this.status().up) this.lanes.connected(this.supervisor.session());
      return {
        pause: () => {
          this.lanes.pause();
          return Promise.resolve();
        },
      };
    });
  }

  status(): Status {
    return this.supervisor.status();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.lanes.stop();
    await Promise.allSettled(this.sending);
    this.replies.close();
    await this.supervisor.stop();
  }

  private eventSubject(event: OutgoingEvent): string {
    return `${this.options.prefix}.${event.topic}.${event.key}`;
  }

  private async prepare(session: NatsSession): Promise<void> {
    const { prefix, lanes, topology: mode, recorded } = this.options;
    const maxStored = await ensureTopology(session.manager, { prefix, lanes, mode, recorded });
    this.maxPayload = Math.min(session.connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD, maxStored);
    session.connection.subscribe(`${this.inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.receiveReply(message);
      },
    });
  }

  private receiveReply(message: Msg): void {
    const correlationId = message.subject.slice(this.inbox.length + 1);
    const { log } = this.options;
    try {
      if (!this.replies.settle(correlationId, parseReply(message.data))) log.debug({ correlationId }, 'a reply came too late');
    } catch (error) {
      log.warn({ correlationId, why: textOf(error) }, 'a reply that cannot be read was dropped');
    }
  }

  private lanesFor(prefetch: number, onMessage: (message: Message) => void): NatsLane[] {
    const { prefix, lanes, leases, replyPrefix, log } = this.options;
    const names = natsNames(prefix);
    const window = new Window(prefetch);
    // The server bounds each lane by its share; the window matters when there are more lanes than `prefetch`.
    const maxUnacknowledged = Math.max(1, Math.floor(prefetch / lanes));
    return Array.from({ length: lanes }, (_, lane) => {
      const spec = { lane, stream: names.commands.stream, filter: names.laneFilter(lane), maxUnacknowledged, replyPrefix, window, onMessage, log };
      return new NatsLane(spec, leases, `jetstream.${prefix}.lane.${lane}`);
    });
  }

  private sendCommand(command: OutgoingCommand, replyTo?: ReplyTo): Promise<void> {
    const subject = commandSubject(this.options.prefix, command.resource, command.key);
    return this.store(subject, command.body, commandHeaders(command, replyTo));
  }

  /** Resolves when the stream that takes this subject has stored the message. */
  private async store(subject: string, content: string | Uint8Array, headers: MsgHdrs): Promise<void> {
    if (this.closed) throw new UnavailableError('the bus is closed');
    const bytes = Buffer.from(content);
    this.checkSize(bytes);
    const sent = this.supervisor.session().publisher.publish(subject, bytes, headers);
    this.sending.add(sent);
    try {
      await sent;
    } finally {
      this.sending.delete(sent);
    }
  }

  private checkSize(content: Uint8Array): void {
    if (content.byteLength > this.maxContentBytes) {
      throw new TooLargeError(`${content.byteLength} bytes are more than the ${this.maxContentBytes} that NATS carries here`);
    }
  }
}

/** What is thrown becomes a rejection. */
function attempt<T>(action: () => T): Promise<T> {
  return new Promise((resolve) => resolve(action()));
}
