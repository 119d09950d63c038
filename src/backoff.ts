/**
 * Exponential back-off with equal jitter: each pause lies between half of its step and the whole of it,
 * so that many workers that lost the same broker do not all return in the same moment.
 */
export class Backoff {
  private step: number;

  /** Pauses grow from `firstMs` to `maxMs`, doubling each time. */
  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
  ) {
    this.step = firstMs;
  }

  /** The next pause in milliseconds. */
  next(): number {
    const step = this.step;
    this.step = Math.min(this.maxMs, step * 2);
    return Math.round(equalJitter(step));
  }

  /** Starts again from `firstMs`: the connection is healthy. */
  reset(): void {
    this.step = this.firstMs;
  }
}

/** Between half of a pause and the whole of it. */
export function equalJitter(ms: number): number {
  return ms / 2 + (Math.random() * ms) / 2;
}
