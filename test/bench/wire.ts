import type { BacklogCommand } from '../outage/backlog.js';

/** An upstream system and a consumer of events, with the plain driver of one broker; whatever arrives is named by its subject. */
export interface Wire {
  /** Publishes to the deployment's commands; `wantsReply`: the answer is to come here. Resolves when the broker holds it. */
  send(command: BacklogCommand, wantsReply: boolean): Promise<void>;
  readonly events: Arrivals;
  readonly replies: Arrivals;
  /** From here on commands arrive here too, instead of at a worker. */
  takeCommands(): Promise<Arrivals>;
  /** Publishes to the deployment's events. Resolves when the broker holds it. */
  announce(content: string): Promise<void>;
  close(): Promise<void>;
}

/** Longer than anything that is measured. */
const LIMIT_MS = 30_000;

/** Who waits for a message about which subject. */
export class Arrivals {
  private readonly waiting = new Map<string, (at: number) => void>();

  constructor(private readonly what: string) {}

  /** When the next message about this subject arrives, by `performance.now()`. @throws Error after 30 s. */
  next(subject: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${this.what} about ${subject} after ${LIMIT_MS} ms`)), LIMIT_MS);
      this.waiting.set(subject, (at) => {
        clearTimeout(late);
        resolve(at);
      });
    });
  }

  arrived(subject: string): void {
    const at = performance.now();
    this.waiting.get(subject)?.(at);
    this.waiting.delete(subject);
  }
}

/** The subject of a structured CloudEvent. */
export function subjectOf(content: string): string {
  return (JSON.parse(content) as { subject: string }).subject;
}
