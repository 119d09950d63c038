import { createInbox, type Msg } from '@nats-io/transport-node';
import { TimeoutError, UnavailableError } from '../errors.js';
import type { Reply, ReplyTo } from '../message.js';
import type { NatsSession } from './nats-connection.js';
import { replyOf } from './nats-message.js';

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** Commands that wait for their reply. One inbox for the life of the bus, so that a reply still arrives after a reconnect. */
export class NatsRequests {
  private readonly inbox = createInbox();
  private readonly waiting = new Map<string, Waiting>();
  private count = 0;

  /** Listens on a new connection. */
  listen(session: NatsSession): void {
    session.connection.subscribe(`${this.inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.settle(message);
      },
    });
  }

  /** Sends by means of `send` and resolves with the reply. @throws TimeoutError, and what `send` throws. */
  async request(send: (replyTo: ReplyTo) => Promise<void>, timeoutMs: number): Promise<Reply> {
    const id = String((this.count += 1));
    const reply = new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => reject(new TimeoutError(`no reply within ${timeoutMs} ms`)), timeoutMs);
      this.waiting.set(id, { resolve, reject, timer });
    });
    try {
      await Promise.race([send({ address: `${this.inbox}.${id}`, correlationId: id }), reply]);
      return await reply;
    } finally {
      clearTimeout(this.waiting.get(id)?.timer);
      this.waiting.delete(id);
    }
  }

  /** Nobody will be answered any more. */
  close(): void {
    for (const { reject } of this.waiting.values()) reject(new UnavailableError('the bus was closed before the reply came'));
  }

  private settle(message: Msg): void {
    const waiting = this.waiting.get(message.subject.slice(this.inbox.length + 1));
    if (!waiting) return;
    try {
      waiting.resolve(replyOf(message));
    } catch (error) {
      waiting.reject(error);
    }
  }
}
