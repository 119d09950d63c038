import type { Message } from './message.js';

/** What one batch may hold. */
export interface BatchBounds {
  readonly maxMessages: number;
  /** Bytes of message bodies; one message may be larger and is then alone. */
  readonly maxBytes: number;
}

/** Where deliveries wait while the worker commits: whatever arrived meanwhile is the next batch. */
export class Intake {
  private waiting: Message[] = [];
  private wake: (() => void) | undefined;
  private closed = false;

  put(message: Message): void {
    if (this.closed) return;
    this.waiting.push(message);
    this.wake?.();
  }

  /** How many messages wait. */
  get size(): number {
    return this.waiting.length;
  }

  /** The next batch, as soon as there is one; empty when the intake was closed. */
  async take(bounds: BatchBounds): Promise<Message[]> {
    while (this.waiting.length === 0 && !this.closed) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
    if (this.closed) return [];
    let bytes = 0;
    let count = 0;
    for (const message of this.waiting) {
      bytes += message.body.byteLength;
      if (count > 0 && (count === bounds.maxMessages || bytes > bounds.maxBytes)) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  /** What was not taken is dropped; it was never acknowledged, so the broker still has it. */
  close(): void {
    this.closed = true;
    this.waiting = [];
    this.wake?.();
  }
}
