import { RE2JS } from 're2js';
import { isObject, type Json } from '../json.js';
import { bounds, operands, type Condition, type Scalar } from '../store/query.js';
import { compareText } from '../text-order.js';

type Test = (value: Json) => boolean;

/** The test whether any JSON fits a condition on what lies at its path. */
export function compileCondition({ path, operator, values }: Condition): Test {
  const test = compileTest(operator, values);
  const wanted = operator !== 'ne' && operator !== 'nin';
  return (json) => someLeaf(json, path, 0, test) === wanted;
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
