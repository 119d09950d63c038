import { randomUUID } from 'node:crypto';
import { notification } from '../../src/handlers/notification.js';
import { commitId, type RecordedEvent, type Store } from '../../src/store/store.js';
import { command, NOW } from '../support/deciding.js';
import { definitionOf } from '../support/resources.js';

let commits = 0;

/** A change of a party role, or of another resource, as the worker would record it. */
export function changed(id: string, revision = 1, { resource = 'partyRole', note = '' } = {}): RecordedEvent {
  const definition = definitionOf(resource);
  const happening = { eventType: definition.events.attributeValueChange, revision, number: 0 };
  return notification(definition, command('patch', { id: randomUUID() }), happening, { id, href: `/${resource}/${id}`, ...(note === '' ? {} : { note }) }, { source: '/test' }, NOW);
}

/** What is announced of a parked message: no notification. */
export function announced(): RecordedEvent {
  return { topic: 'dead', key: 'malformed', order: 'dead/1', id: randomUUID(), content: '{}' };
}

/** Puts events into the log, one commit for each list. */
export async function append(store: Store, ...lists: readonly (readonly RecordedEvent[])[]): Promise<void> {
  const ids: string[] = [];
  for (const events of lists) {
    const id = commitId('test', (commits += 1));
    const outcome = await store.commit({ id, at: new Date(), writes: [], guards: [], parked: [], entries: [{ command: id, digest: id, status: 200, events }] });
    if (outcome !== 'committed') throw new Error('a conflict');
    ids.push(id);
  }
  await store.markPublished(ids);
}

/** So many commits with one event each, of one role. */
export function appendMany(store: Store, count: number, note = ''): Promise<void> {
  return append(store, ...Array.from({ length: count }, (_, index) => [changed('many', index + 1, { note })]));
}
