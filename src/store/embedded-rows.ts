import { fromText, type ResourceRow, type Tables, type Text } from './embedded-tables.js';
import type { StoredResource } from './store.js';

/** The resource or tombstone with this id. */
export function currentRow(tables: Tables, type: string, id: string): ResourceRow | undefined {
  const { live, tombstones } = tables.type(type);
  const text = live.get(id) ?? tombstones.get(id);
  return text === undefined ? undefined : fromText(text);
}

export function toStored(id: string, { revision, commit, at, resource, expires, guard }: ResourceRow): StoredResource {
  return { id, revision, commit, ...(at === undefined ? {} : { at: new Date(at) }), resource, deleted: expires !== undefined, ...(guard === undefined ? {} : { guard }) };
}

export function readStored(id: string, text: Text<ResourceRow>): StoredResource {
  return toStored(id, fromText(text));
}
