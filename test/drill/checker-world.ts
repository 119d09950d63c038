import { commandHash, type SentCommand } from './journal.js';
import type { CollectedEvent } from './events.js';
import { encode } from './producer.js';

export interface EntryDocument {
  command?: string;
  status: number;
  subject: string;
  events: { id: string; order: string; content: string }[];
}

export interface CommitDocument {
  _id: string;
  pending?: true;
  position?: number;
  commands: string[];
  entries: EntryDocument[];
}

export interface RoleDocument {
  _id: string;
  revision: number;
  deleted: boolean;
  resource: Record<string, unknown> & { characteristic: object[] };
}

export interface ParkedDocument {
  _id: string;
  reason: string;
  error: string;
  contentType: string;
  attributes: string;
  body: Buffer;
}

/** What a drill leaves behind, as the service would store it. */
export interface Remains {
  commands: SentCommand[];
  commits: CommitDocument[];
  roles: RoleDocument[];
  parked: ParkedDocument[];
  events: CollectedEvent[];
}

const SOURCE = '/drill/test';

type Asked = Pick<SentCommand, 'action'> & Partial<SentCommand>;

/** Written by hand, so that the checker is not judged by what it shares with the service or the model. */
class Writer {
  readonly remains: Remains = { commands: [], commits: [], roles: [], parked: [], events: [] };

  command(role: string, number: number, asked: Asked): SentCommand {
    const command = { role, number, id: `${role}-${number}`, source: SOURCE, contentType: 'application/json', sends: 1, confirmed: true, ...asked };
    this.remains.commands.push(command);
    return command;
  }

  commit(...entries: EntryDocument[]): void {
    const position = this.remains.commits.length + 1;
    this.remains.commits.push({ _id: `w-${position}`, position, commands: entries.flatMap(({ command }) => command ?? []), entries });
  }

  answered({ role, id, source }: SentCommand, status: number, ...happened: [string, number][]): EntryDocument {
    const events = happened.map(([type, sequence]) => event(role, type, sequence));
    for (const one of events) this.remains.events.push(announcement(one, this.remains.events.length));
    return { command: commandHash(source, id), status, subject: role, events: events.map((one) => ({ id: one.id, order: `partyRole/${role}`, content: JSON.stringify(one) })) };
  }

  parked(command: SentCommand, reason: string): void {
    this.remains.parked.push(parkedDocument(command, reason));
  }
}

function event(role: string, type: string, sequence: number): { id: string; type: string; subject: string; sequence: string } {
  return { id: `${role}/${sequence}`, type: `org.tmforum.partyRole.${type}`, subject: role, sequence: String(sequence).padStart(16, '0') };
}

function announcement({ id, type, subject, sequence }: ReturnType<typeof event>, arrival: number): CollectedEvent {
  return { id, type, subject, sequence: Number(sequence), arrival };
}

export function parkedDocument(command: SentCommand, reason: string): ParkedDocument {
  const { contentType, attributes, body } = encode(command);
  return { _id: `${command.id}/${command.number}/${reason}`, reason, error: `for the test: ${reason}`, contentType, attributes: JSON.stringify(attributes), body };
}

const JSON_PATCH = 'application/json-patch+json';
const mark = (id: string, number: number): object => ({ name: id, value: number });
const append = (id: string, number: number): Asked => ({ action: 'patch', contentType: JSON_PATCH, data: [{ op: 'add', path: '/characteristic/-', value: mark(id, number) }] });
const creation = { action: 'create', data: { name: 'Seller', status: 'requested', characteristic: [] } } as const;

/** Role `a`: five changes, a refusal and a reused id; `b`: created, deleted, then refused; `c`: created and changed once, in the last commit. */
export function correctRemains(): Remains {
  const write = new Writer();
  const [a0, a1, a2] = [write.command('a', 0, creation), write.command('a', 1, append('a-1', 1)), write.command('a', 2, append('a-2', 2))];
  const a3 = write.command('a', 3, { action: 'patch', contentType: 'application/merge-patch+json', data: { name: 'Buyer', status: 'active' } });
  const a4 = write.command('a', 4, { ...append('a-4', 4), expectedrevision: '1' });
  const a5 = write.command('a', 5, { ...append('a-1', 5), id: 'a-1' });
  const [b0, b1, b2] = [write.command('b', 0, creation), write.command('b', 1, { action: 'delete' }), write.command('b', 2, append('b-2', 2))];
  const [c0, c1] = [write.command('c', 0, creation), write.command('c', 1, append('c-1', 1))];

  write.commit(write.answered(a0, 201, ['PartyRoleCreateEvent', 1]), write.answered(a1, 200, ['PartyRoleAttributeValueChangeEvent', 2]));
  write.commit(write.answered(b0, 201, ['PartyRoleCreateEvent', 1]), write.answered(a2, 200, ['PartyRoleAttributeValueChangeEvent', 3]), write.answered(b1, 204, ['PartyRoleDeleteEvent', 2]));
  write.commit(write.answered(a3, 200, ['PartyRoleStateChangeEvent', 4], ['PartyRoleAttributeValueChangeEvent', 5]), write.answered(a4, 412), write.answered(b2, 404));
  write.commit(write.answered(c0, 201, ['PartyRoleCreateEvent', 1]));
  write.commit(write.answered(c1, 200, ['PartyRoleAttributeValueChangeEvent', 2]));
  for (const refused of [a4, a5, b2]) write.parked(refused, 'refused');

  const resource = (id: string, characteristic: object[]): RoleDocument['resource'] => ({ id, name: 'Seller', status: 'requested', characteristic });
  write.remains.roles = [
    { _id: 'a', revision: 5, deleted: false, resource: { ...resource('a', [mark('a-1', 1), mark('a-2', 2)]), name: 'Buyer', status: 'active' } },
    { _id: 'b', revision: 2, deleted: true, resource: resource('b', []) },
    { _id: 'c', revision: 2, deleted: false, resource: resource('c', [mark('c-1', 1)]) },
  ];
  return write.remains;
}
