import { Refusal } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { Command } from '../message.js';
import type { RecordedEvent } from '../store/store.js';
import { changedPaths } from './changes.js';
import type { Change, DecisionContext } from './decision.js';
import type { ResourceDefinition } from './definition.js';
import { notification } from './notification.js';
import { isReference, MAX_REFERRERS, referencesIn, type Reference, type Referrer, type Surroundings } from './references.js';
import { stamped } from './stamps.js';

/** Whoever has more referrers than these is told the first of them. */
const MAX_NAMED = 20;

/** Whether a value at a place names what is to be deleted. */
type IsIt = (value: JsonObject, reference: Reference) => boolean;

/**
 * What the deletion of a resource does to those that refer to it: their references are taken out, in the same commit.
 * @throws Refusal 409 that lists who refers to it, where references are not to be taken out or cannot be.
 */
export function detachAll(
  definition: ResourceDefinition,
  command: Command,
  id: string,
  resource: JsonObject,
  world: Surroundings,
  context: DecisionContext,
): { readonly changes: readonly Change[]; readonly events: readonly RecordedEvent[] } {
  const { references } = context;
  if (references.to(definition).length === 0) return { changes: [], events: [] };
  const { found: referrers, more } = world.referrers(definition.name, id);
  const isIt: IsIt = (value, reference) => isReference(value) && value['id'] === id && references.mayName(reference, value, definition, resource);
  const holding: string[] = [];
  const detached: Detached[] = [];
  for (const referrer of referrers) {
    if (referrer.type === definition.name && referrer.id === id) continue;
    const found = referencesIn(references.of(referrer.type), referrer.resource).filter(({ reference, value }) => reference.onDelete !== 'keep' && isIt(value, reference));
    const [first] = found;
    if (!first) continue;
    const refusing = found.find(({ reference }) => reference.onDelete === 'refuse');
    const without = refusing ? undefined : detach(referrer, isIt, context);
    if (without) detached.push(without);
    else holding.push(`${referrer.type} ${referrer.id} in /${(refusing ?? first).at.join('/')}${refusing ? '' : ', which cannot be without it'}`);
  }
  if (holding.length > 0) throw stillNeeded(definition, id, holding, more);
  if (more || detached.length > MAX_REFERRERS) throw new Refusal(409, `${definition.typeName} ${id} is referred to by too many`, [{ at: 'referredBy', problem: `more than ${MAX_REFERRERS}, which do not fit into one commit` }]);
  // The event of the deletion itself is number 0.
  return { changes: detached.map(({ change }) => change), events: detached.map((one, index) => announcement(one, index + 1, command, context)) };
}

interface Detached {
  readonly definition: ResourceDefinition;
  readonly change: Change;
  readonly fieldPath: string;
}

/** Undefined when the referrer would not be valid without it. */
function detach({ type, id, revision, resource }: Referrer, isIt: IsIt, { references, now }: DecisionContext): Detached | undefined {
  const definition = references.definitionOf(type);
  const left = structuredClone(resource);
  for (const reference of references.of(type)) if (reference.onDelete === 'detach') cut(left, reference.path, 0, (value) => isIt(value, reference));
  if (!definition || definition.validate(left).length > 0) return undefined;
  const changed = changedPaths(resource, left);
  const change = { type, id, revision: revision + 1, resource: stamped(left, definition.stamps.onChange, changed, now), deleted: false };
  return { definition, change, fieldPath: changed.join(',') };
}

/** Takes out what is it: elements of arrays, else the attribute. */
function cut(holder: Json | undefined, path: readonly string[], depth: number, isIt: (value: JsonObject) => boolean): void {
  if (Array.isArray(holder)) {
    for (const element of holder) cut(element, path, depth, isIt);
    return;
  }
  const name = path[depth];
  if (!isObject(holder) || name === undefined || !Object.hasOwn(holder, name)) return;
  const value = holder[name] ?? null;
  if (depth < path.length - 1) cut(value, path, depth + 1, isIt);
  else if (Array.isArray(value)) holder[name] = value.filter((element) => !isObject(element) || !isIt(element));
  else if (isObject(value) && isIt(value)) delete holder[name];
}

function announcement({ definition, change, fieldPath }: Detached, number: number, command: Command, { representation, notifications, now }: DecisionContext): RecordedEvent {
  const happening = { eventType: definition.events.attributeValueChange, revision: change.revision, number, fieldPath };
  return notification(definition, command, happening, representation.seen(definition, change.resource), notifications, now);
}

function stillNeeded(definition: ResourceDefinition, id: string, holding: readonly string[], more: boolean): Refusal {
  const named = holding.slice(0, MAX_NAMED).map((who) => ({ at: 'referredBy', problem: who }));
  const others = holding.length - named.length;
  const rest = more ? 'and more' : `and ${others} more`;
  return new Refusal(409, `${definition.typeName} ${id} is still referred to`, more || others > 0 ? [...named, { at: 'referredBy', problem: rest }] : named);
}
