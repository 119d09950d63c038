import type { Json } from '../json.js';

/** The operators of TMF630 part 1, section "Query resources with attribute filtering", plus `in` and `nin`. */
export type Operator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin' | 'regex';

/**
 * One condition of a list query; several are joined by AND.
 * A condition is about the scalars found at its path, those inside an array one by one: `eq`, `in`, the comparisons
 * and `regex` hold when one of them fits, `ne` and `nin` when none does, so also where the attribute is missing.
 */
export interface Condition {
  /** Attribute names from the resource downwards; arrays are passed through. `['id']` is the resource's id. */
  readonly path: readonly string[];
  readonly operator: Operator;
  /** As text, see `operands`; alternatives are joined by OR (for `ne` and `nin`: none of them). */
  readonly values: readonly string[];
}

/**
 * Values order as in BSON: empty array, null or missing, numbers, strings (by code point), objects, arrays, booleans.
 * An array counts by its least element, or its greatest when descending.
 */
export interface SortKey {
  readonly path: readonly string[];
  readonly descending: boolean;
}

/**
 * A place in the order of a query: one value for each key of `completeSort`, or none where the resource has an empty array,
 * which comes before all values. It stays a place when the resource that it was taken from is changed or deleted.
 */
export type Position = readonly (readonly [Json] | readonly [])[];

export interface Query {
  readonly where: readonly Condition[];
  /** What ties is ordered by id, in the direction of the last key. */
  readonly sort: readonly SortKey[];
  /** The page begins behind this place; absent: at the beginning. */
  readonly after?: Position;
  /** How many to leave out from there. */
  readonly offset: number;
  readonly limit: number;
  /** How far to count what matches; 0: not at all. */
  readonly countMax: number;
}

export type Scalar = string | number | boolean;

/** Number as JSON writes it (RFC 8259, section 6). */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The number that a query's text writes, if it is one that JSON can hold. */
export function numberOf(text: string): number | undefined {
  const number = NUMBER.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** The values that a query's text equals: itself, and the number or boolean that it writes. `5` is "5" and 5. */
export function operands(text: string): Scalar[] {
  const number = numberOf(text);
  if (number !== undefined) return [text, number];
  return text === 'true' || text === 'false' ? [text, text === 'true'] : [text];
}

/** The values that a query's text is compared with: "5" with strings as text and with numbers as a number. */
export function bounds(text: string): (string | number)[] {
  const number = numberOf(text);
  return number === undefined ? [text] : [text, number];
}

/** The whole order of a query: each path once, and the id last: it leaves no ties for further keys. */
export function completeSort(sort: readonly SortKey[]): SortKey[] {
  const keys = sort.filter((key, i) => sort.findIndex((other) => samePath(other, key)) === i);
  const idAt = keys.findIndex((key) => isId(key.path));
  if (idAt >= 0) return keys.slice(0, idAt + 1);
  return [...keys, { path: ['id'], descending: keys.at(-1)?.descending ?? false }];
}

function samePath(left: SortKey, right: SortKey): boolean {
  return JSON.stringify(left.path) === JSON.stringify(right.path);
}

/** True for the path of the resource's own id, which both stores keep as their key. */
export function isId(path: readonly string[]): boolean {
  return path.length === 1 && path[0] === 'id';
}
