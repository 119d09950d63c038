import type { JsonObject } from '../../src/json.js';

/** A command that must have its effect, whatever stands around it. */
export interface Valid {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly contentType: string;
  readonly data: JsonObject;
}

export const SENTINEL_SOURCE = '/fuzz/careful';

/** Roles that nothing but their own valid commands is about, each patched this many times after its creation. */
const PATCHES = 6;

/** The n-th valid command. */
export function sentinelCommand(number: number): Valid {
  const step = number % (PATCHES + 1);
  const subject = sentinelId(Math.floor(number / (PATCHES + 1)));
  const common = { id: `sentinel-command-${number}`, subject };
  if (step === 0) return { ...common, type: 'org.tmforum.partyRole.create', contentType: 'application/json', data: { name: `Sentinel ${subject}`, steps: [0] } };
  const data = { steps: [step], ...(step % 2 === 0 ? { status: `step ${step}` } : {}) };
  return { ...common, type: 'org.tmforum.partyRole.patch', contentType: 'application/merge-patch+json', data };
}

/** What the first `count` valid commands make, by id: the role and its revision (one for each event). */
export function expectedSentinels(count: number): Map<string, { revision: number; resource: JsonObject }> {
  const expected = new Map<string, { revision: number; resource: JsonObject }>();
  for (let first = 0; first < count; first += PATCHES + 1) {
    const id = sentinelId(first / (PATCHES + 1));
    const last = Math.min(PATCHES, count - first - 1);
    const changesOfStatus = Math.floor(last / 2);
    const status = changesOfStatus === 0 ? {} : { status: `step ${2 * changesOfStatus}` };
    expected.set(id, { revision: 1 + last + changesOfStatus, resource: { id, name: `Sentinel ${id}`, steps: [last], ...status } });
  }
  return expected;
}

function sentinelId(number: number): string {
  return `sentinel:${number}`;
}
