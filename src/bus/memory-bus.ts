import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { UnavailableError, UnroutableError } from '../errors.js';
import type { Message, OutgoingCommand, OutgoingEvent, Reply, ReplyTo } from '../message.js';
import type { Bus, Consumption } from './bus.js';
import { MemoryBroker, type MemoryConsumer } from './memory-broker.js';
import { PendingReplies } from './pending-replies.js';
import type { Status } from '../status.js';

/** Nothing but the process's memory limits it; this keeps one message from filling that. */
const MAX_CONTENT_BYTES = 16 * 1024 * 1024;

export interface MemoryBusOptions {
  /** Shared by the buses of one process that are to see each other's commands; each bus has its own unless told. */
  readonly broker?: MemoryBroker;
  readonly log: Logger;
}

/**
 * The bus of a single process, with one lane. It keeps its promises as long as the process lives:
 * commands that are sent and not acknowledged when it ends are lost.
 */
export function openMemoryBus(options: MemoryBusOptions): Bus {
  return new MemoryBus(options.broker ?? new MemoryBroker(), options.log);
}

class MemoryBus implements Bus {
  readonly maxContentBytes = MAX_CONTENT_BYTES;
  readonly lanes = undefined;
  private readonly address = randomUUID();
  private readonly replies = new PendingReplies();
  private consumer: MemoryConsumer | undefined;
  private closed = false;

  constructor(
    private readonly broker: MemoryBroker,
    private readonly log: Logger,
  ) {
    broker.openInbox(this.address, (correlationId, reply) => {
      if (!this.replies.settle(correlationId, reply)) this.log.debug({ correlationId }, 'a reply came too late');
    });
  }

  async send(command: OutgoingCommand): Promise<void> {
    await this.enter();
    this.broker.enqueue(command);
  }

  async publish(event: OutgoingEvent): Promise<void> {
    await this.enter();
    this.broker.announce(event);
  }

  async republish(event: OutgoingEvent, to?: string): Promise<void> {
    await this.enter();
    if (to !== undefined) throw new UnroutableError('the bus in memory has no queues to send to');
    this.broker.announce(event);
  }

  async consume(prefetch: number, onMessage: (message: Message) => void): Promise<Consumption> {
    await this.enter();
    if (this.consumer !== undefined) throw new Error('this bus is consumed already');
    const consumer = { prefetch, onMessage };
    this.consumer = consumer;
    this.broker.addConsumer(consumer);
    return {
      pause: () => {
        this.broker.pauseConsumer(consumer);
        return Promise.resolve();
      },
    };
  }

  async reply(to: ReplyTo, reply: Reply): Promise<void> {
    await this.enter();
    this.broker.answer(to, reply);
  }

  async request(command: OutgoingCommand, timeoutMs: number): Promise<Reply> {
    await this.enter();
    const correlationId = randomUUID();
    return this.replies.request(correlationId, timeoutMs, () => {
      this.broker.enqueue(command, { address: this.address, correlationId });
      return Promise.resolve();
    });
  }

  status(): Status {
    return this.closed ? { up: false, why: 'closed' } : { up: true };
  }

  close(): Promise<void> {
    if (!this.closed) {
      this.closed = true;
      if (this.consumer) this.broker.removeConsumer(this.consumer);
      this.broker.closeInbox(this.address);
      this.replies.close();
    }
    return Promise.resolve();
  }

  /** A rejection, never a throw. */
  private enter(): Promise<void> {
    return this.closed ? Promise.reject(new UnavailableError('the bus is closed')) : Promise.resolve();
  }
}
