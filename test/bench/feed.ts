import { Random } from '../fuzz/random.js';
import type { BacklogCommand } from '../outage/backlog.js';

/** The same commands for whoever is measured: as any system could send them. */

const SOURCE = '/bench';
/** This share of the roles takes `HOT_LOAD` of the hot patches. */
const HOT_SHARE = 0.01;
const HOT_LOAD = 0.9;

export type Mix = 'creates' | 'patches' | 'hot patches' | 'mixed';

/**
 * The same for the same arguments.
 * @param roles how many exist, `role-0` and so on: creates go on from there
 * @param tag tells the ids of one feed from those of another to the same deployment
 */
export function* feed(mix: Mix, count: number, roles: number, tag: string = mix): Generator<BacklogCommand> {
  const random = new Random(count, hashOf(tag));
  for (let number = 0; number < count; number += 1) {
    switch (mix) {
      case 'creates':
        yield create(tag, number, roles + number);
        break;
      case 'patches':
        yield patch(tag, number, random.below(roles));
        break;
      case 'hot patches':
        yield patch(tag, number, random.chance(HOT_LOAD) ? random.below(Math.max(1, roles * HOT_SHARE)) : random.below(roles));
        break;
      case 'mixed': {
        // 5 creates of new roles, 4 patches of those that stay, 1 delete of one that was there before, over and over.
        const place = number % 10;
        const tens = Math.floor(number / 10);
        if (place % 2 === 0) yield create(tag, number, roles + number);
        else if (place === 9) yield remove(tag, number, tens % roles);
        else yield patch(tag, number, Math.floor(roles / 2) + random.below(roles / 2));
      }
    }
  }
}

function hashOf(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => (hash * 31 + byte) % 1_000_003, 7);
}

/** About 700 bytes, as a CRM sends it. */
export function roleBody(number: number): Record<string, unknown> {
  return {
    name: `Reseller ${number}`,
    description: 'Sells mobile and fixed access lines to small businesses in the region',
    status: 'approved',
    engagedParty: { id: `party-${number}`, name: `Party ${number} Ltd`, '@referredType': 'Organization' },
    account: [{ id: `account-${number}`, name: 'Main account', '@referredType': 'PartyAccount' }],
    characteristic: [
      { name: 'segment', valueType: 'string', value: 'small business' },
      { name: 'commission', valueType: 'number', value: 12.5 },
    ],
    contactMedium: [{ mediumType: 'email', preferred: true, characteristic: { emailAddress: `party-${number}@example.com` } }],
    validFor: { startDateTime: '2024-01-01T00:00:00.000Z', endDateTime: '2030-12-31T00:00:00.000Z' },
  };
}

function create(tag: string, number: number, role: number): BacklogCommand {
  return { role: `role-${role}`, attributes: attributes('create', tag, number, role), contentType: 'application/json', body: JSON.stringify(roleBody(role)) };
}

function patch(tag: string, number: number, role: number): BacklogCommand {
  const characteristic = [
    { name: 'segment', valueType: 'string', value: 'small business' },
    { name: 'commission', valueType: 'number', value: number % 100 },
  ];
  const body = JSON.stringify({ description: `Sells mobile and fixed access lines, changed by ${tag}/${number}`, characteristic });
  return { role: `role-${role}`, attributes: attributes('patch', tag, number, role), contentType: 'application/merge-patch+json', body };
}

function remove(tag: string, number: number, role: number): BacklogCommand {
  return { role: `role-${role}`, attributes: attributes('delete', tag, number, role), contentType: 'application/json', body: '' };
}

function attributes(action: string, tag: string, number: number, role: number): Record<string, string> {
  return { specversion: '1.0', id: `${tag}/${number}`, source: SOURCE, type: `org.tmforum.partyRole.${action}`, subject: `role-${role}` };
}
