import { escapeName } from './mongo-names.js';
import { toPcre } from './mongo-regex.js';
import { bounds, completeSort, isId, operands, type Condition, type SortKey } from './query.js';

/** A filter in MongoDB's query language. Text from a query is only ever a value in it, never an operator. */
export interface MongoFilter {
  readonly [pathOrOperator: string]: unknown;
}

const NOTHING: MongoFilter = { _id: { $in: [] } };

/** The filter for stored resources; `embedded-match.ts` gives the same answers on the embedded store. */
export function toFilter(where: readonly Condition[]): MongoFilter {
  return where.length === 0 ? {} : { $and: where.map(conditionFilter) };
}

/** The sort specification, complete with the id. */
export function toSort(sort: readonly SortKey[]): Map<string, 1 | -1> {
  return new Map(completeSort(sort).map((key) => [toPath(key.path), key.descending ? -1 : 1]));
}

/** Where an attribute lies in the stored document. */
export function toPath(path: readonly string[]): string {
  return isId(path) ? '_id' : ['resource', ...path.map(escapeName)].join('.');
}

function conditionFilter({ path, operator, values }: Condition): MongoFilter {
  const at = toPath(path);
  switch (operator) {
    case 'eq':
    case 'in':
      return { [at]: { $in: values.flatMap(operands) } };
    case 'ne':
    case 'nin':
      return { [at]: { $nin: values.flatMap(operands) } };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return anyOf(values.flatMap(bounds).map((bound) => ({ [at]: { [`$${operator}`]: bound } })));
    case 'regex':
      return anyOf(values.map((pattern) => ({ [at]: { $regex: toPcre(pattern) } })));
  }
}

function anyOf(filters: readonly MongoFilter[]): MongoFilter {
  const [first = NOTHING, ...others] = filters;
  return others.length === 0 ? first : { $or: filters };
}
