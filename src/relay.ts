import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from './bus/bus.js';
import { textOf } from './errors.js';
import { hold } from './hold.js';
import { incarnationOf, type PendingCommit, type RecordedEvent, type Store } from './store/store.js';

const MARK_PAUSE_MS = 50;

export interface RelayOptions {
  readonly bus: Bus;
  readonly store: Store;
  /** This process, as in the ids of its commits. */
  readonly incarnation: string;
  readonly log: Logger;
  /** How many events may wait for their confirmation before the worker has to wait as well. */
  readonly maxUnconfirmed: number;
  /** A commit that is pending for so long was left behind by someone. */
  readonly sweepAfterMs: number;
  readonly sweepEveryMs: number;
}

/**
 * The way out: publishes the events of commits and then marks the commits as published.
 * At most one event of a resource is unconfirmed at a time; over resources they are pipelined.
 * A commit that is not marked stays pending in the store, and is published again by whoever comes next.
 */
export class Relay {
  /** Own commits, in commit order, from their commit until they are marked. */
  private readonly unmarked: { readonly id: string; published: boolean }[] = [];
  /** The last publish of each resource that is under way. */
  private readonly tails = new Map<string, Promise<void>>();
  private unconfirmed = 0;
  private isMarking = false;
  private readonly roomWaiters: (() => void)[] = [];
  /** Up to which commit another incarnation is known to have nothing pending. */
  private readonly settled = new Map<string, string>();
  /** Own commits of which the database never said whether they happened. */
  private readonly inDoubt = new Set<string>();
  private readonly stop = new AbortController();
  private sweeping: Promise<void> | undefined;

  constructor(private readonly options: RelayOptions) {
    // Each event that waits for its confirmation listens.
    setMaxListeners(0, this.stop.signal);
  }

  /** Begins to look for commits that were left behind. */
  start(): void {
    this.sweeping ??= this.sweepForEver();
  }

  /** Takes over a commit of this process. Call in commit order. */
  push(commit: PendingCommit): void {
    const entry = { id: commit.id, published: false };
    this.unmarked.push(entry);
    const { log } = this.options;
    this.publishAll(commit.events).then(
      () => {
        entry.published = true;
        log.info({ commit: commit.id, events: countByKey(commit.events) }, 'events published');
        void this.mark();
      },
      // Only the end of the process stops a publish: the commit stays pending.
      () => undefined,
    );
  }

  /** A commit of this process may or may not have happened. */
  doubt(commitId: string): void {
    this.inDoubt.add(commitId);
  }

  hasRoom(): boolean {
    return this.unconfirmed < this.options.maxUnconfirmed;
  }

  /** Resolves when there is room for another batch of events. */
  async room(): Promise<void> {
    while (!this.hasRoom() && !this.stop.signal.aborted) {
      await new Promise<void>((resolve) => this.roomWaiters.push(resolve));
    }
  }

  /**
   * Before anything is built on these commits: whatever their incarnations left pending up to them is published
   * and marked, in serial order, so that no consumer sees a later revision first.
   */
  async settle(commits: Iterable<string>): Promise<void> {
    const last = new Map<string, string>();
    for (const id of commits) {
      const incarnation = incarnationOf(id);
      if (id > (last.get(incarnation) ?? '')) last.set(incarnation, id);
    }
    for (const [incarnation, id] of last) {
      if (incarnation === this.options.incarnation) await this.adopt(id);
      else if (id > (this.settled.get(incarnation) ?? '')) await this.settleForeign(incarnation, id);
    }
  }

  /** Publishes what is left within the time allowed; what is not stays pending for the next process. */
  async close(graceMs: number): Promise<void> {
    const deadline = Date.now() + graceMs;
    while (this.unmarked.length > 0 && Date.now() < deadline) await pause(20);
    if (this.unmarked.length > 0) this.options.log.warn({ commits: this.unmarked.length }, 'closing with commits to publish; they stay pending');
    this.stop.abort(new Error('the relay is closed'));
    for (const resolve of this.roomWaiters.splice(0)) resolve();
    await this.sweeping;
    while (this.isMarking) await pause(5);
  }

  private async publishAll(events: readonly RecordedEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.publishInOrder(event)));
  }

  private publishInOrder(event: RecordedEvent): Promise<void> {
    this.unconfirmed++;
    const before = this.tails.get(event.order);
    const published = (before ? before.then(() => this.publish(event)) : this.publish(event)).finally(() => {
      this.unconfirmed--;
      if (this.tails.get(event.order) === published) this.tails.delete(event.order);
      if (this.hasRoom()) for (const resolve of this.roomWaiters.splice(0)) resolve();
    });
    this.tails.set(event.order, published);
    return published;
  }

  private async publish(event: RecordedEvent): Promise<void> {
    const { bus, log } = this.options;
    const failed = (): void => log.warn({ event: event.id, key: event.key, ...tracing(event) }, 'event not published yet');
    await hold(`publish of ${event.key}`, () => bus.publish(event), this.stop.signal, log, failed);
    if (!log.isLevelEnabled('debug')) return;
    log.debug({ event: event.id, key: event.key, subject: event.order, ...tracing(event) }, 'event published');
    log.debug({ event: event.content }, 'event content');
  }

  /** Marks, serially and in commit order, every commit at the head of the queue whose events are all confirmed. */
  private async mark(): Promise<void> {
    if (this.isMarking) return;
    this.isMarking = true;
    const { store, log } = this.options;
    try {
      for (let ids = this.published(); ids.length > 0; ids = this.published()) {
        const batch = ids;
        await hold('marking commits as published', () => store.markPublished(batch), this.stop.signal, log);
        this.unmarked.splice(0, batch.length);
        // Under load the commits of this time are marked together: marking one costs as much as committing it.
        if (this.unmarked.length > 0) await pause(MARK_PAUSE_MS, undefined, { signal: this.stop.signal });
      }
    } catch {
      // Only the end of the process stops it: the commits stay pending.
    } finally {
      // In the same turn as the last look, so that no commit falls between.
      this.isMarking = false;
    }
  }

  private published(): string[] {
    const end = this.unmarked.findIndex((commit) => !commit.published);
    return this.unmarked.slice(0, end < 0 ? undefined : end).map((commit) => commit.id);
  }

  /** Finds out about own commits in doubt once something refers to one: it happened, so its events must go out. */
  private async adopt(upTo: string): Promise<void> {
    if (![...this.inDoubt].some((id) => id <= upTo)) return;
    this.pushUnknown(await this.options.store.pending({ upTo }));
    for (const id of this.inDoubt) if (id <= upTo) this.inDoubt.delete(id);
  }

  private pushUnknown(pending: readonly PendingCommit[]): void {
    const known = new Set(this.unmarked.map((commit) => commit.id));
    for (const commit of pending) if (!known.has(commit.id)) this.push(commit);
  }

  private async settleForeign(incarnation: string, upTo: string): Promise<void> {
    const { store, log } = this.options;
    const pending = await store.pending({ upTo });
    if (pending.length > 0) {
      log.info({ incarnation, commits: pending.length }, 'publishing what another process left pending');
      await Promise.all(pending.map((commit) => this.publishAll(commit.events)));
      await store.markPublished(pending.map((commit) => commit.id));
    }
    this.settled.set(incarnation, upTo);
  }

  private async sweepForEver(): Promise<void> {
    const { sweepEveryMs, log } = this.options;
    while (!this.stop.signal.aborted) {
      try {
        await this.sweep();
      } catch (error) {
        if (!this.stop.signal.aborted) log.warn({ reason: textOf(error) }, 'sweep failed, trying again');
      }
      await pause(sweepEveryMs, undefined, { signal: this.stop.signal }).catch(() => undefined);
    }
  }

  private async sweep(): Promise<void> {
    const { store, incarnation, sweepAfterMs } = this.options;
    const pending = await store.pending({ before: new Date(Date.now() - sweepAfterMs), limit: 100 });
    const own = pending.filter((commit) => incarnationOf(commit.id) === incarnation);
    this.pushUnknown(own);
    const foreign = new Map(pending.filter((commit) => !own.includes(commit)).map((commit) => [incarnationOf(commit.id), commit.id]));
    for (const [other, upTo] of foreign) await this.settleForeign(other, upTo);
  }
}

function countByKey(events: readonly RecordedEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { key } of events) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** Read from the text so that the relay need not parse every event that it passes on. */
function tracing(event: RecordedEvent): { correlationid?: string; traceparent?: string } {
  const found: Record<string, string> = {};
  for (const name of ['correlationid', 'traceparent']) {
    const value = new RegExp(`"${name}":"([^"\\\\]*)"`).exec(event.content)?.[1];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
