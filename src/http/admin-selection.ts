import { isObject, type Json, type JsonObject } from '../json.js';
import { bad, countOf, cursorAfter, LIST_MAX } from '../parked-selection.js';
import type { TimedPlace } from '../timed-pages.js';
import { parseJson } from './request-body.js';

/** What the body of a retry or drop chooses. */
export interface Selection<Name extends string> {
  readonly selectors: Readonly<Partial<Record<Name, string>>>;
  readonly ids?: readonly string[];
  readonly limit: number;
  readonly dryRun: boolean;
}

/** `{ids}`, a filter of these names or `{all: true}`, so that nothing is ever chosen by an empty body. @throws Refusal 400 that names the parameter. */
export function readSelection<Name extends string>(body: unknown, names: readonly Name[]): Selection<Name> {
  const { json } = parseJson(body);
  if (!isObject(json)) throw bad('body', 'must be a JSON object');
  const { ids, all, limit, dryRun, ...rest } = json;
  const selectors: Partial<Record<Name, string>> = {};
  for (const [given, value] of Object.entries(rest)) {
    const name = names.find((known) => known === given);
    if (name === undefined) throw bad(given, `is unknown; there are ids, all, limit, dryRun, ${names.join(', ')}`);
    if (typeof value !== 'string') throw bad(name, 'must be a string');
    selectors[name] = value;
  }
  const chosen = idsOf(ids);
  const isAll = flag('all', all);
  if (chosen === undefined && !isAll && !names.some((name) => name !== 'cursor' && name in selectors)) throw bad('ids', 'these, a filter or "all": true must be given');
  if (chosen !== undefined && isAll) throw bad('all', 'and ids exclude each other');
  if (limit !== undefined && typeof limit !== 'number') throw bad('limit', 'must be a number');
  const most = limit === undefined ? LIST_MAX : countOf('limit', String(limit), LIST_MAX);
  return { selectors, ...(chosen === undefined ? {} : { ids: chosen }), limit: most, dryRun: flag('dryRun', dryRun) };
}

/** Totals and outcomes. @param next where it goes on, if the limit ended it */
export function selectionReport<Outcome extends { readonly outcome: string }>(done: readonly Outcome[], view: (outcome: Outcome) => JsonObject, next: TimedPlace | undefined): JsonObject {
  const totals: Record<string, number> = {};
  for (const { outcome } of done) totals[outcome] = (totals[outcome] ?? 0) + 1;
  return { totals, outcomes: done.map(view), ...(next ? { next: cursorAfter(next) } : {}) };
}

function idsOf(ids: Json | undefined): string[] | undefined {
  if (ids === undefined) return undefined;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > LIST_MAX || !ids.every((id) => typeof id === 'string')) throw bad('ids', `must be an array of 1 to ${LIST_MAX} strings`);
  return ids;
}

function flag(name: string, value: Json | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw bad(name, 'must be true or false');
  return value === true;
}
