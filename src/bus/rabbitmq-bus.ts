import { hash, randomUUID } from 'node:crypto';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import type { Logger } from 'pino';
import { StartError, TooLargeError, UnavailableError, UnroutableError, textOf } from '../errors.js';
import type { Message, OutgoingCommand, OutgoingEvent, Reply, ReplyTo } from '../message.js';
import type { Bus, Consumption } from './bus.js';
import { Window } from './window.js';
import { PendingReplies, parseReply } from './pending-replies.js';
import { RabbitConnection } from './rabbitmq-connection.js';
import { RabbitLane } from './rabbitmq-lane.js';
import { RabbitLanes } from './rabbitmq-lanes.js';
import { DIRECT_REPLY_TO, commandProperties, eventProperties, replyProperties } from './rabbitmq-message.js';
import { RabbitPublisher, type Outcome } from './rabbitmq-publisher.js';
import { ensureTopology, rabbitNames, type RabbitNames, type RabbitTopology } from './rabbitmq-topology.js';
import type { Status } from '../status.js';

/** The default `max_message_size` of RabbitMQ 4; earlier versions take more. */
const MAX_CONTENT_BYTES = 16 * 1024 * 1024;
/** AMQP 0-9-1 short string. */
const MAX_KEY_BYTES = 255;

export interface RabbitBusOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps:`; AMQP settings such as `heartbeat` (seconds) as its query. */
  readonly url: string;
  /** First part of the name of every exchange and queue. */
  readonly prefix: string;
  readonly lanes: number;
  readonly topology: RabbitTopology['mode'];
  /** Replies may then only go to queues whose names start with it, besides direct reply-to. */
  readonly replyPrefix?: string;
  /** Records a setting, unless it is recorded already, and answers with what is recorded. */
  readonly recorded: (name: string, value: string) => Promise<string>;
  /** Called once when an operator has to act before this bus can ever be up. */
  readonly onFatal: (error: StartError) => void;
  readonly log: Logger;
}

/** The RabbitMQ adapter. Does not wait for the broker to be up. @throws TypeError when the URL is none. */
export function openRabbitBus(options: RabbitBusOptions): Bus {
  return new RabbitBus(options);
}

class RabbitBus implements Bus {
  readonly maxContentBytes = MAX_CONTENT_BYTES;
  readonly lanes: RabbitLanes;
  private readonly names: RabbitNames;
  private readonly requests = new PendingReplies();
  private readonly publisher = new RabbitPublisher('publishing', (channel) => this.awaitReplies(channel));
  /** Apart from the others: what a requester's address does to a channel must not reach commands and events. */
  private readonly replies = new RabbitPublisher('replying', () => Promise.resolve());
  private readonly publishing: RabbitConnection;
  private consuming: RabbitConnection | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: RabbitBusOptions) {
    this.names = rabbitNames(options);
    this.lanes = new RabbitLanes(options.lanes);
    this.publishing = this.connection('publish', true, [this.publisher, this.replies]);
  }

  async send(command: OutgoingCommand): Promise<void> {
    await this.sendCommand(command, {});
  }

  async publish(event: OutgoingEvent): Promise<void> {
    const exchange = event.topic === 'events' ? this.names.events : this.names.dead;
    const outcome = await this.transmit(this.publisher, exchange, event.key, Buffer.from(event.content), eventProperties(event));
    if (outcome !== 'held') throw new UnavailableError(`a queue that is bound to ${exchange} refuses the event`);
  }

  async republish(event: OutgoingEvent, to?: string): Promise<void> {
    if (to === undefined) return this.publish(event);
    const options = { ...eventProperties(event), mandatory: true, messageId: randomUUID() };
    const outcome = await this.transmit(this.publisher, '', to, Buffer.from(event.content), options);
    if (outcome === 'unroutable') throw new UnroutableError(`there is no queue ${to}`);
    if (outcome === 'refused') throw new UnavailableError(`the queue ${to} refuses the event`);
  }

  async reply(to: ReplyTo, reply: Reply): Promise<void> {
    // Asked by this very process: nobody else knows the random id.
    if (to.correlationId !== undefined && this.requests.settle(to.correlationId, reply)) return;
    const outcome = await this.transmit(this.replies, '', to.address, Buffer.from(JSON.stringify(reply)), replyProperties(to));
    if (outcome !== 'held') this.options.log.debug({ correlationId: to.correlationId }, 'a full queue refused a reply');
  }

  async request(command: OutgoingCommand, timeoutMs: number): Promise<Reply> {
    const correlationId = randomUUID();
    return this.requests.request(correlationId, timeoutMs, () => this.sendCommand(command, { replyTo: DIRECT_REPLY_TO, correlationId }));
  }

  async consume(prefetch: number, onMessage: (message: Message) => void): Promise<Consumption> {
    this.demandUp();
    if (this.consuming) throw new Error('this bus is consumed already');
    const window = new Window(prefetch);
    const perLane = Math.ceil(prefetch / this.options.lanes);
    const open = (lane: number): RabbitLane =>
      new RabbitLane({ lane, queue: this.names.queues[lane] ?? '', prefetch: perLane, window, rule: this.options, onMessage });
    const connection = this.connection('consume', false, []);
    this.consuming = connection;
    this.lanes.start({ connection, open });
    await connection.firstUp();
    return {
      pause: () => {
        this.lanes.pause();
        return Promise.resolve();
      },
    };
  }

  status(): Status {
    if (this.closing) return { up: false, why: 'closed' };
    const publishing = this.publishing.status();
    return publishing.up && this.consuming ? this.consuming.status() : publishing;
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    await Promise.all([this.publisher.settled(), this.replies.settled()]);
    this.requests.close();
    this.lanes.flush();
    await Promise.all([this.consuming?.stop(), this.publishing.stop()]);
  }

  /** Two connections, so that a broker that slows publishers down does not keep acknowledgements waiting. */
  private connection(purpose: string, noDelay: boolean, channels: readonly RabbitPublisher[]): RabbitConnection {
    const { url, prefix, onFatal, log } = this.options;
    const prepare = (model: ChannelModel): Promise<void> => this.prepare(model);
    return new RabbitConnection({ url, name: `party-role-worker ${prefix} ${purpose}`, noDelay, channels, prepare, onFatal, log });
  }

  private async prepare(model: ChannelModel): Promise<void> {
    const { prefix, lanes, topology: mode, recorded } = this.options;
    const setting = `rabbitmq.lanes.${prefix}`;
    const first = await recorded(setting, String(lanes));
    if (first !== String(lanes)) {
      const { commands } = this.names;
      throw new StartError(
        `${lanes} lanes are configured, and ${first} are in use: another number would spread the commands anew and lose their order. ` +
          `To change it, stop all senders, let the workers empty the queues ${commands}.*, stop the workers, ` +
          `delete the exchange ${commands} and those queues, remove the setting "${setting}" from the database, and start again.`,
      );
    }
    await ensureTopology(model, { prefix, lanes, mode });
  }

  private async awaitReplies(channel: ConfirmChannel): Promise<void> {
    await channel.consume(
      DIRECT_REPLY_TO,
      (delivery) => {
        if (delivery) this.settle(delivery);
        else channel.close().catch(() => undefined);
      },
      { noAck: true },
    );
  }

  private settle({ content, properties }: ConsumeMessage): void {
    const correlationId = String(properties.correlationId);
    try {
      if (!this.requests.settle(correlationId, parseReply(content))) this.options.log.debug({ correlationId }, 'a reply came too late');
    } catch (error) {
      this.options.log.warn({ correlationId, why: textOf(error) }, 'a reply cannot be read');
    }
  }

  private async sendCommand(command: OutgoingCommand, more: Options.Publish): Promise<void> {
    const { commands } = this.names;
    // The id of this transmission, by which the broker returns what it cannot route; the command's own id is an attribute.
    const options = { ...commandProperties(command), ...more, mandatory: true, messageId: randomUUID() };
    const outcome = await this.transmit(this.publisher, commands, routingKey(command.key), command.body, options);
    if (outcome === 'unroutable') throw new UnroutableError(`no lane is bound to the exchange ${commands}`);
    if (outcome === 'refused') throw new UnavailableError('the lane refuses the command');
  }

  private async transmit(by: RabbitPublisher, exchange: string, key: string, content: Uint8Array, options: Options.Publish): Promise<Outcome> {
    this.demandUp();
    if (content.byteLength > this.maxContentBytes) {
      throw new TooLargeError(`${content.byteLength} bytes are more than the ${this.maxContentBytes} that RabbitMQ carries here`);
    }
    return by.publish(exchange, key, content, options);
  }

  private demandUp(): void {
    const status: Status = this.closing ? { up: false, why: 'closed' } : this.publishing.status();
    if (!status.up) throw new UnavailableError(`RabbitMQ is not available: ${status.why}`);
  }
}

/** A key that is too long for AMQP is replaced by its hash: the same key still means the same lane. */
function routingKey(key: string): string {
  return Buffer.byteLength(key) <= MAX_KEY_BYTES ? key : hash('sha256', key, 'hex');
}
