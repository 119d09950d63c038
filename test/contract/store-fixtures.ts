import type { JsonObject } from '../../src/json.js';
import type { Query } from '../../src/store/query.js';
import { commitId, type Commit, type Entry, type ParkedMessage, type RecordedEvent, type ResourceWrite } from '../../src/store/store.js';

export const TYPE = 'partyRole';

/** Serials go up, so every commit of a test file has an id of its own. */
let serial = 0;

export function nextSerial(): number {
  serial += 1;
  return serial;
}

/** A batch that does nothing but what is given. */
export function batch(parts: Partial<Commit> = {}): Commit {
  return { id: commitId('worker', nextSerial()), at: new Date(), writes: [], guards: [], parked: [], entries: [], ...parts };
}

export function creation(id: string, resource: JsonObject = { name: 'n' }): ResourceWrite {
  return { type: TYPE, id, expected: 0, revision: 1, resource: { id, ...resource }, deleted: false };
}

export function change(id: string, expected: number, resource: JsonObject = { name: 'changed' }): ResourceWrite {
  return { type: TYPE, id, expected, revision: expected + 1, resource: { id, ...resource }, deleted: false };
}

export function deletion(id: string, expected: number, expires = new Date(Date.now() + 3_600_000)): ResourceWrite {
  return { ...change(id, expected), deleted: true, expires };
}

export function event(id: string, order = `${TYPE}/1`): RecordedEvent {
  return { topic: 'events', key: 'partyRole.PartyRoleCreateEvent', id, content: `{"id":"${id}"}`, order };
}

export function entry(command: string, events: readonly RecordedEvent[] = []): Entry {
  return { command, digest: `digest of ${command}`, status: 201, type: 'org.tmforum.partyRole.create', subject: '1', revision: 1, source: '/test', events };
}

/** A batch with one event, so that it waits to be published. */
export function announcing(id = commitId('worker', nextSerial()), at = new Date()): Commit {
  return batch({ id, at, entries: [entry(`command of ${id}`, [event(`event of ${id}`)])] });
}

export function parkedMessage(id: string, parts: Partial<ParkedMessage> = {}): ParkedMessage {
  return {
    id,
    at: new Date('2026-01-02T03:04:05.678Z'),
    reason: 'malformed',
    error: 'not JSON',
    origin: { bus: 'memory', queue: 'commands', lane: 0 },
    attempts: 1,
    headers: {},
    attributes: {},
    body: new Uint8Array(),
    ...parts,
  };
}

export function query(parts: Partial<Query> = {}): Query {
  return { where: [], sort: [], offset: 0, limit: 100, countMax: 1_000_000, ...parts };
}
