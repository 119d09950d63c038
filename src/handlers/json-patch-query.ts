import { JSONPathEnvironment } from 'json-p3';
import type { Operation } from 'rfc6902';
import { Refusal, textOf } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { escapeToken } from './json-pointer.js';

/** Attribute names and array indexes from the resource downwards. */
type Location = readonly (string | number)[];

/** At most so many operations come out of one. */
const MAX_SELECTED = 1000;
const MAX_QUERY_LENGTH = 2000;

const jsonPath = new JSONPathEnvironment();
// These two run the sender's regular expression on JavaScript's backtracking engine.
jsonPath.functionRegister.delete('match');
jsonPath.functionRegister.delete('search');

/**
 * JSON Patch Query (TMF630 part 5): an operation whose `path` (and `from`) selects by content is turned into plain
 * JSON Patch operations on what it selects. Three forms are understood:
 * - a JSON pointer, as in RFC 6902: `/contactMedium/0`;
 * - a pointer with a query, as in the TMF669 specification: `/contactMedium?id=1`, `/contactMedium/characteristic/city?mediumType=post`;
 *   conditions are joined by `&`, compare as text, and may repeat the array's path (`orderItem.product.id=7`);
 * - JSONPath (RFC 9535), with or without the leading `$.`: `relatedParty[?(@.role=='owner')].name`.
 *
 * `add` on a selected object adds the value's attributes to it, on a selected array it appends, else it sets.
 * @throws Refusal 400 for a malformed query or one that selects nothing, 409 for a `test` that finds nothing to test.
 */
export function resolveQueries(resource: JsonObject, operation: Operation, index: number): Operation[] {
  const at = `/${index}/path`;
  if (!isQuery(operation.path) && !('from' in operation && isQuery(operation.from))) return [operation];
  const selected = select(resource, operation.path, at, operation.op !== 'remove' && operation.op !== 'test');
  if (selected.length === 0) {
    throw new Refusal(operation.op === 'test' ? 409 : 400, `JSON Patch operation ${index} (${operation.op}) selects nothing`, [{ at, problem: `${withoutNumbers(operation.path)} selects nothing` }]);
  }
  if (selected.length > MAX_SELECTED) throw new Refusal(400, 'The query selects too much', [{ at, problem: `selects more than ${MAX_SELECTED} places` }]);
  switch (operation.op) {
    case 'add':
      return selected.flatMap((location) => additions(resource, location, operation.value as Json));
    case 'remove':
      // Backwards, so that the indexes of what is still to be removed stay right.
      return [...selected].reverse().map((location) => ({ op: 'remove', path: pointerOf(location) }));
    case 'replace':
    case 'test':
      return selected.map((location) => ({ ...operation, path: pointerOf(location) }));
    case 'copy':
    case 'move': {
      const [source, ...others] = select(resource, operation.from, `/${index}/from`, false);
      if (!source || others.length > 0 || selected.length > 1) {
        throw new Refusal(400, `${operation.op} needs exactly one source and one target`, [{ at: `/${index}/from`, problem: 'must select exactly one place' }]);
      }
      return [{ op: operation.op, from: pointerOf(source), path: pointerOf(appending(resource, selected[0] ?? [])) }];
    }
  }
}

/** A pointer without a query is plain RFC 6902. */
function isQuery(path: string): boolean {
  return path !== '' && (!path.startsWith('/') || path.includes('?'));
}

function additions(resource: JsonObject, location: Location, value: Json): Operation[] {
  const target = valueAt(resource, location);
  if (isObject(target) && isObject(value)) {
    return Object.entries(value).map(([name, attribute]) => ({ op: 'add', path: pointerOf([...location, name]), value: attribute }));
  }
  return [{ op: 'add', path: pointerOf(appending(resource, location)), value }];
}

function appending(resource: JsonObject, location: Location): Location {
  return Array.isArray(valueAt(resource, location)) ? [...location, '-'] : location;
}

function select(resource: JsonObject, path: string, at: string, mayBeNew: boolean): Location[] {
  if (path.length > MAX_QUERY_LENGTH) throw new Refusal(400, 'The query is too long', [{ at, problem: `is longer than ${MAX_QUERY_LENGTH} characters` }]);
  return path.startsWith('/') || path === '' ? selectByPointer(resource, path, at, mayBeNew) : selectByJsonPath(resource, path, at, mayBeNew);
}

/** JSONPath selects what is there; for a value that is to be created its parent is selected and the last name added. */
function selectByJsonPath(resource: JsonObject, path: string, at: string, mayBeNew: boolean): Location[] {
  const absolute = path.startsWith('$') ? path : `$.${path}`;
  const found = evaluate(resource, absolute, at);
  if (found.length > 0 || !mayBeNew) return found;
  const last = /^(.+?)(?:\.([\p{L}_][\p{L}\p{N}_]*)|\[(?:'([^'\\]+)'|"([^"\\]+)")\])$/u.exec(absolute);
  const name = last?.[2] ?? last?.[3] ?? last?.[4];
  if (last?.[1] === undefined || name === undefined) return [];
  return evaluate(resource, last[1], at)
    .filter((location) => isObject(valueAt(resource, location)))
    .map((location) => [...location, name]);
}

function evaluate(resource: JsonObject, path: string, at: string): Location[] {
  try {
    checkWork(path);
    return jsonPath.query(path, resource).locations();
  } catch (error) {
    throw new Refusal(400, 'Not a JSONPath query (RFC 9535)', [{ at, problem: withoutNumbers(textOf(error)) }]);
  }
}

/** A query may compare with what nobody should see in an answer or a log. */
function withoutNumbers(text: string): string {
  return text.replace(/\d{4,}/g, '****');
}

/** What may stand in a query so that evaluating it costs no more than some walks through the resource. */
function checkWork(path: string): void {
  const syntax = path.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, "''");
  // Each of these multiplies the nodes that the next step has to visit.
  if (syntax.split('..').length > 2) throw new Error('only one descendant step (..) is allowed');
  if (syntax.includes(',')) throw new Error('only one selector is allowed in a step');
  if (syntax.split('$').length > 2) throw new Error('only one root ($) is allowed');
  if (syntax.split('?').length > 4) throw new Error('only three filters are allowed');
}

function selectByPointer(resource: JsonObject, path: string, at: string, mayBeNew: boolean): Location[] {
  const [pointer = '', query = ''] = splitOnce(path, '?');
  const conditions = query === '' ? [] : query.split('&').map((condition) => conditionOf(condition, at));
  const names = tokensOf(pointer);
  const unused = new Set(conditions);
  const lastArray = lastArrayDepth(resource, names);

  let selected: Location[] = [[]];
  for (let depth = 0; depth <= names.length; depth++) {
    const prefix = names.slice(0, depth).join('.');
    selected = selected.flatMap((location) => {
      const value = valueAt(resource, location);
      if (!Array.isArray(value) || isIndex(names[depth])) return [location];
      const own = conditions.flatMap((condition) => {
        const inPrefix = condition.path.startsWith(`${prefix}.`);
        if (!inPrefix && depth !== lastArray) return [];
        unused.delete(condition);
        return [{ ...condition, path: inPrefix ? condition.path.slice(prefix.length + 1) : condition.path }];
      });
      if (own.length === 0) return [location];
      return value.flatMap((element, index) => (own.every((condition) => holds(element, condition)) ? [[...location, index]] : []));
    });
    const name = names[depth];
    if (name !== undefined) selected = selected.map((location) => [...location, Array.isArray(valueAt(resource, location)) && isIndex(name) && name !== '-' ? Number(name) : name]);
  }
  const [ignored] = unused;
  if (ignored) throw new Refusal(400, 'The query has no array to select from', [{ at, problem: `${ignored.path} selects in no array` }]);
  return selected.filter((location) => mayBeNew || valueAt(resource, location) !== undefined);
}

interface Condition {
  readonly path: string;
  readonly value: string;
}

function conditionOf(text: string, at: string): Condition {
  const [path = '', value] = splitOnce(text, '=');
  if (path === '' || value === undefined) throw new Refusal(400, 'Not a JSON Patch Query', [{ at, problem: `${text} is no condition such as id=1` }]);
  try {
    return { path: decodeURIComponent(path), value: decodeURIComponent(value) };
  } catch {
    throw new Refusal(400, 'Not a JSON Patch Query', [{ at, problem: `${text} is not percent-encoded text` }]);
  }
}

/** How deep along these names the last array without an explicit index stands; -1 for none. */
function lastArrayDepth(resource: JsonObject, names: readonly string[]): number {
  let values: Json[] = [resource];
  let last = -1;
  for (let depth = 0; depth <= names.length; depth++) {
    const name = names[depth];
    if (values.some(Array.isArray) && !isIndex(name)) last = depth;
    if (name === undefined) break;
    values = values.flatMap((value) => (Array.isArray(value) && !isIndex(name) ? value : [value])).flatMap((value) => {
      const next = child(value, name);
      return next === undefined ? [] : [next];
    });
  }
  return last;
}

function holds(element: Json, condition: Condition): boolean {
  return [...reach(element, condition.path.split('.'))].some((value) => typeof value !== 'object' && String(value) === condition.value);
}

function* reach(value: Json, names: readonly string[]): Generator<Json> {
  if (Array.isArray(value)) for (const element of value) yield* reach(element, names);
  else if (names.length === 0) yield value;
  else {
    const next = child(value, names[0] ?? '');
    if (next !== undefined) yield* reach(next, names.slice(1));
  }
}

function valueAt(resource: JsonObject, location: Location): Json | undefined {
  return location.reduce<Json | undefined>((value, name) => (value === undefined ? undefined : child(value, name)), resource);
}

function child(value: Json, name: string | number): Json | undefined {
  if (Array.isArray(value)) return isIndex(String(name)) ? value[Number(name)] : undefined;
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isIndex(name: string | undefined): boolean {
  return name === '-' || (name !== undefined && /^(0|[1-9]\d*)$/.test(name));
}

function splitOnce(text: string, separator: string): [string, string?] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + separator.length)];
}

/** The value that a plain JSON pointer names. */
export function locate(root: Json, pointer: string): Json | undefined {
  const names = tokensOf(pointer);
  return names.reduce<Json | undefined>((value, name) => (value === undefined ? undefined : child(value, name)), root);
}

/** The reference tokens of a JSON pointer (RFC 6901, section 4). */
function tokensOf(pointer: string): string[] {
  return pointer.split('/').slice(1).map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function pointerOf(location: Location): string {
  return location.map((name) => `/${escapeToken(String(name))}`).join('');
}
