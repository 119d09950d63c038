import type { Received } from './hub-listeners.js';

/** An event of the log, as a listener should get it. */
export interface Announced {
  readonly id: string;
  readonly subject: string;
  readonly sequence: string;
}

export interface HubFindings {
  /** Never taken by the listener. */
  readonly lost: readonly string[];
  /** First taken after a later event of the same resource. */
  readonly reordered: readonly string[];
  /** Sent, and not in the log, or with another id than there. */
  readonly strange: readonly string[];
  /** Taken again: allowed, and counted. */
  readonly again: number;
}

/** What one listener was sent, against what the log has. */
export function judgeListener(log: readonly Announced[], received: readonly Received[]): HubFindings {
  const known = new Map(log.map((event) => [event.id, event]));
  const taken = new Set<string>();
  const last = new Map<string, string>();
  const [reordered, strange]: string[][] = [[], []];
  let again = 0;
  for (const { id, subject, sequence, taken: isTaken } of received) {
    const event = known.get(id);
    if (event?.subject !== subject || event.sequence !== sequence) strange?.push(`${subject} ${sequence} ${id}`);
    // What it refused may come late, and must not be overtaken: so it counts for the order when it is taken.
    if (!isTaken) continue;
    if (taken.has(id)) {
      again += 1;
      continue;
    }
    taken.add(id);
    if (sequence < (last.get(subject) ?? '')) reordered?.push(`${subject} ${sequence} after ${last.get(subject)}`);
    else last.set(subject, sequence);
  }
  const lost = log.filter(({ id }) => !taken.has(id)).map(({ id, subject, sequence }) => `${subject} ${sequence} ${id}`);
  return { lost, reordered: reordered ?? [], strange: strange ?? [], again };
}
