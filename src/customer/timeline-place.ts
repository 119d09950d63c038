/** A place in a timeline; each entry has one of its own. */
export interface TimelinePlace {
  /** Milliseconds. */
  readonly at: number;
  /** `type/id` of the resource. */
  readonly key: string;
  readonly revision: number;
}

/** The time of what has none: before all others. It is no time that a date can have. */
export const UNDATED = Number.MIN_SAFE_INTEGER;

/** The last time that a date can have. */
export const END_OF_TIME = 8.64e15;

export const LAST_REVISION = Number.MAX_SAFE_INTEGER;

/** Negative where the first one comes first: the newest does. */
export function comparePlaces(one: TimelinePlace, other: TimelinePlace): number {
  if (one.at !== other.at) return other.at - one.at;
  if (one.key !== other.key) return one.key > other.key ? -1 : 1;
  return other.revision - one.revision;
}

/** Before all that there may be at this time. */
export function beginningAt(at: number): TimelinePlace {
  return { at, key: '\uffff', revision: LAST_REVISION };
}
