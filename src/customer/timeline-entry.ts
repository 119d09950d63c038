import type { Change } from '../history.js';
import { isObject, withoutUndefined, type Json, type JsonObject } from '../json.js';
import { textAt } from '../store/latest.js';
import type { Related } from './customers.js';
import { UNDATED, type TimelinePlace } from './timeline-place.js';

export const KINDS = ['change', 'interaction'] as const;
export type Kind = (typeof KINDS)[number];

/** Something that happened to a customer. */
export interface TimelineEntry {
  readonly kind: Kind;
  readonly place: TimelinePlace;
  /** By any name that they have. */
  readonly channels: readonly string[];
  /** As it is answered. */
  readonly view: JsonObject;
}

/** `type/id`, as the log has it. */
export function orderOf({ definition, stored }: Related): string {
  return `${definition.name}/${stored.id}`;
}

/** A change of a resource of the customer's. @param at when, in milliseconds */
export function changeEntry(related: Related, change: Change, at: number): TimelineEntry {
  const { revision, command, events } = change;
  const { source, authid, correlationid, channel = source } = command;
  const fieldPath = events.flatMap((event) => event.fieldPath ?? []).join(',') || undefined;
  const types = events.map(({ type }) => type.slice(type.lastIndexOf('.') + 1));
  const shown = { kind: 'change', at: new Date(at).toISOString(), ...idOf(related), revision, events: types, fieldPath, source, channel, authid, correlationid };
  return {
    kind: 'change',
    place: { at, key: orderOf(related), revision },
    channels: channel === undefined ? [] : [channel],
    view: withoutUndefined(shown) as JsonObject,
  };
}

/** A resource that has a date of its own, as it is now. */
export function interactionEntry(related: Related): TimelineEntry {
  const { definition, stored } = related;
  const { resource } = stored;
  const date = textAt(resource, definition.viewDate?.split('.') ?? []);
  const time = date === undefined ? NaN : Date.parse(date);
  const channels = channelsOf(resource['channel']);
  const status = definition.statusAttribute === undefined ? undefined : resource[definition.statusAttribute];
  const { reason, direction } = resource;
  const shown = { kind: 'interaction', at: date, ...idOf(related), channels: channels.map(({ name }) => name), reason, status, direction };
  return {
    kind: 'interaction',
    place: { at: Number.isNaN(time) ? UNDATED : time, key: orderOf(related), revision: 0 },
    channels: channels.flatMap(({ name, id }) => (id === undefined ? [name] : [name, id])),
    view: withoutUndefined(shown) as JsonObject,
  };
}

function idOf({ definition, stored }: Related): { readonly type: string; readonly id: string } {
  return { type: definition.typeName, id: stored.id };
}

/** Each by its name, or by its id where it has none. */
function channelsOf(value: Json | undefined): { readonly name: string; readonly id: string | undefined }[] {
  return (Array.isArray(value) ? value : []).filter(isObject).flatMap((channel) => {
    const [name, id] = [textAt(channel, ['name']), textAt(channel, ['id'])];
    const called = name ?? id;
    return called === undefined ? [] : [{ name: called, id }];
  });
}
