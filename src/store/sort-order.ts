import { QueryTooCostly } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { compareText } from '../text-order.js';
import { escapeName } from './mongo-names.js';
import { completeSort, isId, type Position, type Query, type SortKey } from './query.js';
import type { StoredResource } from './store.js';

/** An empty array at the end of a sort path has a place of its own, before null. */
const EMPTY = Symbol('empty array');

type SortValue = Json | typeof EMPTY;
type Path = readonly string[];
type Compare = (left: readonly SortValue[], right: readonly SortValue[]) => number;

/** How resources of a query are ordered: a key is taken from each, and the keys compared. */
export interface Ordering {
  readonly keyOf: (stored: StoredResource) => readonly SortValue[];
  readonly compare: Compare;
}

/** The place of a resource in the order of a query. @throws QueryTooCostly where it has none. */
export function positionOf(sort: readonly SortKey[], stored: StoredResource): Position {
  return compileSort(sort).keyOf(stored).map((value) => (value === EMPTY ? [] : [value]));
}

/** The test whether a resource comes behind the place where a query's page begins. */
export function placeTest({ sort, after }: Query): (stored: StoredResource) => boolean {
  if (after === undefined) return () => true;
  const { keyOf, compare } = compileSort(sort);
  const place = after.map(([value = EMPTY]) => value);
  return (stored) => compare(keyOf(stored), place) > 0;
}

/** The order in which MongoDB sorts, ties by id included (MongoDB manual, "Comparison/Sort Order"). */
export function compileSort(sort: readonly SortKey[]): Ordering {
  const keys = completeSort(sort);
  const paths = keys.map((key) => (isId(key.path) ? undefined : key.path));
  const signs = keys.map((key) => (key.descending ? -1 : 1));
  const compare: Compare = (left, right) => {
    for (const [i, sign] of signs.entries()) {
      const order = compareValues(left[i] ?? null, right[i] ?? null);
      if (order !== 0) return order * sign;
    }
    return 0;
  };
  const keyOf = ({ id, resource }: StoredResource): readonly SortValue[] => {
    const fixed = paths.map((path) => (path === undefined ? id : null));
    return candidates(resource, paths, fixed).reduce((best, key) => (compare(key, best) < 0 ? key : best));
  };
  return { keyOf, compare };
}

/**
 * All keys that a resource could be sorted by: one, unless a path meets an array; then one for each of its elements,
 * from which paths that go through the same array take their values together.
 * @throws QueryTooCostly when two paths meet different arrays, which has no order in MongoDB either.
 */
function candidates(object: JsonObject, paths: readonly (Path | undefined)[], fixed: readonly SortValue[]): SortValue[][] {
  const key = [...fixed];
  const rests = paths.map((): Path | undefined => undefined);
  let array: Json[] | undefined;
  for (const [i, path] of paths.entries()) {
    if (path === undefined) continue;
    const { value, rest } = descend(object, path);
    if (!Array.isArray(value)) {
      key[i] = value;
    } else if (array === undefined || array === value) {
      array = value;
      rests[i] = rest;
    } else {
      throw new QueryTooCostly('a resource has arrays at several of the attributes to sort by');
    }
  }
  if (array === undefined) return [key];
  const elements: SortValue[] = array.length === 0 ? [EMPTY] : array;
  return elements.flatMap((element) => {
    const elementKey = key.map((value, i) => (rests[i]?.length === 0 ? element : value));
    const below = isObject(element) ? element : {};
    return candidates(below, rests.map(unlessEmpty), elementKey);
  });
}

function unlessEmpty(rest: Path | undefined): Path | undefined {
  return rest?.length === 0 ? undefined : rest;
}

/** Follows a path to its end, to the first array, or to where there is nothing, which counts as null. */
function descend(object: JsonObject, path: Path): { value: Json; rest: Path } {
  let value: Json = object;
  for (const [depth, name] of path.entries()) {
    const next: Json | undefined = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (next === undefined) return { value: null, rest: [] };
    if (Array.isArray(next)) return { value: next, rest: path.slice(depth + 1) };
    value = next;
  }
  return { value, rest: [] };
}

function rank(value: SortValue): number {
  if (value === EMPTY) return 0;
  if (value === null) return 1;
  if (typeof value === 'number') return 2;
  if (typeof value === 'string') return 3;
  if (typeof value === 'boolean') return 6;
  return Array.isArray(value) ? 5 : 4;
}

function compareValues(left: SortValue, right: SortValue): number {
  if (left === right) return 0;
  const byType = rank(left) - rank(right);
  if (byType !== 0) return byType;
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (Array.isArray(left) && Array.isArray(right)) return compareMembers(left.map(unnamed), right.map(unnamed));
  if (isObject(left) && isObject(right)) return compareMembers(Object.entries(left), Object.entries(right));
  return Number(left) - Number(right);
}

function unnamed(value: Json): [string, Json] {
  return ['', value];
}

/** Member by member: type, then name as it is stored, then value; what ends first comes first. */
function compareMembers(left: readonly [string, Json][], right: readonly [string, Json][]): number {
  for (const [i, [name, value]] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    const order = rank(value) - rank(other[1]) || compareText(escapeName(name), escapeName(other[0])) || compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
