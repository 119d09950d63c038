import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { errorBody } from '../errors.js';
import type { EventFilter } from '../hub/event-filter.js';
import { placeBehind } from '../hub/feed-page.js';
import { type FeedPlace, pageBehind, toToken } from '../hub/feed-place.js';
import type { LoggedEvent } from '../hub/logged-event.js';
import { LogGone, type LogPage, type LogTail } from '../hub/log-tail.js';
import { goneRefusal } from './feed-query.js';

/** How a stream passes the time. */
export interface StreamPace {
  /** Something is sent at least so often, so that nobody on the way takes the connection for dead. */
  readonly heartbeatMs: number;
  /** A client that takes nothing for so long is cut off. */
  readonly stallMs: number;
}

/** How soon a client comes again. */
const RETRY_MS = 1_000;
/** What is written at once. */
const WRITE_CHARACTERS = 16 * 1024;
/** How often a client is told, at most, how far the search has come without finding anything for it. */
const PROGRESS_MS = 1_000;

/** The stream's view of one event, made once for all streams that send it whole. */
const texts = new WeakMap<LoggedEvent, string>();

/**
 * Events as a stream (HTML standard, section 9.2): each with its cursor as `id`. Blocks with nothing but an `id` move the place
 * where a client goes on after a break, and are no event to it.
 */
export class FeedStream {
  private lastWrite = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly tail: Pick<LogTail, 'next'>,
    private readonly filter: EventFilter,
    private place: FeedPlace,
    private readonly pace: StreamPace,
    private readonly log: Logger,
  ) {}

  /** Until the signal is aborted, or the log cannot be read any more; then the stream has been ended. */
  async run(signal: AbortSignal): Promise<void> {
    const heartbeat = setInterval(() => {
      if (!this.response.writableNeedDrain) this.response.write(`:\n${this.progress()}`);
    }, this.pace.heartbeatMs);
    try {
      await this.write(`retry: ${RETRY_MS}\n${this.progress()}`, signal);
      for (;;) await this.send(await pageBehind(this.place, (after) => this.tail.next(after, signal)), signal);
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    } finally {
      clearInterval(heartbeat);
      // What a client does not take must not keep the connection, and with it the process.
      if (this.response.writableNeedDrain) this.response.destroy();
      else this.response.end();
    }
  }

  private async send(page: LogPage, signal: AbortSignal): Promise<void> {
    let text = '';
    for (const [index, event] of page.events.entries()) {
      if (!this.filter.matches(event)) continue;
      const place = placeBehind(event, page.events[index + 1]);
      text += `id: ${toToken(place)}\nevent: ${event.eventType}\ndata: ${this.dataOf(event)}\n\n`;
      this.place = place;
      if (text.length < WRITE_CHARACTERS) continue;
      await this.write(text, signal);
      text = '';
    }
    const isSent = toToken(this.place) === String(page.upTo);
    this.place = { position: page.upTo };
    if (!isSent && (text !== '' || Date.now() - this.lastWrite >= PROGRESS_MS)) text += this.progress();
    if (text !== '') await this.write(text, signal);
  }

  private dataOf(event: LoggedEvent): string {
    const slim = this.filter.slim(event.envelope);
    if (slim !== event.envelope) return JSON.stringify(slim);
    const text = texts.get(event) ?? JSON.stringify(slim);
    texts.set(event, text);
    return text;
  }

  private progress(): string {
    return `id: ${toToken(this.place)}\n\n`;
  }

  /** Resolves when there is room for more. */
  private async write(text: string, signal: AbortSignal): Promise<void> {
    this.lastWrite = Date.now();
    if (this.response.write(text)) return;
    await drained(this.response, this.pace.stallMs, signal);
  }

  private fail(error: unknown): void {
    if (error instanceof LogGone) {
      const { status, message, faults } = goneRefusal(error);
      this.response.write(`event: error\ndata: ${JSON.stringify(errorBody(status, message, faults))}\n\n`);
    } else {
      this.log.warn({ err: error }, 'an event stream was ended');
    }
  }
}

/** @throws Error when the client took nothing for so long, and then it is cut off; the signal's reason. */
function drained(response: ServerResponse, stallMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(stalled);
      response.off('drain', drain);
      signal.removeEventListener('abort', abort);
    };
    const drain = (): void => {
      settle();
      resolve();
    };
    const refuse = (error: Error): void => {
      settle();
      reject(error);
    };
    const abort = (): void => refuse(signal.reason as Error);
    const stalled = setTimeout(() => {
      refuse(new Error('the client takes nothing: cut off'));
      response.destroy();
    }, stallMs);
    response.once('drain', drain);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
