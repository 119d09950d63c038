import type { Json } from '../json.js';
import { toPath, type MongoFilter } from './mongo-filter.js';
import { escapeAll } from './mongo-names.js';
import { completeSort, isId, type Position, type SortKey } from './query.js';

/** Types in their order, null before them all. */
const ORDER = ['number', 'string', 'object', 'array', 'boolean'];

/** From here on everything is of that type. Not of arrays: a comparison sees them whole, the order their elements. */
const LEAST: ReadonlyMap<string, unknown> = new Map<string, unknown>([['number', -Infinity], ['string', ''], ['object', {}], ['boolean', false]]);

/**
 * The filter for resources behind a place, so that an index on the sort key is entered there. It lets through all of them, and a
 * few more where arrays lie on a path: a comparison sees the elements of an array, the order only one of them, and null where an
 * element has no such attribute at all (`placeTest` tells them apart). What ties on the first keys is behind by the next one.
 */
export function toAfterFilter(sort: readonly SortKey[], after: Position): MongoFilter {
  const branches: MongoFilter[] = [];
  const ties: MongoFilter[] = [];
  const roots = new Set<string>();
  for (const [i, { path, descending }] of completeSort(sort).entries()) {
    const [root = ''] = path;
    // Below one array the elements compete as a whole: with a tie on the first key the second may be anything.
    if (roots.has(root)) {
      branches.push(allOf(ties));
      break;
    }
    roots.add(root);
    const at = toPath(path);
    const [given] = after[i] ?? [];
    const value = given === undefined ? undefined : escapeAll(given);
    const beyond = isId(path) ? [{ [at]: { [descending ? '$lt' : '$gt']: value } }] : beyondValue(at, value, descending);
    if (beyond) branches.push(allOf([...ties, ...beyond]));
    ties.push({ [at]: { $eq: value === undefined ? [] : value } });
  }
  const [first = {}, ...others] = branches;
  return others.length === 0 ? first : { $or: branches };
}

function allOf(conditions: readonly MongoFilter[]): MongoFilter {
  const [first = {}, ...others] = conditions;
  return others.length === 0 ? first : { $and: conditions };
}

/**
 * That no element at the path is at the value or before it, by type first, since a comparison sees its own type only.
 * @param value undefined: the place of an empty array. @returns undefined when nothing can be beyond it.
 */
function beyondValue(at: string, value: Json | undefined, descending: boolean): MongoFilter[] | undefined {
  const without = (condition: object): MongoFilter => ({ [at]: { $not: condition } });
  const notNull = { [at]: { $ne: null } };
  const notEmpty = without({ $size: 0 });
  if (value === undefined) return descending ? undefined : [notEmpty];
  const place = ORDER.indexOf(Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);
  const before = descending ? ORDER.slice(place + 1) : ORDER.slice(0, Math.max(place, 0));
  const ofTypesBefore = before.filter((type) => LEAST.has(type)).map((type) => without({ $gte: LEAST.get(type) }));
  const ofThisType = Array.isArray(value) ? [] : [without({ [descending ? '$gte' : '$lte']: value })];
  if (value === null) return descending ? [notNull, ...ofTypesBefore] : [notNull, notEmpty];
  return descending ? [...ofThisType, ...ofTypesBefore] : [...ofThisType, ...ofTypesBefore, notNull, notEmpty];
}
