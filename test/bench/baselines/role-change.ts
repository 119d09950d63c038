import type { ClientSession, Collection } from 'mongodb';
import type { JsonObject } from '../../../src/json.js';
import type { PlainCommand } from './link.js';
import { mergePatch } from './merge-patch.js';

/** A role as a hand-written worker keeps it: its attributes and nothing beside them. */
export interface RoleDocument extends JsonObject {
  _id: string;
}

/** What a command does to a role, and the event that tells of it. */
export type Change = { readonly event: RoleEvent } & (
  | { readonly action: 'create' | 'patch'; readonly after: RoleDocument }
  | { readonly action: 'delete'; readonly id: string }
);

export interface RoleEvent {
  /** `partyRole.PartyRoleCreateEvent` */
  readonly key: string;
  readonly id: string;
  /** A structured CloudEvent. */
  readonly content: string;
}

const EVENTS = { create: 'PartyRoleCreateEvent', patch: 'PartyRoleAttributeValueChangeEvent', delete: 'PartyRoleDeleteEvent' } as const;

/** Undefined for a creation of what exists, and for a change of what does not. @throws Error for a command of another type. */
export function changeOf({ attributes, body }: PlainCommand, before: RoleDocument | null): Change | undefined {
  const { subject: id = '' } = attributes;
  const action = actionOf(attributes['type']);
  if ((action === 'create') !== (before === null)) return undefined;
  if (action === 'delete') return { action, id, event: eventOf(action, attributes, before ?? {}) };
  const content = JSON.parse(Buffer.from(body).toString('utf8')) as JsonObject;
  const after = { ...(before === null ? content : mergePatch(before, content)), _id: id };
  return { action, after, event: eventOf(action, attributes, after) };
}

export async function write(roles: Collection<RoleDocument>, change: Change, session?: ClientSession): Promise<void> {
  const options = session === undefined ? {} : { session };
  switch (change.action) {
    case 'create':
      await roles.insertOne(change.after, options);
      return;
    case 'patch':
      await roles.replaceOne({ _id: change.after._id }, change.after, options);
      return;
    case 'delete':
      await roles.deleteOne({ _id: change.id }, options);
  }
}

function actionOf(type: string | undefined): Change['action'] {
  const action = type?.split('.').at(-1);
  if (action === 'create' || action === 'patch' || action === 'delete') return action;
  throw new Error(`no command of this worker: ${type}`);
}

function eventOf(action: Change['action'], { id = '', subject, type }: PlainCommand['attributes'], { _id, ...role }: JsonObject): RoleEvent {
  const event = { specversion: '1.0', id, source: '/plain', type, subject, datacontenttype: 'application/json', data: { event: { partyRole: { id: _id, ...role } } } };
  return { key: `partyRole.${EVENTS[action]}`, id, content: JSON.stringify(event) };
}
