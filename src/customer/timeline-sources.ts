import { hash } from 'node:crypto';
import { changesIn } from '../history.js';
import { compareDated } from '../store/latest.js';
import type { DatedPlace, StoredCommit } from '../store/store.js';
import type { Referring, Related } from './customers.js';
import { changeEntry, interactionEntry, orderOf, type TimelineEntry } from './timeline-entry.js';
import { comparePlaces, END_OF_TIME, LAST_REVISION, UNDATED, type TimelinePlace } from './timeline-place.js';

/** What a chain of changes is remembered by in a cursor. */
export function markOf(order: string): string {
  return hash('sha256', order, 'base64').slice(0, 8);
}

/** Where the reading of a chain went on; empty: there is nothing more. */
export type Hint = string;

/** The changes of one resource, read from the log: from its last commit back, each naming the one before. */
export class ChangeChain {
  readonly order: string;
  /** The commit to be read next; undefined: there is none. */
  next: string | undefined;
  /** What is unread is not later than this, */
  private until: number;
  /** and of a lesser revision. */
  private below = LAST_REVISION;
  /** Commits of entries that were read, newest first. */
  private readonly commits: { readonly entry: TimelineEntry; readonly commit: string }[] = [];

  /** @param start only what comes behind it is wanted */
  constructor(
    private readonly related: Related,
    private readonly start: TimelinePlace,
    hint: Hint | undefined,
  ) {
    const { commit, revision, at } = related.stored;
    this.order = orderOf(related);
    this.until = at?.getTime() ?? END_OF_TIME;
    this.next = hint === undefined ? commit : hint === '' ? undefined : hint;
    if (hint !== undefined) this.until = Math.min(this.until, start.at);
    // A resource that was only created has no other change than that.
    const isOneAlone = revision === 1 && at !== undefined;
    if (isOneAlone && comparePlaces({ at: at.getTime(), key: this.order, revision }, start) <= 0) this.next = undefined;
  }

  /** What is unread comes behind this place; undefined: all is read. */
  get ceiling(): TimelinePlace | undefined {
    if (this.next === undefined) return undefined;
    const place = { at: this.until, key: this.order, revision: this.below };
    return comparePlaces(place, this.start) < 0 ? this.start : place;
  }

  /** Takes what its next commit has; undefined: that is no longer kept. */
  read(commit: StoredCommit | undefined): TimelineEntry[] {
    this.next = commit?.previous.get(this.order);
    if (!commit) return [];
    // Clocks of workers differ: what came before is not later than what came after.
    this.until = Math.min(this.until, commit.at.getTime());
    const entries = changesIn(commit, this.order).map((change) => changeEntry(this.related, change, this.until));
    this.below = entries.at(-1)?.place.revision ?? this.below;
    const wanted = entries.filter(({ place }) => comparePlaces(place, this.start) > 0);
    this.commits.push(...wanted.map((entry) => ({ entry, commit: commit.id })));
    return wanted;
  }

  /** Where to go on behind a place; undefined: at the resource's last commit. */
  hintBehind(place: TimelinePlace): Hint | undefined {
    const { commit: head, revision } = this.related.stored;
    const left = this.commits.find(({ entry }) => comparePlaces(entry.place, place) > 0);
    const goOn = left?.commit ?? this.next ?? '';
    return goOn === head || (goOn === '' && revision === 1) ? undefined : goOn;
  }
}

/** The resources of one type that have dates of their own, the latest first. */
export class DatedList {
  /** What is unread comes behind it; undefined: all is read. */
  private rest: DatedPlace | undefined;

  constructor(
    private readonly type: string,
    /** The latest. */
    readonly known: readonly Related[],
    rest: DatedPlace | undefined,
    private readonly start: TimelinePlace,
    private readonly readMore: (before: DatedPlace) => Promise<Referring>,
  ) {
    this.rest = rest && this.furtherOf(rest);
  }

  /** What is unread comes behind this place; undefined: all is read. */
  get ceiling(): TimelinePlace | undefined {
    if (!this.rest) return undefined;
    const { date, id } = this.rest;
    const place = { at: date === undefined ? UNDATED : Date.parse(date), key: `${this.type}/${id}`, revision: 0 };
    return comparePlaces(place, this.start) < 0 ? this.start : place;
  }

  async read(): Promise<TimelineEntry[]> {
    if (!this.rest) return [];
    const { found, rest } = await this.readMore(this.rest);
    this.rest = rest;
    return this.entries(found);
  }

  entries(found: readonly Related[]): TimelineEntry[] {
    return found.map(interactionEntry).filter(({ place }) => comparePlaces(place, this.start) > 0);
  }

  /** What lies between the latest and the start need not be read. */
  private furtherOf(rest: DatedPlace): DatedPlace {
    const { at } = this.start;
    const start = { date: at === UNDATED ? undefined : new Date(at).toISOString(), id: this.idAtStart() };
    return compareDated(rest, start) < 0 ? start : rest;
  }

  /** Of those at the time of the start, what is behind it has a lesser id than this. */
  private idAtStart(): string {
    const { key, revision } = this.start;
    const prefix = `${this.type}/`;
    if (!key.startsWith(prefix)) return prefix > key ? '' : '\uffff';
    const id = key.slice(prefix.length);
    return revision > 0 ? `${id}\0` : id;
  }
}
