import type { CollectedEvent } from './events.js';
import type { Findings, Tally } from './findings.js';
import { grouped } from './grouping.js';
import type { LoggedEvent, World } from './world.js';

/** Every change was announced, in order, and nothing else was. */
export function judgeEvents(announced: readonly CollectedEvent[], world: World, findings: Findings, tally: Tally): void {
  const logged = judgeLog(world, findings);
  tally.add('events', logged.size);
  tally.add('announcements', announced.length);
  const seen = new Set<string>();
  const roles = new Map<string, { last: number; readonly ids: Map<number, string> }>();
  for (const event of [...announced].sort((one, other) => one.arrival - other.arrival)) {
    const role = roles.get(event.subject) ?? { last: 0, ids: new Map<number, string>() };
    roles.set(event.subject, role);
    judgeOrigin(event, logged.get(event.id), findings);
    const before = role.ids.get(event.sequence) ?? event.id;
    if (before !== event.id) findings.add('two ids', `sequence ${event.sequence} of role ${event.subject} was announced as ${before} and as ${event.id}`);
    role.ids.set(event.sequence, before);
    if (seen.has(event.id)) {
      tally.add('duplicate announcements');
      continue;
    }
    seen.add(event.id);
    if (event.sequence < role.last) findings.add('out of order', `sequence ${event.sequence} of role ${event.subject} was first announced after ${role.last}`);
    role.last = Math.max(role.last, event.sequence);
  }
  for (const event of logged.values()) if (!seen.has(event.id)) findings.add('never announced', describe(event));
}

function judgeOrigin(event: CollectedEvent, logged: LoggedEvent | undefined, findings: Findings): void {
  if (!logged) findings.add('event without a change', describe(event));
  else if (describe(logged) !== describe(event)) findings.add('other than logged', `${describe(event)} is in the log as ${describe(logged)}`);
}

/** The log has for each role the sequences from 1 up to its revision, each once. */
function judgeLog(world: World, findings: Findings): Map<string, LoggedEvent> {
  const logged = new Map<string, LoggedEvent>();
  const events = world.entries.flatMap((entry) => entry.events);
  for (const event of events) {
    if (logged.has(event.id)) findings.add('logged twice', describe(event));
    logged.set(event.id, event);
  }
  const ofRoles = grouped(events, ({ subject }) => subject);
  for (const role of new Set([...ofRoles.keys(), ...world.roles.keys()])) {
    const revision = world.roles.get(role)?.revision ?? 0;
    const gap = firstGap((ofRoles.get(role) ?? []).map(({ sequence }) => sequence), revision);
    if (gap !== undefined) findings.add('gap', `the events of role ${role} with revision ${revision}: ${gap}`);
  }
  return logged;
}

/** What is wrong with numbers that should be those from 1 to `last`, in any order. */
export function firstGap(numbers: readonly number[], last: number): string | undefined {
  const sorted = [...numbers].sort((one, other) => one - other);
  const at = sorted.findIndex((number, i) => number !== i + 1);
  if (at >= 0) return `${sorted[at]} where ${at + 1} should be`;
  return sorted.length === last ? undefined : `${sorted.length} numbers, and ${last} should be there`;
}

function describe({ id, type, subject, sequence }: LoggedEvent): string {
  return `${type} ${id}, sequence ${sequence} of role ${subject}`;
}
