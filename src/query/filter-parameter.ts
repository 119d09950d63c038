import { toUtcDateTime } from '../date-time.js';
import { inBothCases } from '../handlers/first-letter.js';
import type { ScalarType } from '../handlers/schema.js';
import { type Condition, numberOf, type Operator } from '../store/query.js';
import { attributePath, badParameter, decode, decodeList, decodePatterns } from './parameter.js';

/** A condition with the parameter's name, for error texts. */
export interface NamedCondition extends Condition {
  readonly parameter: string;
}

export type ScalarTypeOf = (path: readonly string[]) => ScalarType | undefined;

const OPERATORS: ReadonlySet<string> = new Set<Operator>(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'regex']);

const SYMBOLS: Readonly<Record<string, Operator>> = {
  '=': 'eq',
  '!=': 'ne',
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
  '*=': 'regex',
};

/** Name, symbol, value; the first symbol counts, percent-encoded or not. */
const PARAMETER = /^(.*?)((?:>|%3E|<|%3C)(?:=|%3D)?|(?:\*|%2A|!|%21)(?:=|%3D)|=)(.*)$/is;

/** Operators of other query languages: taken for attribute names they would silently match nothing. */
const FOREIGN = new Set(
  ['all', 'and', 'between', 'contains', 'elemmatch', 'endswith', 'equals', 'exists', 'ge', 'ilike', 'isnull', 'le', 'like']
    .concat(['match', 'mod', 'neq', 'nlike', 'nor', 'not', 'notin', 'notnull', 'or', 'range', 'regexp', 'size', 'startswith', 'where']),
);

/** TMF630 gives these a meaning of their own, or this service does not offer them: no attributes to filter by. */
const RESERVED = new Set(['fields', 'sort', 'offset', 'limit', 'cursor', 'filter', 'expand', 'depth']);

/**
 * One filter parameter (TMF630 part 1, "Query resources with attribute filtering"), without its neighbours:
 * - `status=active`, `engagedParty.id.eq=1`: a dotted name goes down, through arrays, and may end in an operator
 *   `.eq .ne .gt .gte .lt .lte .in .nin .regex`;
 * - `name!=a`, `name>a`, `name>=a`, `name<a`, `name<=a`, `name*=a.*` for ne, gt, gte, lt, lte, regex; the symbols may be percent-encoded;
 * - `status=active,validated` or `status=active;status=validated`: one of them (for ne and nin: none of them).
 * Values that are date-times are compared as UTC; for equality the text as written counts too.
 * @throws Refusal 400 that names the parameter.
 */
export function parseFilter(raw: string, scalarType: ScalarTypeOf): NamedCondition {
  const [first, ...others] = raw.split(';').map((part) => parseCondition(part, scalarType));
  if (!first) throw badParameter(raw, 'is empty');
  for (const other of others) {
    if (other.operator !== first.operator || other.path.join('.') !== first.path.join('.')) {
      throw badParameter(first.parameter, '; joins alternatives of one attribute and operator; conditions are joined by &, and a literal ; is %3B');
    }
  }
  return { ...first, values: [first, ...others].flatMap((condition) => condition.values) };
}

function parseCondition(raw: string, scalarType: ScalarTypeOf): NamedCondition {
  const [, rawName, rawSymbol, rawValue] = PARAMETER.exec(raw) ?? [];
  if (rawName === undefined || rawSymbol === undefined || rawValue === undefined) throw badParameter(raw, 'has no value');
  const parameter = decode(rawName, rawName);
  const { path, operator } = target(parameter, SYMBOLS[decodeURIComponent(rawSymbol)] ?? 'eq', scalarType);
  const values = operator === 'regex' ? decodePatterns(parameter, rawValue) : decodeList(parameter, rawValue);
  const type = scalarType(path);
  if (operator !== 'regex') for (const value of values) checkType(parameter, type, value);
  return { parameter, path, operator, values: values.flatMap((value) => comparable(operator, value, type)) };
}

/** A value that no value of the declared type can equal is a mistake, not a filter that matches nothing. */
function checkType(parameter: string, type: ScalarType | undefined, value: string): void {
  if ((type === 'number' || type === 'integer') && numberOf(value) === undefined) throw badParameter(parameter, `${value} is not a number`);
  if (type === 'date-time' && toUtcDateTime(value) === undefined) throw badParameter(parameter, `${value} is not a date-time`);
}

/** What is compared, and how: the operator is a suffix of the name or the symbol, not both. */
function target(parameter: string, symbol: Operator, scalarType: ScalarTypeOf): { path: string[]; operator: Operator } {
  const path = attributePath(parameter, parameter);
  const last = path.at(-1) ?? '';
  if (path.length === 1) {
    if (RESERVED.has(last)) throw badParameter(parameter, 'is not offered, or not in this form');
    return { path, operator: symbol };
  }
  const suffix = isOperator(last) ? last : undefined;
  if (suffix !== undefined && symbol !== 'eq') throw badParameter(parameter, `has two operators, ${last} and ${symbol}`);
  const attribute = suffix === undefined ? path : path.slice(0, -1);
  // A word of another query language may still be an attribute's name: a declared one, or one with an operator after it.
  const foreign = suffix === undefined && scalarType(path) === undefined && (FOREIGN.has(last.toLowerCase()) || isOperator(last.toLowerCase()));
  if (foreign || isBelowScalar(attribute, scalarType)) {
    throw badParameter(parameter, `unknown operator ${attribute.at(-1)}; known are ${[...OPERATORS].join(', ')}`);
  }
  return { path: attribute, operator: suffix ?? symbol };
}

function isOperator(text: string): text is Operator {
  return OPERATORS.has(text);
}

function isBelowScalar(path: readonly string[], scalarType: ScalarTypeOf): boolean {
  return path.some((_, depth) => depth > 0 && scalarType(path.slice(0, depth)) !== undefined);
}

/**
 * The texts that a value stands for: date-times are stored as UTC where the specification declares them, else as given; the names of
 * types as given, with either case of their first letter.
 */
function comparable(operator: Operator, value: string, type: ScalarType | undefined): string[] {
  if (operator === 'regex') return [value];
  const ordered = operator === 'gt' || operator === 'gte' || operator === 'lt' || operator === 'lte';
  if (type === 'type-name' && !ordered) return [...new Set([value, ...inBothCases(value)])];
  const utc = toUtcDateTime(value);
  if (utc === undefined || utc === value) return [value];
  return ordered ? [utc] : [value, utc];
}
