import { Refusal } from '../errors.js';
import type { Command } from '../message.js';
import type { RecordedEvent } from '../store/store.js';
import { changedPaths } from './changes.js';
import type { ResourceDefinition } from './definition.js';
import { notification } from './notification.js';
import { detached, MAX_REFERRERS, referencesIn, type Found, type Reference, type Referrer, type Surroundings } from './references.js';
import type { Change, DecisionContext } from './resource.js';
import { masked } from './secrets.js';

/** Whoever has more referrers than these is told the first of them. */
const MAX_NAMED = 20;

/**
 * What the deletion of a resource does to those that refer to it: their references are taken out, in the same commit.
 * @throws Refusal 409 that lists who refers to it, where references are not to be taken out or cannot be.
 */
export function detachAll(
  definition: ResourceDefinition,
  command: Command,
  id: string,
  world: Surroundings,
  context: DecisionContext,
): { readonly changes: readonly Change[]; readonly events: readonly RecordedEvent[] } {
  if (context.references.to(definition).length === 0) return { changes: [], events: [] };
  const referrers = world.referrers(definition.name, id).filter((referrer) => referrer.type !== definition.name || referrer.id !== id);
  const isIt = (value: Found['value'], reference: Reference): boolean =>
    value['id'] === id && context.references.candidates(reference, value).some(({ name }) => name === definition.name);
  const holding: string[] = [];
  const changes: Change[] = [];
  const events: RecordedEvent[] = [];
  for (const referrer of referrers) {
    const places = context.references.of(referrer.type);
    const found = referencesIn(places, referrer.resource).filter(({ reference, value }) => reference.onDelete !== 'keep' && isIt(value, reference));
    if (found.length === 0) continue;
    const refusing = found.find(({ reference }) => reference.onDelete === 'refuse');
    const change = refusing ? undefined : detach(referrer, places, isIt, context);
    if (!change) {
      holding.push(`${referrer.type} ${referrer.id} in /${(refusing ?? found[0])?.at.join('/') ?? ''}`);
      continue;
    }
    changes.push(change.change);
    const happening = { eventType: change.definition.events.attributeValueChange, revision: change.change.revision, number: events.length + 1, fieldPath: change.fieldPath };
    const represented = masked(context.representation.represent(change.definition, change.change.resource), change.definition.secrets);
    events.push(notification(change.definition, command, happening, represented, context.notifications, context.now));
  }
  if (holding.length > 0) throw stillNeeded(definition, id, holding);
  if (changes.length >= MAX_REFERRERS) throw new Refusal(409, `${definition.typeName} ${id} is referred to by too many`, [{ at: 'referredBy', problem: `${MAX_REFERRERS} or more, which do not fit into one commit` }]);
  return { changes, events };
}

interface Detached {
  readonly definition: ResourceDefinition;
  readonly change: Change;
  readonly fieldPath: string;
}

/** Undefined when the referrer would not be valid without it. */
function detach(referrer: Referrer, places: readonly Reference[], isIt: (value: Found['value'], reference: Reference) => boolean, { references }: DecisionContext): Detached | undefined {
  const { type, id, revision } = referrer;
  const definition = references.definitionOf(type);
  const resource = detached(places, referrer.resource, (value, reference) => reference.onDelete === 'detach' && isIt(value, reference));
  if (!definition || definition.validate(resource).length > 0) return undefined;
  return { definition, change: { type, id, revision: revision + 1, resource, deleted: false }, fieldPath: changedPaths(referrer.resource, resource).join(',') };
}

function stillNeeded(definition: ResourceDefinition, id: string, holding: readonly string[]): Refusal {
  const named = holding.slice(0, MAX_NAMED).map((who) => ({ at: 'referredBy', problem: who }));
  const more = holding.length - named.length;
  return new Refusal(409, `${definition.typeName} ${id} is still referred to`, more > 0 ? [...named, { at: 'referredBy', problem: `and ${more} more` }] : named);
}
