import type { Store } from '../store/store.js';

/** The positions behind which a subscription can go on, both included. */
export interface LogBounds {
  /** Everything that is kept comes. */
  readonly first: number;
  /** Only what is published from now on comes. */
  readonly last: number;
}

export async function logBounds(store: Pick<Store, 'readLog' | 'lastPosition'>): Promise<LogBounds> {
  const [oldest] = await store.readLog(0, 1);
  const last = await store.lastPosition();
  return { first: oldest ? oldest.position - 1 : last, last };
}

/** Why a subscription cannot go on behind this position: it would be suspended again at once. Undefined: it can. */
export function outside(position: number, { first, last }: LogBounds): string | undefined {
  if (position >= first && position <= last) return undefined;
  return `position ${position} is ${position < first ? 'before the log' : 'beyond the end of the log'}, which goes from ${first} (oldest) to ${last} (now)`;
}
