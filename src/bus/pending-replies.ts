import { TimeoutError, UnavailableError } from '../errors.js';
import { isObject, type Json } from '../json.js';
import type { Reply } from '../message.js';

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
  readonly timer: NodeJS.Timeout;
}

/** Each waiting request holds a timer and a caller; more of them than this means that nobody answers. */
const MAX_WAITING = 10_000;

/** Commands that wait for their reply, by correlation id. */
export class PendingReplies {
  private readonly waiting = new Map<string, Waiting>();

  /**
   * Sends by means of `send` and resolves with the reply.
   * @throws TimeoutError, UnavailableError when too many wait already, and what `send` throws.
   */
  async request(id: string, timeoutMs: number, send: () => Promise<void>): Promise<Reply> {
    if (this.waiting.size >= MAX_WAITING) throw new UnavailableError(`${MAX_WAITING} requests wait for their reply already`);
    const reply = new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => reject(new TimeoutError(`no reply within ${timeoutMs} ms`)), timeoutMs);
      this.waiting.set(id, { resolve, reject, timer });
    });
    try {
      // The time allowed covers the sending too.
      await Promise.race([send(), reply]);
      return await reply;
    } finally {
      clearTimeout(this.waiting.get(id)?.timer);
      this.waiting.delete(id);
    }
  }

  /** Hands the reply to whoever waits; false when nobody does. */
  settle(id: string, reply: Reply): boolean {
    const waiting = this.waiting.get(id);
    waiting?.resolve(reply);
    return waiting !== undefined;
  }

  /** Nobody will be answered any more; the commands may still be applied. */
  close(): void {
    for (const waiting of this.waiting.values()) waiting.reject(new TimeoutError('the bus was closed before the reply came'));
  }
}

/** A reply as a worker puts it on the bus. @throws SyntaxError, TypeError for what no worker answers. */
export function parseReply(content: Uint8Array): Reply {
  const reply = JSON.parse(Buffer.from(content).toString('utf8')) as Json;
  if (!isObject(reply) || typeof reply['status'] !== 'number' || !isObject(reply['headers'])) {
    throw new TypeError('the reply is not {status, headers, body}');
  }
  const { status, headers, body } = reply;
  const texts = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { status, headers: Object.fromEntries(texts), ...(body === undefined ? {} : { body }) };
}
