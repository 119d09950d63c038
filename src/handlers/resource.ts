import { v5 as uuidv5 } from 'uuid';
import { entityTag } from '../entity-tag.js';
import { notFound, Refusal } from '../errors.js';
import { isObject, sameJson, type Json, type JsonObject } from '../json.js';
import type { Command } from '../message.js';
import { isResourceId, RESOURCE_ID_RULE } from '../resource-id.js';
import type { RecordedEvent } from '../store/store.js';
import { changedPaths } from './changes.js';
import type { Current, Decision, DecisionContext } from './decision.js';
import type { ResourceDefinition } from './definition.js';
import { detachAll } from './detaching.js';
import { checkLifeCycle } from './life-cycle.js';
import { NAMESPACE, notification, type Happening } from './notification.js';
import { applyPatchOf } from './patch.js';
import { checkReferences } from './reference-check.js';
import type { Surroundings } from './references.js';
import { storedForm } from './representation.js';
import { masked, maskedAlready, unmasked, unmaskingOperation, withoutDropped } from './secrets.js';
import { stamped } from './stamps.js';
import { warningHeader } from './warnings.js';

const CREATE_TYPE = 'application/json';

/**
 * The id of the resource that a command is about: of a create the subject or the body's id, else one derived from
 * the command, so that a repeated create meets itself.
 * @throws Refusal 400 when it names none, two different ones or an impossible one.
 */
export function targetId(command: Command): string {
  const inBody = command.action === 'create' && isObject(command.data) && Object.hasOwn(command.data, 'id') ? command.data['id'] : undefined;
  if (inBody !== undefined && typeof inBody !== 'string') throw new Refusal(400, 'Invalid id', [{ at: '/id', problem: 'must be a string' }]);
  if (command.subject !== undefined && inBody !== undefined && inBody !== command.subject) {
    throw new Refusal(400, 'Two different ids', [{ at: '/id', problem: `differs from the subject ${command.subject}` }]);
  }
  const id = command.subject ?? inBody;
  if (id === undefined) {
    if (command.action === 'create') return uuidv5(command.hash, NAMESPACE);
    throw new Refusal(400, 'No id', [{ at: 'subject', problem: 'is mandatory: the id of the resource' }]);
  }
  if (!isResourceId(id)) {
    throw new Refusal(400, 'Invalid id', [{ at: command.subject === undefined ? '/id' : 'subject', problem: RESOURCE_ID_RULE }]);
  }
  return id;
}

/** Decides one command on the state it meets. Pure. @throws Refusal when the answer is no. */
export function decide(definition: ResourceDefinition, command: Command, id: string, current: Current, world: Surroundings, context: DecisionContext): Decision {
  switch (command.action) {
    case 'create':
      return create(definition, command, id, current, world, context);
    case 'patch':
      return patch(definition, command, id, living(definition, id, current), world, context);
    case 'delete':
      return remove(definition, command, id, living(definition, id, current), world, context);
  }
}

function create(definition: ResourceDefinition, command: Command, id: string, current: Current, world: Surroundings, context: DecisionContext): Decision {
  if (command.contentType !== CREATE_TYPE) {
    throw new Refusal(415, `Create with ${CREATE_TYPE}`, [{ at: 'Content-Type', problem: `${command.contentType} is not ${CREATE_TYPE}` }]);
  }
  if (!isObject(command.data)) throw new Refusal(400, `A ${definition.typeName} is a JSON object`, [{ at: '/', problem: 'must be a JSON object' }]);
  if (current && !current.deleted) throw new Refusal(409, `${definition.typeName} ${id} exists already`, [{ at: '/id', problem: 'is taken' }]);
  checkRevision(command, current?.revision ?? 0, false);
  const { id: _, href: __, ...attributes } = command.data;
  const given = { id, ...definition.stamps.onCreate(context.now), ...attributes };
  const { resource, warnings, relied } = checkReferences(definition, given, undefined, context.references, world);
  validate(definition, resource);
  checkLifeCycle(definition, undefined, stateOf(definition, resource));
  const revision = (current?.revision ?? 0) + 1;
  const represented = context.representation.seen(definition, resource);
  return {
    reply: { status: 201, headers: { ETag: entityTag(revision), Location: represented['href'] as string, ...warningHeader(warnings) }, body: represented },
    changes: [{ type: definition.name, id, revision, resource, deleted: false }],
    relied,
    events: announce(definition, command, [{ eventType: definition.events.create, revision, number: 0 }], represented, context),
    warnings,
  };
}

function patch(definition: ResourceDefinition, command: Command, id: string, current: NonNullable<Current>, world: Surroundings, context: DecisionContext): Decision {
  checkRevision(command, current.revision, true);
  if (command.data === undefined) throw new Refusal(400, 'The patch is missing', [{ at: '/', problem: 'is mandatory' }]);
  const unmasking = unmaskingOperation(command.data, definition.secrets);
  if (unmasking >= 0) throw new Refusal(400, 'A masked value cannot be copied or moved', [{ at: `/${unmasking}/from`, problem: 'names an attribute that is masked, or selects by content' }]);
  // Patched as the caller saw it, with href and the answer's defaults.
  const before = context.representation.represent(definition, current.resource);
  const patched = withoutDropped(unmasked(before, applyPatchOf(command.contentType, before, command.data, context.maxDepth), definition.secrets), definition.secrets);
  const faults = definition.unpatchable
    .filter((name) => !sameJson(before[name], patched[name]))
    .map((name) => ({ at: `/${name}`, problem: 'cannot be changed' }));
  if (faults.length > 0) throw new Refusal(400, 'An attribute that cannot be changed', faults);

  const wanted = storedForm(definition, current.resource, patched);
  const { resource, warnings, relied } = checkReferences(definition, wanted, current.resource, context.references, world);
  validate(definition, resource);
  checkLifeCycle(definition, stateOf(definition, current.resource), stateOf(definition, resource));
  const { happenings, dated } = happeningsOf(definition, current, resource, context.now);
  const revision = current.revision + happenings.length;
  const represented = context.representation.seen(definition, dated);
  return {
    reply: { status: 200, headers: { ETag: entityTag(revision), ...warningHeader(warnings) }, body: represented },
    changes: happenings.length === 0 ? [] : [{ type: definition.name, id, revision, resource: dated, deleted: false }],
    relied,
    events: announce(definition, command, happenings, represented, context),
    warnings,
  };
}

/** What a change is announced as: the state with what belongs to it first, then everything else. Stamps are set on the way. */
function happeningsOf(definition: ResourceDefinition, current: NonNullable<Current>, resource: JsonObject, now: string): { readonly happenings: Happening[]; readonly dated: JsonObject } {
  const { statusAttribute, stateAttributes, stamps, events } = definition;
  const changed = changedPaths(current.resource, resource);
  const stateChanged = statusAttribute !== undefined && changed.includes(statusAttribute);
  const ofState = stateChanged ? [statusAttribute, ...stateAttributes] : [];
  const others = changed.filter((path) => !ofState.includes(path));
  const happenings: Happening[] = [];
  const add = (eventType: string, fieldPath?: string): void => {
    const number = happenings.length;
    happenings.push({ eventType, revision: current.revision + number + 1, number, ...(fieldPath === undefined ? {} : { fieldPath }) });
  };
  if (stateChanged) add(events.stateChange);
  if (others.length > 0) add(events.attributeValueChange, others.join(','));
  const dates = [...(stateChanged ? stamps.onStateChange : []), ...(changed.length > 0 ? stamps.onChange : [])];
  return { happenings, dated: stamped(resource, dates, changed, now) };
}

function remove(definition: ResourceDefinition, command: Command, id: string, current: NonNullable<Current>, world: Surroundings, context: DecisionContext): Decision {
  checkRevision(command, current.revision, true);
  const revision = current.revision + 1;
  const represented = context.representation.seen(definition, current.resource);
  const deletion = announce(definition, command, [{ eventType: definition.events.delete, revision, number: 0 }], represented, context);
  const others = detachAll(definition, command, id, current.resource, world, context);
  return {
    reply: { status: 204, headers: {} },
    changes: [{ type: definition.name, id, revision, resource: masked(current.resource, definition.secrets), deleted: true }, ...others.changes],
    relied: [],
    events: [...deletion, ...others.events],
    warnings: [],
  };
}

function stateOf({ statusAttribute }: ResourceDefinition, resource: JsonObject): Json | undefined {
  return statusAttribute === undefined ? undefined : resource[statusAttribute];
}

function living(definition: ResourceDefinition, id: string, current: Current): NonNullable<Current> {
  if (!current || current.deleted) throw notFound(definition.name, id);
  return current;
}

/** `expectedrevision` carries what If-Match named: revisions joined by commas, or `*`. 0 means that there is none yet. */
function checkRevision(command: Command, revision: number, exists: boolean): void {
  if (command.expectedRevision === undefined) return;
  const expected = command.expectedRevision.split(',').map((text) => text.trim());
  if (expected.includes('*') ? !exists : !expected.some((text) => text !== '' && Number(text) === revision)) {
    throw new Refusal(412, 'The resource has another revision', [{ at: 'If-Match', problem: `expected ${command.expectedRevision}, found ${revision}` }]);
  }
}

/** Brings the resource to its canonical form in place. @throws Refusal 400 with every fault. */
export function validate(definition: ResourceDefinition, resource: JsonObject): void {
  const hidden = maskedAlready(resource, definition.secrets).map((name) => ({ at: `/${name}`, problem: 'is a masked value' }));
  const faults = [...definition.validate(resource), ...hidden];
  if (faults.length > 0) throw new Refusal(400, `Not a valid ${definition.typeName}`, faults);
}

function announce(
  definition: ResourceDefinition,
  command: Command,
  happenings: readonly Happening[],
  represented: JsonObject,
  context: DecisionContext,
): RecordedEvent[] {
  return happenings.map((happening) => notification(definition, command, happening, represented, context.notifications, context.now));
}
