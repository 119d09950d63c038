import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { SharedLanes } from './bus/bus.js';
import { textOf } from './errors.js';
import { lanesOf } from './lane-share.js';
import type { Store } from './store/store.js';

export interface BalanceOptions {
  readonly store: Pick<Store, 'beat' | 'leave'>;
  readonly lanes: SharedLanes;
  /** This process, as the others know it. */
  readonly worker: string;
  /** Whether this process can serve lanes: while it cannot, it is as good as dead to the others. */
  readonly isUsable: () => boolean;
  readonly beatMs: number;
  /** Whoever does not beat for so long is gone. Several beats, since a database may be slow; short, since its lanes wait. */
  readonly aliveMs: number;
  /** How long whoever was gone waits for the others before it believes that they are not there. */
  readonly returnMs: number;
  readonly log: Logger;
}

/** How often somebody who has no lane yet looks whether it may begin. */
const FIRST_BEAT_MS = 50;
const LAST_WORDS_MS = 500;

/**
 * Shares the lanes evenly among the workers that are alive: each says so in the store again and again, and takes the lanes that
 * are its own by the list of all. Two lists may differ for a moment; that no lane has two workers at a time is the bus's promise.
 */
export class Balance {
  private readonly stop = new AbortController();
  private running: Promise<void> | undefined;
  private lastBeat: number | undefined;
  private believeFrom = 0;
  private shared = '';
  private failing = false;

  constructor(private readonly options: BalanceOptions) {}

  /** Takes no lane before the first beat. */
  start(): void {
    this.options.lanes.prefer(new Set());
    this.running = this.run();
  }

  /** Others may have this worker's lanes, as soon as the bus lets them go. */
  async close(): Promise<void> {
    this.stop.abort();
    await Promise.race([this.leave(), pause(LAST_WORDS_MS, undefined, { ref: false })]);
  }

  private async leave(): Promise<void> {
    // A beat under way would bring it back.
    await this.running;
    const { store, worker, log } = this.options;
    await store.leave(worker).catch((error: unknown) => log.debug({ reason: textOf(error) }, 'the other workers learn of the end by themselves'));
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    const { beatMs } = this.options;
    while (!signal.aborted) {
      if (this.options.isUsable()) await this.round();
      await pause(this.lastBeat === undefined ? FIRST_BEAT_MS : beatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What is held stays as it is while the database is away. */
  private async round(): Promise<void> {
    const { store, worker, aliveMs, returnMs, log } = this.options;
    try {
      const workers = await store.beat(worker, aliveMs);
      const now = performance.now();
      // The database was away, the bus was, or this process was frozen. Perhaps it was the same for the others.
      if (this.lastBeat !== undefined && now - this.lastBeat > aliveMs) this.believeFrom = now + returnMs;
      this.lastBeat = now;
      this.failing = false;
      if (now >= this.believeFrom && !this.stop.signal.aborted) this.share(workers);
    } catch (error) {
      if (!this.failing) log.warn({ reason: textOf(error) }, 'the other workers cannot be seen; lanes stay where they are');
      this.failing = true;
    }
  }

  private share(workers: readonly string[]): void {
    const { lanes, worker, log } = this.options;
    const shared = workers.join();
    if (shared === this.shared) return;
    this.shared = shared;
    const mine = lanesOf(worker, workers, lanes.count);
    log.info({ lanes: [...mine], workers: workers.length }, 'lanes shared');
    lanes.prefer(mine);
  }
}
