import type { Logger } from 'pino';
import { textOf } from '../errors.js';

/** How long a lane stays with a worker that no longer renews: short, since its commands wait, and three renewals long. */
const TTL_MS = 6_000;

/** See `Store.takeLease` and `Store.releaseLease`; the holder is this process. */
export interface Leases {
  take(name: string, ttlMs: number): Promise<boolean>;
  release(name: string): Promise<void>;
}

/** A lease that is held, and renewed at a third of its time until it is let go. */
export class NatsLease {
  private readonly timer: NodeJS.Timeout;
  private renewing: Promise<void> = Promise.resolve();
  private over = false;

  private constructor(
    private readonly leases: Leases,
    private readonly name: string,
    private until: number,
    private readonly onLost: () => void,
    private readonly log: Logger,
  ) {
    this.timer = setInterval(() => {
      this.renewing = this.renew();
    }, TTL_MS / 3);
  }

  /** Undefined while another holder has it. `onLost` is called at most once, when the lease ended before it was let go. */
  static async take(leases: Leases, name: string, onLost: () => void, log: Logger): Promise<NatsLease | undefined> {
    const asked = performance.now();
    return (await leases.take(name, TTL_MS)) ? new NatsLease(leases, name, asked + TTL_MS, onLost, log) : undefined;
  }

  /** False as soon as another may have it, even when this process was too busy to notice in time. */
  valid(): boolean {
    return !this.over && performance.now() < this.until;
  }

  /** Renews no more: it ends with its time, and until then this process may take it again. */
  abandon(): void {
    this.over = true;
    clearInterval(this.timer);
  }

  /** Lets others have it at once. */
  async release(): Promise<void> {
    this.abandon();
    // A renewal under way would take it once more.
    await this.renewing;
    try {
      await this.leases.release(this.name);
    } catch (error) {
      this.log.warn({ lease: this.name, why: textOf(error) }, 'a lease could not be released and runs out instead');
    }
  }

  private async renew(): Promise<void> {
    const asked = performance.now();
    let mine = true;
    try {
      mine = await this.leases.take(this.name, TTL_MS);
      if (mine) this.until = asked + TTL_MS;
    } catch (error) {
      this.log.warn({ lease: this.name, why: textOf(error) }, 'a lease could not be renewed');
    }
    if (this.over || (mine && this.valid())) return;
    this.abandon();
    this.onLost();
  }
}
