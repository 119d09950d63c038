import { type BatchContext, decideBatch, type DecidedBatch, type Item } from '../../src/batch.js';
import { merged, NOTHING, type Loaded, type Unread } from '../../src/batch-state.js';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { definitions } from '../../src/handlers/index.js';
import { References, type DeletionMode, type ReferenceMode } from '../../src/handlers/references.js';
import { representationOf } from '../../src/handlers/representation.js';
import { targetId } from '../../src/handlers/resource.js';
import type { Json, JsonObject } from '../../src/json.js';
import type { Action, Command, Reply } from '../../src/message.js';
import type { StoredResource } from '../../src/store/store.js';
import { command, context, message } from './deciding.js';

/** Everything that the service serves, as it is without any setting. */
export const all: readonly ResourceDefinition[] = definitions({ roleTypeDefault: true, lifeCycles: new Map() });

export const representation = representationOf(({ api, version }) => `/tmf-api/${api}/${version}`);

export function definitionOf(name: string): ResourceDefinition {
  const found = all.find((definition) => definition.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

/** How all of them refer to each other; each mode for everything, or by place as the settings have it. */
export function referencesOf(missing: ReferenceMode | Readonly<Record<string, ReferenceMode>>, deleted: DeletionMode | Readonly<Record<string, DeletionMode>> = 'refuse', some = all): References {
  const byPlace = <Mode extends string>(modes: Mode | Readonly<Record<string, Mode>>): Map<string, Mode> => new Map(typeof modes === 'string' ? [['*', modes]] : Object.entries(modes));
  return new References(some, { missing: byPlace(missing), deleted: byPlace(deleted) }, (href) => href.startsWith('/tmf-api/'));
}

export function contextOf(references: References, overrides: Partial<BatchContext> = {}): BatchContext {
  return context({ references, representation, notifications: { source: '/test' }, ...overrides });
}

let commands = 0;

/** A new command that somebody waits for, about any resource. */
export function asking(name: string, action: Action, subject: string, data?: Json, fields: Partial<Command> = {}, definition = definitionOf(name)): Item & { readonly id: string } {
  commands += 1;
  const asked = command(action, { id: `command-${commands}`, type: `org.tmforum.${name}.${action}`, resource: name, subject, ...(data === undefined ? {} : { data }), ...fields });
  return { message: message({ replyTo: { address: 'inbox' } }), again: false, command: asked, definition, id: targetId(asked) };
}

/** What is stored, by `type/id`, each at its first revision. */
export function stored(resources: Readonly<Record<string, JsonObject>>): Map<string, StoredResource> {
  return new Map(
    Object.entries(resources).map(([key, resource]) => {
      const id = key.slice(key.indexOf('/') + 1);
      return [key, { id, revision: 1, commit: 'there-000000000001', resource: { id, ...resource }, deleted: false }];
    }),
  );
}

/** Everything of a database that a batch may ask for. */
export function loadedFrom(database: ReadonlyMap<string, StoredResource>, asked: Unread): Loaded {
  const keys = [...database].filter(([, { deleted }]) => !deleted).map(([key]) => key);
  return { ...NOTHING, resources: database, read: asked.resources, referrers: new Map([...asked.referrers].map((key) => [key, { keys, more: false }])) };
}

/** Decides on a database of which everything is known that is asked for; `known` is what a batch under way leaves behind. */
export function decidedOn(database: ReadonlyMap<string, StoredResource>, items: readonly Item[], inContext: BatchContext, known: Loaded = NOTHING): DecidedBatch {
  let loaded: Loaded = merged({ ...NOTHING, resources: database }, known);
  for (let round = 0; round < 5; round += 1) {
    const result = decideBatch(items, loaded, inContext);
    if ('commit' in result) return result;
    const more = loadedFrom(database, result);
    loaded = { ...loaded, read: new Set([...loaded.read, ...more.read]), referrers: new Map([...loaded.referrers, ...more.referrers]) };
  }
  throw new Error('it asks for ever more');
}

export function repliesOf({ outcomes }: DecidedBatch): Reply[] {
  return outcomes.map(({ reply }) => reply);
}

/** The status and the message of an error, or of another answer the status alone. */
export function answerOf({ status, body }: Reply): [number, string?] {
  return status < 400 ? [status] : [status, (body as { readonly message: string }).message];
}

/** The events of a commit, each with its resource, revision and changed paths. */
export function eventsOf({ commit }: DecidedBatch): { readonly key: string; readonly subject: string; readonly revision: number; readonly fieldPath?: string; readonly resource: JsonObject }[] {
  return commit.entries.flatMap(({ events }) => events).map(({ key, content }) => {
    const { subject, sequence, data } = JSON.parse(content) as { subject: string; sequence: string; data: JsonObject };
    const { fieldPath } = data;
    const wrapper = Object.values(data).find((value) => typeof value === 'object') as JsonObject;
    return { key, subject, revision: Number(sequence), ...(typeof fieldPath === 'string' ? { fieldPath } : {}), resource: Object.values(wrapper)[0] as JsonObject };
  });
}
