import { RE2JS } from 're2js';
import { isObject, type Json } from '../json.js';
import { compareText } from './sort-order.js';
import { bounds, isId, operands, type Condition, type Scalar } from './query.js';
import type { StoredResource } from './store.js';

type Test = (value: Json) => boolean;

/** The test whether a resource fits; `mongo-filter.ts` gives the same answers on MongoDB. */
export function compileConditions(where: readonly Condition[]): (stored: StoredResource) => boolean {
  const conditions = where.map(compileCondition);
  return (stored) => conditions.every((condition) => condition(stored));
}

function compileCondition({ path, operator, values }: Condition): (stored: StoredResource) => boolean {
  const test = compileTest(operator, values);
  const wanted = operator !== 'ne' && operator !== 'nin';
  if (isId(path)) return (stored) => test(stored.id) === wanted;
  return (stored) => someLeaf(stored.resource, path, 0, test) === wanted;
}

/** For `ne` and `nin` the test for what must not be there. */
function compileTest(operator: Condition['operator'], values: readonly string[]): Test {
  switch (operator) {
    case 'eq':
    case 'in':
    case 'ne':
    case 'nin': {
      const accepted = new Set<Json>(values.flatMap(operands));
      return (value) => accepted.has(value);
    }
    case 'gt':
      return comparison(values, (order) => order > 0);
    case 'gte':
      return comparison(values, (order) => order >= 0);
    case 'lt':
      return comparison(values, (order) => order < 0);
    case 'lte':
      return comparison(values, (order) => order <= 0);
    case 'regex': {
      const patterns = values.map((pattern) => RE2JS.compile(pattern));
      return (value) => typeof value === 'string' && patterns.some((pattern) => pattern.matcher(value).find());
    }
  }
}

/** Numbers are compared with numbers and text with text; nothing else has an order. */
function comparison(values: readonly string[], holds: (order: number) => boolean): Test {
  const limits = values.flatMap(bounds);
  return (value) => limits.some((limit) => isSameType(value, limit) && holds(compareScalars(value, limit)));
}

function isSameType(value: Json, limit: Scalar): value is Scalar {
  return typeof value === typeof limit;
}

function compareScalars(value: Scalar, limit: Scalar): number {
  return typeof value === 'string' && typeof limit === 'string' ? compareText(value, limit) : Number(value) - Number(limit);
}

/** Whether one of the values at the path fits. An array on the way is passed through once: one that lies directly in another is not. */
function someLeaf(value: Json | undefined, path: readonly string[], depth: number, test: Test): boolean {
  const name = path[depth];
  if (name === undefined) return Array.isArray(value) ? value.some(test) : value !== undefined && test(value);
  if (Array.isArray(value)) return value.some((item) => isObject(item) && someLeaf(item, path, depth, test));
  return isObject(value) && Object.hasOwn(value, name) && someLeaf(value[name], path, depth + 1, test);
}
