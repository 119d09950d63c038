import type { EventFilter } from './event-filter.js';
import { placeBehind } from './feed-page.js';
import { pageBehind, type FeedPlace } from './feed-place.js';
import type { InHand } from './in-hand.js';
import type { LogPage, LogTail } from './log-tail.js';
import type { Patience } from './patience.js';
import type { SharedRoom } from './shared-room.js';

/** A listener that does not keep up holds so much in memory, and the rest stays in the log. */
const MAX = { events: 200, characters: 1024 * 1024 };
/** Where everything waits behind events that are refused: so far to look for others, which may be taken. */
const MAX_WHEN_BLOCKED = { events: 2_000, characters: 4 * 1024 * 1024 };
/** While all deliveries together hold as much as they may. */
const MAX_WHEN_SHORT = { events: 20, characters: 64 * 1024 };
/** How far those who take nothing may fill the room of all, and how far what is left of pages may: the others are to go on. */
const PARTS = { troubled: 0.5, rest: 0.75, well: 1 };

export interface FillingOptions {
  readonly tail: Pick<LogTail, 'next'>;
  readonly filter: EventFilter;
  readonly patience: Pick<Patience, 'isDown'>;
  readonly room: SharedRoom;
}

/**
 * Fills what is in hand from the log as far as there is room. What is left of a page that was read is kept while the listener takes
 * events; else it is given up, and read again from that place on, be it inside a commit.
 */
export class Filling {
  private place: FeedPlace;
  /** What comes behind the place, where it was read. */
  private rest: LogPage | undefined;
  private restSize = 0;
  private waiter: (() => void) | undefined;
  private closed = false;
  /** As the shared room knows it. */
  private counted = 0;

  constructor(
    private readonly inHand: InHand,
    private readonly options: FillingOptions,
  ) {
    this.place = { position: inHand.cursor };
  }

  /** Until the signal is aborted. @param onMore something may have come in @throws as `LogTail.next` */
  async run(signal: AbortSignal, onMore: () => void): Promise<void> {
    const { tail } = this.options;
    while (!this.closed) {
      while (!this.hasRoom && !this.closed) await new Promise<void>((resolve) => (this.waiter = resolve));
      this.takeIn(this.rest ?? (await pageBehind(this.place, (after) => tail.next(after, signal))));
      onMore();
    }
  }

  /** To be called whenever events were done or failed. */
  settle(): void {
    if (this.closed || this.isTroubled || this.options.room.isTaken(PARTS.rest)) this.keep(undefined);
    const size = this.closed ? 0 : this.inHand.size + this.restSize;
    this.options.room.take(size - this.counted);
    this.counted = size;
    if (!this.closed && !this.hasRoom) return;
    this.waiter?.();
    this.waiter = undefined;
  }

  /** Nothing more comes in. */
  close(): void {
    this.closed = true;
    this.settle();
  }

  /** As many as there is room for. */
  private takeIn({ events, upTo }: LogPage): void {
    let index = 0;
    for (; index < events.length && !this.isFull && !this.closed; index += 1) {
      const event = events[index];
      if (event && this.options.filter.matches(event)) this.inHand.put(event);
    }
    const [last, next] = [events[index - 1], events[index]];
    if (next) {
      if (last) this.place = placeBehind(last, next);
      this.inHand.sawUpTo(next.place.position - 1);
      this.keep({ events: events.slice(index), upTo });
    } else {
      this.place = { position: upTo };
      this.inHand.sawUpTo(upTo);
      this.keep(undefined);
    }
  }

  private keep(rest: LogPage | undefined): void {
    this.rest = rest;
    this.restSize = rest?.events.reduce((sum, { recorded }) => sum + recorded.content.length, 0) ?? 0;
  }

  private get isTroubled(): boolean {
    return this.options.patience.isDown || this.inHand.isBlocked;
  }

  private get isFull(): boolean {
    const { events, characters } = this.limits;
    return this.inHand.count >= events || this.inHand.size >= characters;
  }

  private get hasRoom(): boolean {
    const { events, characters } = this.limits;
    return this.inHand.count <= events / 2 && this.inHand.size <= characters / 2;
  }

  private get limits(): typeof MAX {
    const { room, patience } = this.options;
    if (room.isTaken(this.isTroubled ? PARTS.troubled : PARTS.well)) return MAX_WHEN_SHORT;
    return this.inHand.isBlocked && !patience.isDown ? MAX_WHEN_BLOCKED : MAX;
  }
}
