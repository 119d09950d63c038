import type { LoggedEvent } from './logged-event.js';

/** A published commit with its notifications. */
export interface ReadCommit {
  readonly position: number;
  readonly events: readonly LoggedEvent[];
}

/** What a commit takes beside the text of its events, so that those without any count, too. */
const COMMIT_BYTES = 200;

/** The last commits that were read, without gaps, as many as fit: what many readers want within a moment is read once. */
export class RecentCommits {
  private commits: ReadCommit[] = [];
  private bytes = 0;

  /** @param maxBytes of the events' text; the last commit is kept however large it is. */
  constructor(private readonly maxBytes: number) {}

  /** At most `limit` commits behind a position; empty when the one behind it is not kept. */
  after(position: number, limit: number): readonly ReadCommit[] {
    const [first] = this.commits;
    if (!first || position + 1 < first.position) return [];
    const index = position + 1 - first.position;
    return this.commits.slice(index, index + limit);
  }

  /** What begins before the end of what is kept is not kept: it would drive out what more readers want. */
  add(commits: readonly ReadCommit[]): void {
    const [next] = commits;
    const last = this.commits.at(-1);
    if (!next || (last && next.position <= last.position)) return;
    if (last && next.position > last.position + 1) this.clear();
    this.commits.push(...commits);
    for (const commit of commits) this.bytes += bytesOf(commit);
    this.trim();
  }

  clear(): void {
    this.commits = [];
    this.bytes = 0;
  }

  private trim(): void {
    let surplus = 0;
    while (this.bytes > this.maxBytes && surplus < this.commits.length - 1) {
      this.bytes -= bytesOf(this.commits[surplus] as ReadCommit);
      surplus += 1;
    }
    if (surplus > 0) this.commits.splice(0, surplus);
  }
}

/** Of its events' text, and a little for itself. */
export function bytesOf({ events }: ReadCommit): number {
  return events.reduce((sum, { recorded }) => sum + recorded.content.length, COMMIT_BYTES);
}
