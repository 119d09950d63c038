import { compileCondition } from '../query/match.js';
import { isId, type Condition } from './query.js';
import type { StoredResource } from './store.js';

/** The test whether a resource fits; `mongo-filter.ts` gives the same answers on MongoDB. */
export function compileConditions(where: readonly Condition[]): (stored: StoredResource) => boolean {
  const conditions = where.map(compileStored);
  return (stored) => conditions.every((condition) => condition(stored));
}

function compileStored(condition: Condition): (stored: StoredResource) => boolean {
  const test = compileCondition(condition);
  // The key of the store, whatever the resource itself has there.
  if (isId(condition.path)) return ({ id }) => test({ id });
  return ({ resource }) => test(resource);
}
