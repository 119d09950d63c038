import type { LoggedEvent } from './logged-event.js';

/**
 * The events that one listener is still to get: in order for each resource, of which one event at a time is given out, and
 * over resources as they come.
 */
export class InHand {
  /** By resource, oldest first; the first one is given out, put off or ready. */
  private readonly queues = new Map<string, LoggedEvent[]>();
  /** Resources whose first event may be given out. */
  private readonly ready: string[] = [];
  /** Resources whose first event waits for its time. */
  private readonly putOff = new Map<string, NodeJS.Timeout>();
  /** How many are here, by position of their commit; positions come in order, so the first one is the oldest. */
  private readonly positions = new Map<number, { count: number; readonly at: Date }>();
  private events = 0;
  private characters = 0;

  constructor(
    /** The log up to here was seen: what is wanted of it is here, or done. */
    private seenUpTo: number,
  ) {}

  put(event: LoggedEvent): void {
    const { order } = event.recorded;
    const queue = this.queues.get(order);
    if (queue) {
      queue.push(event);
    } else {
      this.queues.set(order, [event]);
      this.ready.push(order);
    }
    this.events += 1;
    this.characters += event.recorded.content.length;
    const { position } = event.place;
    const entry = this.positions.get(position);
    if (entry) entry.count += 1;
    else this.positions.set(position, { count: 1, at: event.at });
  }

  /** All that is wanted up to this position was put in. */
  sawUpTo(position: number): void {
    this.seenUpTo = position;
  }

  get count(): number {
    return this.events;
  }

  /** Of the texts of all that are here. */
  get size(): number {
    return this.characters;
  }

  /** When the oldest one was committed. */
  get oldest(): Date | undefined {
    return this.positions.values().next().value?.at;
  }

  /** Everything up to this position is done. */
  get cursor(): number {
    const [first] = this.positions.keys();
    return first === undefined ? this.seenUpTo : first - 1;
  }

  /** Whether each resource that is here waits for its time. */
  get isBlocked(): boolean {
    return this.queues.size > 0 && this.putOff.size === this.queues.size;
  }

  /** The next event that may go out; the one behind it, of the same resource, comes once this one is `done`. */
  take(): LoggedEvent | undefined {
    const order = this.ready.shift();
    return order === undefined ? undefined : this.queues.get(order)?.[0];
  }

  done(event: LoggedEvent): void {
    const { order } = event.recorded;
    const queue = this.queues.get(order) ?? [];
    queue.shift();
    if (queue.length > 0) this.ready.push(order);
    else this.queues.delete(order);
    this.forget(event);
  }

  /** It is ready again after this time, behind those that are ready then: it shall not always be the one that is tried. `whenReady` is called then. */
  putBack({ recorded: { order } }: LoggedEvent, ms: number, whenReady: () => void): void {
    const timer = setTimeout(() => {
      this.putOff.delete(order);
      this.ready.push(order);
      whenReady();
    }, ms);
    this.putOff.set(order, timer);
  }

  /** What was put back need not wait any longer. */
  wake(): void {
    for (const [order, timer] of this.putOff) {
      clearTimeout(timer);
      this.ready.push(order);
    }
    this.putOff.clear();
  }

  /** Nothing becomes ready any more. */
  close(): void {
    this.wake();
    this.ready.length = 0;
  }

  private forget(event: LoggedEvent): void {
    this.events -= 1;
    this.characters -= event.recorded.content.length;
    const { position } = event.place;
    const entry = this.positions.get(position);
    if (entry && --entry.count === 0) this.positions.delete(position);
  }
}
