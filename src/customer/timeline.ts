import type { Store } from '../store/store.js';
import type { Customer, Customers } from './customers.js';
import { orderOf, type Kind, type TimelineEntry } from './timeline-entry.js';
import { beginningAt, comparePlaces, END_OF_TIME, UNDATED, type TimelinePlace } from './timeline-place.js';
import { ChangeChain, DatedList, markOf, type Hint } from './timeline-sources.js';

export interface TimelineFilter {
  /** Absent: both. */
  readonly kind?: Kind;
  readonly channel?: string;
  /** At this time or later. */
  readonly from?: Date;
  /** At this time or earlier. */
  readonly to?: Date;
}

/** Where a page ended. */
export interface TimelineResume {
  readonly after: TimelinePlace;
  /** By `markOf`: where the chains of changes go on. They save reading and change nothing else. */
  readonly hints: ReadonlyMap<string, Hint>;
}

export interface TimelinePage {
  /** Newest first; fewer than asked for also where the search ended before it found as many. */
  readonly entries: readonly TimelineEntry[];
  /** Set if and only if there may be more. */
  readonly next?: TimelineResume;
}

/** Commits that are read at once. */
const MAX_AT_ONCE = 200;
/** A page ends after so many reads beyond one for each entry, however few were found. */
const FURTHER_ROUNDS = 20;

/** Changes and interactions of customers in one order, newest first; reads only what a page needs. */
export class Timelines {
  constructor(
    private readonly store: Store,
    private readonly customers: Customers,
  ) {}

  /** @param limit 1 or more */
  async read(customer: Customer, filter: TimelineFilter, limit: number, resume?: TimelineResume): Promise<TimelinePage> {
    const start = resume?.after ?? beginningAt(filter.to?.getTime() ?? END_OF_TIME);
    const chains = filter.kind === 'interaction' ? [] : chainsOf(customer, start, resume);
    const lists = filter.kind === 'change' ? [] : this.listsOf(customer, start, limit);
    const merge = new Merge(filter, limit + 1);
    merge.add(lists.flatMap((list) => list.entries(list.known)));
    for (let round = 0; ; round += 1) {
      const unread = merge.unread([...chains, ...lists]);
      merge.takeDown(unread);
      const isEnough = merge.taken.length > limit;
      if (!isEnough && unread.length === 0) return { entries: merge.taken };
      if (isEnough || round > limit + FURTHER_ROUNDS) {
        const entries = merge.taken.slice(0, limit);
        const after = (isEnough ? entries.at(-1)?.place : newestOf(unread)) ?? start;
        return { entries, next: { after, hints: hintsBehind(after, chains) } };
      }
      merge.add(await this.readNext(merge.needed(unread)));
    }
  }

  private async readNext(sources: readonly Source[]): Promise<TimelineEntry[]> {
    const chains = sources.filter((source) => source instanceof ChangeChain).slice(0, MAX_AT_ONCE);
    const lists = sources.filter((source) => source instanceof DatedList);
    const places = chains.flatMap(({ next, order }) => (next === undefined ? [] : [{ commit: next, order }]));
    const [past, ...fromLists] = await Promise.all([this.store.readPast(places), ...lists.map((list) => list.read())]);
    return [...chains.flatMap((chain) => chain.read(past.get(chain.next ?? ''))), ...fromLists.flat()];
  }

  private listsOf(customer: Customer, start: TimelinePlace, limit: number): DatedList[] {
    return [...customer.dated].map(([definition, { found, rest }]) => new DatedList(definition.name, found, rest, start, (before) => this.customers.latest(customer, definition, limit + 1, before)));
  }
}

type Source = ChangeChain | DatedList;

function chainsOf({ profile, roles, others }: Customer, start: TimelinePlace, resume: TimelineResume | undefined): ChangeChain[] {
  return [...(profile ? [profile] : []), ...roles, ...others].map((related) => new ChangeChain(related, start, resume?.hints.get(markOf(orderOf(related)))));
}

function hintsBehind(place: TimelinePlace, chains: readonly ChangeChain[]): Map<string, Hint> {
  return new Map(chains.flatMap((chain): [string, Hint][] => {
    const hint = chain.hintBehind(place);
    return hint === undefined ? [] : [[markOf(chain.order), hint]];
  }));
}

function newestOf(sources: readonly Source[]): TimelinePlace | undefined {
  return sources.flatMap(({ ceiling }) => ceiling ?? []).reduce<TimelinePlace | undefined>((newest, place) => (newest && comparePlaces(newest, place) <= 0 ? newest : place), undefined);
}

/** Puts what many sources have into one order. */
class Merge {
  readonly taken: TimelineEntry[] = [];
  /** Read and not yet taken, newest first. */
  private waiting: TimelineEntry[] = [];

  constructor(
    private readonly filter: TimelineFilter,
    private readonly wanted: number,
  ) {}

  add(entries: readonly TimelineEntry[]): void {
    this.waiting = [...this.waiting, ...entries.filter((entry) => fits(entry, this.filter))].sort((one, other) => comparePlaces(one.place, other.place));
  }

  /** The sources that may have more that is wanted. */
  unread(sources: readonly Source[]): Source[] {
    const { from } = this.filter;
    return sources.filter(({ ceiling }) => ceiling !== undefined && (from === undefined || ceiling.at >= from.getTime()));
  }

  /** Takes what all that is unread comes behind. */
  takeDown(unread: readonly Source[]): void {
    const limit = newestOf(unread);
    while (this.taken.length < this.wanted) {
      const [first] = this.waiting;
      if (!first || (limit && comparePlaces(first.place, limit) > 0)) return;
      this.taken.push(first);
      this.waiting.shift();
    }
  }

  /** Those that may have one of the next entries. */
  needed(unread: readonly Source[]): Source[] {
    const missing = this.wanted - this.taken.length;
    const enough = this.waiting[missing - 1]?.place;
    const places = unread.flatMap((source) => (source.ceiling ? [{ source, place: source.ceiling }] : []));
    const able = places.filter(({ place }) => !enough || comparePlaces(place, enough) < 0).sort((one, other) => comparePlaces(one.place, other.place));
    const [first] = able;
    // Where many begin at the same place, any of them may have the next.
    return able.filter(({ place }, index) => index < missing || (first && comparePlaces(place, first.place) === 0)).map(({ source }) => source);
  }
}

function fits({ kind, place, channels }: TimelineEntry, { kind: wanted, channel, from, to }: TimelineFilter): boolean {
  if (wanted !== undefined && kind !== wanted) return false;
  if (channel !== undefined && !channels.includes(channel)) return false;
  if (place.at === UNDATED) return !from && !to;
  return (!from || place.at >= from.getTime()) && (!to || place.at <= to.getTime());
}
