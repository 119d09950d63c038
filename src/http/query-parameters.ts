import { Refusal } from '../errors.js';
import { parseConditions } from '../query/conditions.js';
import { type Fields, fieldsOf } from '../query/fields.js';
import type { NamedCondition, ScalarTypeOf } from '../query/filter-parameter.js';
import { attributePath, badParameter, decode, decodeList } from '../query/parameter.js';
import type { Condition, Query, SortKey } from '../store/query.js';
import { type ListIdentity, readCursor } from './cursor.js';
import { onStoredAttribute, sortedByStoredAttribute } from './href-condition.js';

/** What a list request asks for. */
export interface ListParameters {
  readonly query: Query;
  readonly list: ListIdentity;
  /** Whether `cursor` was given, if only to begin. */
  readonly byCursor: boolean;
  /** Undefined: everything. */
  readonly fields: Fields | undefined;
  /** Parameters that hold regular expressions, to be named when the query takes too long. */
  readonly patterns: readonly string[];
}

export interface ListRules {
  /** `partyRole` */
  readonly resource: string;
  readonly pageDefault: number;
  readonly pageMax: number;
  /** How far the total is counted. */
  readonly countMax: number;
  readonly scalarType: ScalarTypeOf;
  /** Attributes that lists do not show: whoever could filter or sort by them could guess them. */
  readonly hidden: readonly string[];
  /** What comes before the id in this resource type's hrefs. */
  readonly hrefPrefix: string;
}

const MAX_QUERY_LENGTH = 8_000;
const MAX_SORT_KEYS = 10;
const MAX_OFFSET = 2 ** 31 - 1;

/** Parameters with a meaning of their own; everything else is a filter. */
const CONTROLS = ['fields', 'sort', 'offset', 'limit', 'cursor'] as const;
type Control = (typeof CONTROLS)[number];

/**
 * Reads the raw query string of a list request (TMF630 part 1): `fields`, `sort=-a,b`, `offset`, `limit`, and filters as
 * `parseFilter` reads them; `cursor` is an extension, and empty it begins a list. Parameters are joined by AND; the same attribute and operator again adds alternatives (OR).
 * @throws Refusal 400 that names the parameter, 414 for a query string of more than 8,000 characters.
 */
export function parseListParameters(rawQuery: string, rules: ListRules): ListParameters {
  const { controls, filters } = partition(rawQuery);
  const conditions = parseConditions(filters, rules.scalarType);
  const sort = sortKeys(controls.sort);
  for (const { parameter, path } of [...conditions, ...sort.map((key) => ({ parameter: 'sort', path: key.path }))]) {
    const hidden = path.find((name) => rules.hidden.includes(name));
    if (hidden !== undefined) throw badParameter(parameter, `${hidden} is masked in lists, so they are neither filtered nor sorted by it`);
  }
  const stored = conditions.map((condition) => onStoredAttribute(condition, rules.hrefPrefix));
  const limit = count('limit', controls.limit, rules.pageDefault);
  if (limit > rules.pageMax) throw badParameter('limit', `may be at most ${rules.pageMax}`);
  const offset = count('offset', controls.offset, 0);
  if (offset > MAX_OFFSET) throw badParameter('offset', `may be at most ${MAX_OFFSET}`);
  const [cursor] = controls.cursor.map((text) => decode('cursor', text));
  if (controls.cursor.length > 1) throw badParameter('cursor', 'must be given once');
  if (cursor !== undefined && controls.offset.length > 0) throw badParameter('cursor', 'takes the place of offset');
  const list = { resource: rules.resource, where: stored.map(unnamed), sort };
  // Whoever goes on has been told the total before.
  const start = cursor === undefined ? { countMax: rules.countMax } : { countMax: 0, ...(cursor === '' ? {} : { after: readCursor(list, cursor) }) };
  return {
    query: { where: list.where, sort: list.sort, offset, limit, ...start },
    list,
    byCursor: cursor !== undefined,
    fields: fieldsOf(controls.fields.flatMap((text) => decodeList('fields', text))),
    patterns: conditions.filter(({ operator }) => operator === 'regex').map(({ parameter }) => parameter),
  };
}

/** Reads `fields` of a request for one resource; other parameters mean nothing there. */
export function parseFields(rawQuery: string): Fields | undefined {
  return fieldsOf(partition(rawQuery).controls.fields.flatMap((text) => decodeList('fields', text)));
}

interface Parameters {
  /** Raw values, in the order given. */
  readonly controls: Readonly<Record<Control, string[]>>;
  /** Raw parameters. */
  readonly filters: string[];
}

function partition(rawQuery: string): Parameters {
  if (rawQuery.length > MAX_QUERY_LENGTH) throw new Refusal(414, `The query string has more than ${MAX_QUERY_LENGTH} characters`);
  const controls: Record<Control, string[]> = { fields: [], sort: [], offset: [], limit: [], cursor: [] };
  const filters: string[] = [];
  for (const part of rawQuery.split('&')) {
    const control = CONTROLS.find((name) => part === name || part.startsWith(`${name}=`));
    if (control !== undefined) controls[control].push(part.slice(control.length + 1));
    else if (part !== '') filters.push(part);
  }
  return { controls, filters };
}

function unnamed({ path, operator, values }: NamedCondition): Condition {
  return { path, operator, values };
}

function count(name: Control, texts: readonly string[], fallback: number): number {
  const [text, second] = texts;
  if (second !== undefined) throw badParameter(name, 'must be given once');
  if (text === undefined) return fallback;
  if (!/^\d{1,15}$/.test(decode(name, text))) throw badParameter(name, 'must be a whole number, 0 or more');
  return Number(decode(name, text));
}

function sortKeys(texts: readonly string[]): SortKey[] {
  const keys = texts.flatMap((text) => decodeList('sort', text));
  if (keys.length > MAX_SORT_KEYS) throw badParameter('sort', `has more than ${MAX_SORT_KEYS} attributes`);
  return keys.map((key) => {
    const [, sign, name = ''] = /^([-+ ]?)(.*)$/s.exec(key) ?? [];
    return sortedByStoredAttribute({ path: attributePath('sort', name), descending: sign === '-' });
  });
}
