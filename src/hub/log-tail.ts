import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PermanentStoreError } from '../errors.js';
import { hold } from '../hold.js';
import { singleFlight } from '../single-flight.js';
import type { LoggedCommit, Store } from '../store/store.js';
import { LoggedEvent } from './logged-event.js';
import { bytesOf, type ReadCommit, RecentCommits } from './recent-commits.js';
import { Turns } from './turns.js';

/** How many commits are read at a time, and about how much text of events: each can have hundreds of them. It begins with one, and learns. */
const PAGE = { commits: 20, bytes: 1024 * 1024 };
/** Readers at different places read one after the other, but for so many. */
const READS_AT_ONCE = 3;

export interface LogTailOptions {
  readonly store: Pick<Store, 'readLog' | 'lastPosition'>;
  /** How often the log is looked at while somebody waits for what comes next. */
  readonly pollMs: number;
  /** How much of what was read last is kept for others, as text of events. */
  readonly maxBytes: number;
  readonly log: Logger;
}

/** A part of the log. */
export interface LogPage {
  /** Notifications only, in the order of the log. */
  readonly events: readonly LoggedEvent[];
  /** Position of the last commit, with or without events; where the page begins when there was none. */
  readonly upTo: number;
}

/** The retention of what comes next is over. */
export class LogGone extends Error {
  override readonly name = 'LogGone';
  /** @param oldest position of the first commit that is kept, or else of the next that comes */
  constructor(readonly oldest: number) {
    super(`the log begins at position ${oldest}`);
  }
}

/** A position behind the end of the log. */
export class LogAhead extends Error {
  override readonly name = 'LogAhead';
  constructor(readonly last: number) {
    super(`the log ends at position ${last}`);
  }
}

interface Waiting {
  readonly after: number;
  readonly answer: (page: LogPage) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * The log of published commits for all readers of this process: what many want at the same time is read and parsed once.
 * Positions have no gaps and become visible in order, so a reader that goes on behind a position passes over nothing.
 */
export class LogTail {
  private readonly recent: RecentCommits;
  /** What is under way, by where it begins. */
  private readonly pages = new Map<number, Promise<LogPage>>();
  private readonly reads = new Map<number, Promise<readonly ReadCommit[]>>();
  private readonly waiting = new Set<Waiting>();
  private readonly stop = new AbortController();
  private isPolling = false;
  /** As many as make a page, by those that were read last. */
  private pageCommits = 1;
  private readonly turns = new Turns(READS_AT_ONCE);
  /** Where the log ended when it was looked at last. */
  private knownEnd: number | undefined;

  constructor(private readonly options: LogTailOptions) {
    this.recent = new RecentCommits(options.maxBytes);
  }

  /** The next page behind a position; empty at the end of the log. @throws LogGone, LogAhead, and whatever the store throws. */
  read(after: number): Promise<LogPage> {
    return singleFlight(this.pages, after, () => this.readPage(after));
  }

  /** As `read`, but waits until there is something, and while the store is away. @throws LogGone, LogAhead, the signal's reason, an error after `close`. */
  next(after: number, signal: AbortSignal): Promise<LogPage> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.waiting.delete(reader);
        signal.removeEventListener('abort', abort);
      };
      const refuse = (error: unknown): void => {
        settle();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown is passed on as it is
        reject(error);
      };
      const abort = (): void => refuse(signal.reason);
      const answer = (page: LogPage): void => {
        settle();
        resolve(page);
      };
      const reader = { after, answer, refuse };
      if (signal.aborted) return abort();
      if (this.stop.signal.aborted) return refuse(this.stop.signal.reason);
      signal.addEventListener('abort', abort);
      this.waiting.add(reader);
      // At the end, one look is for all.
      if (!this.isPolling || after !== this.knownEnd) void this.serve(reader);
    });
  }

  /** Position of the last commit in the log; 0 while there is none. */
  end(): Promise<number> {
    return this.options.store.lastPosition();
  }

  /** Whoever waits is refused. */
  close(): Promise<void> {
    this.stop.abort(new Error('the log is not read any more'));
    for (const { refuse } of [...this.waiting]) refuse(this.stop.signal.reason);
    this.recent.clear();
    return Promise.resolve();
  }

  private async serve(reader: Waiting): Promise<void> {
    try {
      const page = await this.read(reader.after);
      if (page.upTo > reader.after) return reader.answer(page);
    } catch (error) {
      if (isFinal(error)) return reader.refuse(error);
      // The store is away: polling tells when it is back.
    }
    void this.poll();
  }

  /** As long as anybody waits. */
  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    const { pollMs, log } = this.options;
    try {
      while (this.waiting.size > 0) {
        await pause(pollMs, undefined, { signal: this.stop.signal });
        const furthest = Math.max(...[...this.waiting].map(({ after }) => after));
        const hasMore = await hold('reading the log', () => this.hasMore(furthest), this.stop.signal, log);
        // Whoever is far behind is not waited for.
        for (const reader of [...this.waiting]) if (hasMore || reader.after < furthest) void this.serve(reader);
      }
    } catch (error) {
      for (const { refuse } of [...this.waiting]) refuse(error);
    } finally {
      this.isPolling = false;
    }
  }

  /** Whether there is anything to tell behind a position, be it that it cannot be read; what there is has been read then. */
  private async hasMore(after: number): Promise<boolean> {
    try {
      return (await this.options.store.lastPosition()) !== after && (await this.fetchOnce(after)).length > 0;
    } catch (error) {
      if (isFinal(error)) return true;
      throw error;
    }
  }

  private async readPage(after: number): Promise<LogPage> {
    const kept = this.recent.after(after, PAGE.commits);
    // Whoever catches up from memory lets others have their turn.
    if (kept.length > 0) await turn();
    const commits = pageOf(kept.length > 0 ? kept : await this.fetchOnce(after));
    return { events: commits.flatMap(({ events }) => events), upTo: commits.at(-1)?.position ?? after };
  }

  private fetchOnce(after: number): Promise<readonly ReadCommit[]> {
    return singleFlight(this.reads, after, () => this.turns.run(() => this.fetch(after)));
  }

  private async fetch(after: number): Promise<readonly ReadCommit[]> {
    const { store } = this.options;
    // The embedded store answers at once: many readers in a row would let nothing else run, not even the claims that keep the subscriptions.
    await turn();
    const limit = this.pageCommits;
    let found = await store.readLog(after, limit);
    if (found.length === 0) {
      const last = await store.lastPosition();
      if (last < after) throw new LogAhead(last);
      if (last === after) {
        this.knownEnd = after;
        return [];
      }
      // They may have come since; if not, they were there and are gone.
      found = await store.readLog(after, limit);
      if (found.length === 0) throw new LogGone(last + 1);
    }
    const [first] = found;
    if (first && first.position !== after + 1) throw new LogGone(first.position);
    // What lies behind a gap is left for the next read, which finds that it begins with one.
    const commits = found.filter(({ position }, index) => position === after + 1 + index).map(toReadCommit);
    const bytes = commits.reduce((sum, commit) => sum + bytesOf(commit), 0);
    this.pageCommits = Math.max(1, Math.min(PAGE.commits, 2 * limit, Math.floor((PAGE.bytes * commits.length) / bytes)));
    if (!this.stop.signal.aborted) this.recent.add(commits);
    if (found.length < limit) this.knownEnd = found.at(-1)?.position;
    return commits;
  }
}

/** From the first on, until they are large enough. */
function pageOf(commits: readonly ReadCommit[]): readonly ReadCommit[] {
  let bytes = 0;
  const end = commits.findIndex((commit) => (bytes += bytesOf(commit)) >= PAGE.bytes);
  return end === -1 ? commits : commits.slice(0, end + 1);
}

/** Numbers count all events of a commit, those of other topics included. */
function toReadCommit({ position, at, entries }: LoggedCommit): ReadCommit {
  const events = entries.flatMap(({ events }) => events).map((recorded, number) => new LoggedEvent({ position, number }, at, recorded));
  return { position, events: events.filter(({ recorded }) => recorded.topic === 'events') };
}

/** Waiting does not help. */
function isFinal(error: unknown): boolean {
  return error instanceof LogGone || error instanceof LogAhead || error instanceof PermanentStoreError;
}
