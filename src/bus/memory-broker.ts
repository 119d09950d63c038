import { UnavailableError } from '../errors.js';
import type { Message, OutgoingCommand, OutgoingEvent, Reply, ReplyTo } from '../message.js';

/** Commands that wait, handed over or not: beyond this the senders are told to come back later. */
const MAX_COMMANDS = 100_000;

interface Entry {
  readonly command: OutgoingCommand;
  readonly replyTo: ReplyTo | undefined;
  attempts: number;
}

/** One bus's wish to be handed commands. */
export interface MemoryConsumer {
  readonly prefetch: number;
  readonly onMessage: (message: Message) => void;
}

/**
 * What several memory buses share: one lane of commands, first in, first out, of one consumer at a time.
 * Everything lies in this process's memory: what is not acknowledged when the process ends is lost.
 */
export class MemoryBroker {
  private ready = new Map<number, Entry>();
  private readonly handedOver = new Map<number, Entry>();
  private readonly consumers: MemoryConsumer[] = [];
  private readonly paused = new Set<MemoryConsumer>();
  private readonly inboxes = new Map<string, (correlationId: string, reply: Reply) => void>();
  private readonly listeners: ((event: OutgoingEvent) => void)[] = [];
  private serial = 0;
  private scheduled = false;

  /** Calls the listener with every event published from now on, in order. */
  subscribe(listener: (event: OutgoingEvent) => void): void {
    this.listeners.push(listener);
  }

  announce(event: OutgoingEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** @throws UnavailableError when more commands wait than this memory should hold. */
  enqueue(command: OutgoingCommand, replyTo?: ReplyTo): void {
    if (this.ready.size + this.handedOver.size >= MAX_COMMANDS) throw new UnavailableError(`${MAX_COMMANDS} commands wait already`);
    const body = Uint8Array.from(command.body);
    this.ready.set((this.serial += 1), { command: { ...command, body }, replyTo, attempts: 0 });
    this.schedule();
  }

  /** The consumer that came first is handed everything until it is removed. */
  addConsumer(consumer: MemoryConsumer): void {
    this.consumers.push(consumer);
    this.schedule();
  }

  pauseConsumer(consumer: MemoryConsumer): void {
    this.paused.add(consumer);
  }

  /** What it did not acknowledge is handed over again, in order. */
  removeConsumer(consumer: MemoryConsumer): void {
    const wasActive = this.consumers[0] === consumer;
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
    this.paused.delete(consumer);
    if (!wasActive) return;
    this.ready = new Map([...this.handedOver, ...this.ready]);
    this.handedOver.clear();
    this.schedule();
  }

  openInbox(address: string, onReply: (correlationId: string, reply: Reply) => void): void {
    this.inboxes.set(address, onReply);
  }

  closeInbox(address: string): void {
    this.inboxes.delete(address);
  }

  answer(to: ReplyTo, reply: Reply): void {
    this.inboxes.get(to.address)?.(to.correlationId ?? '', reply);
  }

  /** Hands over in a turn of its own, so that no sender runs a consumer's code. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.handOver();
    });
  }

  private handOver(): void {
    const [consumer] = this.consumers;
    if (!consumer) return;
    for (const [serial, entry] of this.ready) {
      if (this.consumers[0] !== consumer || this.paused.has(consumer) || this.handedOver.size >= consumer.prefetch) return;
      this.ready.delete(serial);
      this.handedOver.set(serial, entry);
      entry.attempts += 1;
      consumer.onMessage(this.messageOf(serial, entry, consumer));
    }
  }

  private messageOf(serial: number, entry: Entry, consumer: MemoryConsumer): Message {
    const { command, replyTo, attempts } = entry;
    return {
      body: command.body,
      headers: { ...command.attributes, key: command.key, ...(command.contentType === undefined ? {} : { contentType: command.contentType }) },
      contentType: command.contentType,
      attributes: command.attributes,
      ...(replyTo === undefined ? {} : { replyTo }),
      origin: { bus: 'memory', queue: 'commands', lane: 0 },
      redelivered: attempts > 1,
      attempts,
      acknowledge: () => {
        // A consumer that was removed has nothing to acknowledge any more: its messages come again.
        if (this.consumers[0] === consumer && this.handedOver.delete(serial)) this.schedule();
      },
    };
  }
}
