import { Worker } from 'node:worker_threads';
import { join } from 'node:path';

/** Own attributes of what every object inherits; hostile input must not add to them. */
const SHARED = [Object.prototype, Array.prototype, String.prototype, Number.prototype, Function.prototype, Map.prototype, Promise.prototype, Object, Array, JSON];

/** Rejections that nobody handled, and what was put on shared prototypes, from its making until it is closed. */
export class ProcessGuard {
  private readonly rejections: string[] = [];
  private readonly before = SHARED.map((object) => Reflect.ownKeys(object).length);
  private readonly note = (reason: unknown): void => {
    this.rejections.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
  };

  constructor() {
    process.on('unhandledRejection', this.note);
    process.on('uncaughtException', this.note);
  }

  close(): string[] {
    process.off('unhandledRejection', this.note);
    process.off('uncaughtException', this.note);
    const polluted = SHARED.flatMap((object, index) => (Reflect.ownKeys(object).length === this.before[index] ? [] : [`a shared prototype has other attributes than before: ${Reflect.ownKeys(object).slice(-3).map(String).join(', ')}`]));
    return [...this.rejections.map((rejection) => `not handled: ${rejection}`), ...polluted];
  }
}

/** Without progress for so long something is stuck. */
export const STALL_MS = 10_000;

/**
 * Ends this process when its event loop is blocked for longer than a stall may be: no timer of its own could tell. Kept by a
 * thread, which reads how far the run is from shared memory.
 */
export class StallGuard {
  private readonly shared = new Int32Array(new SharedArrayBuffer(8));
  private readonly thread: Worker;

  constructor(what: string) {
    this.thread = new Worker(join(__dirname, 'stall-thread.js'), { workerData: { shared: this.shared, what, limitMs: 3 * STALL_MS } });
    this.thread.unref();
  }

  /** The loop turns, and this is the first message that is not done. */
  progress(index: number): void {
    Atomics.store(this.shared, 0, index);
    Atomics.add(this.shared, 1, 1);
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }
}
