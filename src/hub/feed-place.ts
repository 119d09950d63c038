import type { LoggedEvent } from './logged-event.js';
import { LogAhead, type LogPage } from './log-tail.js';

/** Where a reader of events has come to: behind an event, or behind all of its commit, which is a place longer than the commit itself is kept. */
export interface FeedPlace {
  readonly position: number;
  /** Undefined: behind the whole commit. */
  readonly number?: number;
}

/** Within what a number can count exactly. */
const TOKEN = /^(\d{1,15})(?:\.(\d{1,9}))?$/;

/** The cursor: `1234.5`, or `1234` behind a whole commit. */
export function toToken({ position, number }: FeedPlace): string {
  return number === undefined ? String(position) : `${position}.${number}`;
}

/** Undefined when it is no cursor. */
export function fromToken(token: string): FeedPlace | undefined {
  const [, position, number] = TOKEN.exec(token) ?? [];
  if (position === undefined) return undefined;
  if (number === undefined) return { position: Number(position) };
  return Number(position) === 0 ? undefined : { position: Number(position), number: Number(number) };
}

/** What comes behind a place. @param read `read` or `next` of a `LogTail`; what it throws is thrown, and LogAhead for an event of a commit that is not there. */
export async function pageBehind(place: FeedPlace, read: (after: number) => Promise<LogPage>): Promise<LogPage> {
  const page = await read(positionBefore(place));
  if (page.upTo < place.position) throw new LogAhead(page.upTo);
  return place.number === undefined ? page : { events: page.events.filter((event) => isBehind(event, place)), upTo: page.upTo };
}

/** What the log is read behind: the rest of a commit is read with the commit. */
function positionBefore({ position, number }: FeedPlace): number {
  return number === undefined ? position : position - 1;
}

function isBehind({ place }: LoggedEvent, { position, number = Infinity }: FeedPlace): boolean {
  return place.position > position || (place.position === position && place.number > number);
}
