import { createHash } from 'node:crypto';
import { deeperThan, type Json } from '../json.js';
import { badParameter } from '../query/parameter.js';
import { completeSort, type Condition, type Position, type SortKey } from '../store/query.js';
import { isResourceId } from '../resource-id.js';

/** A list, whatever its page: a cursor of one means nothing in another. */
export interface ListIdentity {
  /** `partyRole` */
  readonly resource: string;
  readonly where: readonly Condition[];
  readonly sort: readonly SortKey[];
}

/** So that it fits into a query string, beside filters. */
const MAX_LENGTH = 4_000;
/** More than a resource can have (setting MAX_DEPTH). */
const MAX_LEVELS = 95;

/** The token for a place in a list: opaque, and safe in a URL. Undefined when the values sorted by are too long for one. */
export function toCursor(list: ListIdentity, place: Position): string | undefined {
  const token = Buffer.from(JSON.stringify([fingerprint(list), ...place])).toString('base64url');
  return token.length <= MAX_LENGTH ? token : undefined;
}

/** @throws Refusal 400 that names `cursor`. Whoever makes one up gets what any filter could give, so it is not signed. */
export function readCursor(list: ListIdentity, token: string): Position {
  const [mark, ...place] = decoded(token);
  if (typeof mark !== 'string' || !isPosition(place)) throw badParameter('cursor', 'must be one that a page of a list came with');
  const keys = completeSort(list.sort).length;
  if (mark !== fingerprint(list) || place.length !== keys) throw badParameter('cursor', 'belongs to another list: sort and filters must stay as they were');
  return place;
}

function decoded(token: string): Json[] {
  if (token.length > MAX_LENGTH || !/^[A-Za-z0-9_-]+$/.test(token)) return [];
  try {
    const value = JSON.parse(Buffer.from(token, 'base64url').toString()) as Json;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isPosition(values: readonly Json[]): values is ([Json] | [])[] {
  const id = values.at(-1);
  const isEach = values.every((value) => Array.isArray(value) && value.length <= 1 && !deeperThan(value, MAX_LEVELS));
  return isEach && Array.isArray(id) && typeof id[0] === 'string' && isResourceId(id[0]);
}

function fingerprint({ resource, where, sort }: ListIdentity): string {
  const conditions = where.map((condition) => JSON.stringify(condition)).sort();
  return createHash('sha256').update(JSON.stringify([resource, conditions, completeSort(sort)])).digest('base64url').slice(0, 16);
}
