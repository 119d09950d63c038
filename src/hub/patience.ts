import { equalJitter } from '../backoff.js';
import type { Health } from '../store/hub-store.js';
import type { Failed } from './sending.js';

export interface PatienceOptions {
  /** The first pause; each further one is twice as long, up to `longestMs`. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** How often an event may be refused while others are taken. */
  readonly attempts: number;
  /** Without any success for so long, nothing more is tried. */
  readonly suspendMs: number;
}

/** So many failures in a row, of more than one event and with no success between them, are those of the listener and not of an event. */
const LISTENER_FAILS = 5;

const A_WHILE_MS = 60_000;

interface Tried {
  attempts: number;
  /** Of those, how many say something about the event. */
  refusals: number;
  /** How many deliveries had succeeded when it first failed. */
  readonly successesBefore: number;
}

/** What one failed attempt means. */
export type Verdict =
  /** Try that event again after `ms`, and nothing at all for `allMs`. */
  | { readonly kind: 'again'; readonly ms: number; readonly allMs: number }
  /** Others are taken and this one is not: set it aside. */
  | { readonly kind: 'park'; readonly attempts: number }
  | { readonly kind: 'suspend'; readonly reason: string };

/** How one listener has been doing, and what follows from it: pauses grow, with jitter; an event that alone is refused is set aside in the end. */
export class Patience {
  private readonly tried = new Map<string, Tried>();
  private successes = 0;
  private failuresInARow = 0;
  /** Events that failed since the last success. */
  private readonly failing = new Set<string>();
  private lastSuccess: Date | undefined;
  private lastError: Health['lastError'];
  private failingSince: Date | undefined;

  constructor(
    before: Health,
    private readonly options: PatienceOptions,
  ) {
    this.lastSuccess = before.lastSuccess;
    this.lastError = before.lastError;
    // Where nothing was tried for long, for want of a hub, the listener is not to blame.
    const isRecent = before.lastError !== undefined && Date.now() - before.lastError.at.getTime() < 2 * options.longestMs + A_WHILE_MS;
    this.failingSince = isRecent ? before.failingSince : undefined;
  }

  get health(): Omit<Health, 'waiting' | 'oldestWaiting'> {
    const { lastSuccess, lastError, failingSince } = this;
    return { ...(lastSuccess ? { lastSuccess } : {}), ...(lastError ? { lastError } : {}), ...(failingSince ? { failingSince } : {}) };
  }

  /** So many failures in a row that somebody should know of it; true once in each row. */
  get isWorthAWarning(): boolean {
    return this.failuresInARow === LISTENER_FAILS;
  }

  /** Nothing but one attempt at a time makes sense. */
  get isDown(): boolean {
    return this.failuresInARow >= LISTENER_FAILS && this.failing.size > 1;
  }

  succeeded(event: string, now: Date): void {
    this.tried.delete(event);
    this.successes += 1;
    this.failuresInARow = 0;
    this.failing.clear();
    this.lastSuccess = now;
    this.failingSince = undefined;
  }

  failed(event: string, { error, busy, retryAfterMs = 0 }: Omit<Failed, 'kind'>, now: Date): Verdict {
    const tried = this.tried.get(event) ?? { attempts: 0, refusals: 0, successesBefore: this.successes };
    tried.attempts += 1;
    this.tried.set(event, tried);
    this.failuresInARow += 1;
    this.failing.add(event);
    this.lastError = { at: now, text: error };
    this.failingSince ??= now;

    if (now.getTime() - this.failingSince.getTime() >= this.options.suspendMs) {
      return { kind: 'suspend', reason: `nothing could be delivered since ${this.failingSince.toISOString()}: ${error}` };
    }
    // While nothing is taken, or the listener says so itself, it is not about the event.
    if (!busy && !this.isDown && this.successes > tried.successesBefore) tried.refusals += 1;
    if (tried.refusals >= this.options.attempts) {
      this.tried.delete(event);
      return { kind: 'park', attempts: tried.attempts };
    }
    const pauseOfAll = busy === true || this.isDown ? this.pauseAfter(Math.max(1, this.failuresInARow - LISTENER_FAILS + 1)) : 0;
    return { kind: 'again', ms: Math.max(this.pauseAfter(tried.attempts), retryAfterMs), allMs: Math.max(pauseOfAll, retryAfterMs) };
  }

  private pauseAfter(failures: number): number {
    const { firstMs, longestMs } = this.options;
    return equalJitter(Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30)));
  }
}
