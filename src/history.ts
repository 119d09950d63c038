import { Refusal } from './errors.js';
import { announcedResource } from './handlers/receipt.js';
import { withoutUndefined, type JsonObject } from './json.js';
import type { Entry, RecordedEvent, Store, StoredCommit, StoredResource } from './store/store.js';

/** Which resource, as in the log: `type/id`. */
export interface Subject {
  readonly type: string;
  readonly id: string;
}

/** One command that changed a resource. */
export interface Change {
  /** The resource's revision after it. */
  readonly revision: number;
  readonly at: Date;
  readonly status: number;
  readonly command: Partial<Pick<Entry, 'id' | 'source' | 'authid' | 'channel' | 'correlationid' | 'type' | 'retryof'>>;
  readonly events: readonly ChangeEvent[];
}

export interface ChangeEvent {
  readonly type: string;
  readonly id: string;
  readonly sequence: string;
  /** The changed paths, joined by commas. */
  readonly fieldPath?: string;
}

export interface HistoryPage {
  /** Newest first. */
  readonly changes: readonly Change[];
  /** There are earlier changes; the next page is what lies before the last revision here. */
  readonly more: boolean;
  /** The log begins with this revision; what happened before is no longer kept. */
  readonly oldest?: number;
}

/** A resource as it was. */
export interface PastState {
  readonly revision: number;
  /** The current one as it is stored, an earlier one as it was announced then. */
  readonly resource: JsonObject;
}

/** A change together with the events that hold the states. */
interface Step {
  readonly change: Change;
  readonly recorded: readonly RecordedEvent[];
}

/** The past of a resource, read from the log: from its last commit back, each naming the one before. */
export class History {
  constructor(
    private readonly store: Store,
    /** A commit that is no longer kept is older than this. */
    private readonly retentionMs: number,
    private readonly now: () => Date,
  ) {}

  /**
   * Changes that led to revisions less than `before`, at most `limit`.
   * @throws Refusal 404 when the resource never was, 410 when all that is asked for is older than what is kept.
   */
  async changes(subject: Subject, limit: number, before = Infinity): Promise<HistoryPage> {
    const stored = await this.stored(subject);
    const changes: Change[] = [];
    let oldest: number | undefined;
    for await (const step of this.steps(subject, stored)) {
      if (typeof step === 'number') {
        oldest = step;
      } else if (step.change.revision < before) {
        if (changes.length === limit) return { changes, more: true };
        changes.push(step.change);
      }
    }
    if (changes.length === 0 && oldest !== undefined) throw gone(oldest);
    return { changes, more: false, ...(oldest === undefined ? {} : { oldest }) };
  }

  /** @throws Refusal 404 when there was no such revision or it was the deletion, 410 when it is no longer kept. */
  async atRevision(subject: Subject, revision: number): Promise<PastState> {
    const stored = await this.stored(subject);
    if (revision > stored.revision) throw notThere(`the last revision is ${stored.revision}`);
    if (revision === stored.revision && !stored.deleted) return { revision, resource: stored.resource };
    for await (const step of this.steps(subject, stored)) {
      if (typeof step === 'number') throw gone(step);
      const found = step.recorded.find((event) => revisionOf(event) === revision);
      if (found) return livingState(found);
    }
    throw notThere('there was no such revision');
  }

  /** The state after the last change up to this time. @throws Refusal 404 when it did not exist then, 410 when that is no longer kept. */
  async atTime(subject: Subject, time: Date): Promise<PastState> {
    const stored = await this.stored(subject);
    let isCurrent = true;
    for await (const step of this.steps(subject, stored)) {
      if (typeof step === 'number') {
        // Nothing has changed since before the log begins.
        const unchanged = isCurrent && time.getTime() >= this.now().getTime() - this.retentionMs;
        if (!unchanged) throw gone(step);
        if (stored.deleted) throw notThere('it was deleted then');
        return { revision: stored.revision, resource: stored.resource };
      }
      isCurrent = false;
      const last = step.recorded.at(-1);
      if (step.change.at <= time && last) return livingState(last);
    }
    throw notThere('it did not exist yet');
  }

  private async stored({ type, id }: Subject): Promise<StoredResource> {
    const stored = (await this.store.load(type, [id])).get(id);
    if (!stored) throw notThere('it never was, or was deleted long ago');
    return stored;
  }

  /** Its changes, newest first; at the end the oldest revision known, when the log does not reach back to its creation. */
  private async *steps({ type, id }: Subject, stored: StoredResource): AsyncGenerator<Step | number> {
    const order = `${type}/${id}`;
    let oldest = stored.revision;
    for (let next: string | undefined = stored.commit; next !== undefined; ) {
      const commit = await this.store.readCommit(next);
      if (!commit) break;
      for (const step of stepsIn(commit, order)) {
        oldest = firstRevision(step);
        yield step;
      }
      next = commit.previous.get(order);
    }
    if (oldest > 1) yield oldest;
  }
}

/** The changes of one resource, `type/id`, in a commit, newest first. */
export function changesIn(commit: StoredCommit, order: string): Change[] {
  return stepsIn(commit, order).map(({ change }) => change);
}

function stepsIn(commit: StoredCommit, order: string): Step[] {
  const steps: Step[] = [];
  for (const entry of commit.entries) {
    const recorded = entry.events.filter((event) => event.topic === 'events' && event.order === order);
    const last = recorded.at(-1);
    if (last) steps.unshift({ change: changeOf(entry, commit.at, recorded, revisionOf(last)), recorded });
  }
  return steps;
}

function changeOf(entry: Entry, at: Date, recorded: readonly RecordedEvent[], revision: number): Change {
  const { id, source, authid, channel, correlationid, type, retryof, status } = entry;
  return { revision, at, status, command: withoutUndefined({ id, type, source, authid, channel, correlationid, retryof }), events: recorded.map(eventOf) };
}

interface Notification {
  readonly type: string;
  readonly id: string;
  readonly sequence: string;
  readonly data: { readonly fieldPath?: string };
}

function eventOf({ content }: RecordedEvent): ChangeEvent {
  const { type, id, sequence, data } = JSON.parse(content) as Notification;
  return { type, id, sequence, ...(data.fieldPath === undefined ? {} : { fieldPath: data.fieldPath }) };
}

function revisionOf(event: RecordedEvent): number {
  return Number(eventOf(event).sequence);
}

function firstRevision({ change, recorded }: Step): number {
  return change.revision - recorded.length + 1;
}

function livingState(event: RecordedEvent): PastState {
  if (event.key.endsWith('DeleteEvent')) throw notThere('it was deleted then');
  return { revision: revisionOf(event), resource: announcedResource(event) };
}

function notThere(problem: string): Refusal {
  return new Refusal(404, 'There is no such state', [{ at: 'id', problem }]);
}

function gone(oldest: number): Refusal {
  return new Refusal(410, 'The log does not reach back that far', [{ at: 'revision', problem: `the oldest that is known is ${oldest}` }]);
}
