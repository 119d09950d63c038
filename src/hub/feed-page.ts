import type { EventFilter } from './event-filter.js';
import { type FeedPlace, pageBehind } from './feed-place.js';
import type { LoggedEvent } from './logged-event.js';
import { LogGone, type LogPage, type LogTail } from './log-tail.js';

export interface FeedPage {
  /** In the order of the log. */
  readonly events: readonly LoggedEvent[];
  /** Where to go on, also at the end of the log. */
  readonly next: FeedPlace;
}

/** What one request may cost, however few events its filter lets through. */
const MAX_LOG_PAGES = 50;
/** What an answer may hold in memory, as text of events. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/**
 * The events behind a place that a filter lets through, at most `limit`; fewer, even none, where the search went far enough.
 * @param from undefined: the oldest that is kept. @throws as `LogTail.read`
 */
export async function readFeedPage(tail: Pick<LogTail, 'read'>, filter: EventFilter, from: FeedPlace | undefined, limit: number): Promise<FeedPage> {
  const events: LoggedEvent[] = [];
  let characters = 0;
  let place = from ?? { position: 0 };
  for (let pages = 0; pages < MAX_LOG_PAGES && characters < MAX_CHARACTERS; pages += 1) {
    const page = await pageBehind(place, (after) => tail.read(after)).catch(oldestIf(from === undefined && events.length === 0));
    if (page.upTo === place.position && place.number === undefined) break;
    for (const [index, event] of page.events.entries()) {
      if (!filter.matches(event)) continue;
      events.push(event);
      characters += event.recorded.content.length;
      if (events.length === limit) return { events, next: placeBehind(event, page.events[index + 1]) };
    }
    place = { position: page.upTo };
  }
  return { events, next: place };
}

/** The place behind an event: behind its commit, if what follows is of another. */
export function placeBehind({ place: { position, number } }: LoggedEvent, following: LoggedEvent | undefined): FeedPlace {
  return following?.place.position === position ? { position, number } : { position };
}

/** For whoever takes what is kept: an empty page that ends where that begins. */
function oldestIf(isAny: boolean): (error: unknown) => LogPage {
  return (error) => {
    if (isAny && error instanceof LogGone) return { events: [], upTo: error.oldest - 1 };
    throw error;
  };
}
