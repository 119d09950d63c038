import type { SentCommand } from './journal.js';
import { RoleModel } from './model.js';

/** Numbers from 0 up to 1, always the same for one seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Asked = Pick<SentCommand, 'action' | 'contentType' | 'expectedrevision' | 'data'>;

const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const STATUSES = ['requested', 'active', 'suspended', 'closed'];
const SHORTEST_LIFE = 20;
const LONGEST_LIFE = 200;

/**
 * What is asked of one role, from its first command to its last: the same for one seed and name. It follows the role's state
 * with the model, to know what is stale and what is not there.
 */
export class RoleScript {
  private readonly model: RoleModel;
  private readonly random: () => number;
  private readonly length: number;
  private readonly commands: SentCommand[] = [];

  constructor(
    readonly role: string,
    private readonly source: string,
    seed: number,
  ) {
    this.model = new RoleModel(role);
    this.random = randomNumbers(seed);
    this.length = SHORTEST_LIFE + Math.floor(this.random() * (LONGEST_LIFE - SHORTEST_LIFE));
  }

  /** The command to send next: a new one, or one of earlier on again; undefined when the role has had all of its commands. */
  next(): SentCommand | undefined {
    if (this.commands.length >= this.length) return undefined;
    const earlier = this.pick(this.commands);
    const dice = this.random();
    if (earlier && dice < 0.06) return earlier;
    const number = this.commands.length;
    const reused = earlier && dice < 0.08;
    const id = reused ? earlier.id : `${this.role}-${number}`;
    const asked = reused ? append(id, number) : this.model.exists ? this.ofLiving(id, number) : this.ofMissing(id, number);
    const command: SentCommand = { role: this.role, number, id, source: this.source, ...asked, sends: 0, confirmed: false };
    this.model.apply(command);
    this.commands.push(command);
    return command;
  }

  private ofMissing(id: string, number: number): Asked {
    const { revision } = this.model;
    const asked: [number, () => Asked][] = [
      [60, () => create(number)],
      [6, () => ({ ...create(number), expectedrevision: String(revision) })],
      [3, () => ({ ...create(number), expectedrevision: String(revision + 7) })],
      [3, () => ({ action: 'create', contentType: 'application/json', data: { name: ' ', status: 'active' } })],
      [5, () => ({ action: 'create', contentType: 'application/json', data: { name: `Without a list ${number}` } })],
      [12, () => append(id, number)],
      [5, () => ({ action: 'delete', contentType: 'application/json' })],
    ];
    return this.choose(asked);
  }

  private ofLiving(id: string, number: number): Asked {
    const { revision, document = {} } = this.model;
    const otherStatus = this.pick(STATUSES.filter((status) => status !== document['status']));
    const asked: [number, () => Asked][] = [
      [40, () => append(id, number)],
      [10, () => merge({ name: `Renamed ${number}` })],
      [9, () => merge({ status: otherStatus })],
      [6, () => merge({ status: otherStatus, name: `Both ${number}` })],
      [4, () => merge({ name: document['name'] })],
      [4, () => ({ ...append(id, number), expectedrevision: String(revision) })],
      [3, () => ({ ...merge({ name: `Any ${number}` }), expectedrevision: '*' })],
      [2, () => ({ ...append(id, number), expectedrevision: `${revision + 3}, ${revision}` })],
      [5, () => ({ ...append(id, number), expectedrevision: String(Math.max(0, revision - 1)) })],
      [6, () => create(number)],
      [5, () => ({ action: 'delete', contentType: 'application/json' })],
      [1, () => ({ action: 'delete', contentType: 'application/json', expectedrevision: String(revision + 1) })],
      [2, () => ({ action: 'patch', contentType: JSON_PATCH, data: [{ op: 'test', path: '/name', value: document['name'] }, ...appending(id, number)] })],
      [2, () => ({ action: 'patch', contentType: JSON_PATCH, data: [...appending(id, number), { op: 'test', path: '/name', value: 'nobody' }] })],
      [1, () => ({ action: 'patch', contentType: JSON_PATCH, data: [...appending(id, number), { op: 'remove', path: '/statusReason' }] })],
      [1, () => merge({ name: null })],
      [1, () => merge({ status: 5 })],
    ];
    return this.choose(asked);
  }

  private choose(weighted: readonly [number, () => Asked][]): Asked {
    let left = this.random() * weighted.reduce((sum, [weight]) => sum + weight, 0);
    const found = weighted.find(([weight]) => (left -= weight) < 0);
    if (!found) throw new Error('nothing to choose from');
    return found[1]();
  }

  private pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }
}

function create(number: number): Asked {
  const data = { name: `Created ${number}`, status: 'requested', engagedParty: { id: `party-${number}`, name: 'Ann' }, characteristic: [] };
  return { action: 'create', contentType: 'application/json', data };
}

function merge(data: object): Asked {
  return { action: 'patch', contentType: MERGE, data };
}

/** Each leaves its own mark: applied twice, or in another order, it shows. */
function append(id: string, number: number): Asked {
  return { action: 'patch', contentType: JSON_PATCH, data: appending(id, number) };
}

function appending(id: string, number: number): object[] {
  return [{ op: 'add', path: '/characteristic/-', value: { name: id, value: number } }];
}
