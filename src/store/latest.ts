import { isObject, type Json, type JsonObject } from '../json.js';
import type { DatedPlace, StoredResource } from './store.js';

/** The text at a path that goes through no array; undefined where there is none. */
export function textAt(resource: JsonObject, path: readonly string[]): string | undefined {
  let value: Json | undefined = resource;
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** Where a resource stands among others, the latest first. */
export function datedPlaceOf({ id, resource }: StoredResource, date: readonly string[]): DatedPlace {
  return { date: textAt(resource, date), id };
}

/** Negative where the first one comes first: it is later, or has the greater id. */
export function compareDated(one: DatedPlace, other: DatedPlace): number {
  if (one.date !== other.date) return (one.date ?? '') > (other.date ?? '') ? -1 : 1;
  return one.id === other.id ? 0 : one.id > other.id ? -1 : 1;
}

/** The first of them in that order, each once. */
export function latestOf(found: readonly StoredResource[], date: readonly string[], limit: number): StoredResource[] {
  const byId = new Map(found.map((stored) => [stored.id, stored]));
  const placed = [...byId.values()].map((stored) => ({ stored, place: datedPlaceOf(stored, date) }));
  placed.sort((one, other) => compareDated(one.place, other.place));
  return placed.slice(0, limit).map(({ stored }) => stored);
}
