import { toUtcDateTime } from './date-time.js';
import { Refusal } from './errors.js';
import { PARK_REASONS, type ParkReason } from './message.js';
import type { ParkedFilter } from './store/store.js';
import type { TimedPlace } from './timed-pages.js';

/** What an operator may say to choose parked messages, as text; each is a parameter of its own. */
export const SELECTORS = ['reason', 'type', 'subject', 'from', 'to', 'state', 'cursor'] as const;
export type Selectors = Readonly<Partial<Record<(typeof SELECTORS)[number], string>>>;

/** How many messages a list shows, and may show at most. */
export const LIST_DEFAULT = 100;
export const LIST_MAX = 1000;

/** @throws Refusal 400 that names the parameter. */
export function parkedFilter(selectors: Selectors, ids?: readonly string[]): ParkedFilter {
  const { reason, type, subject, from, to, state, cursor } = selectors;
  return {
    ...(ids === undefined ? {} : { ids }),
    ...(reason === undefined ? {} : { reason: reasonOf(reason) }),
    ...(type === undefined ? {} : { type }),
    ...(subject === undefined ? {} : { subject }),
    ...(from === undefined ? {} : { from: timeOf('from', from) }),
    ...(to === undefined ? {} : { to: timeOf('to', to) }),
    ...(state === undefined ? {} : { state: stateOf(state) }),
    ...(cursor === undefined ? {} : { after: placeOf(cursor) }),
  };
}

/** What a list shows: what waits, unless a state is asked for; `all` asks for any. @throws Refusal 400 that names the parameter. */
export function listedFilter({ state = 'waiting', ...selectors }: Selectors): ParkedFilter {
  return parkedFilter(state === 'all' ? selectors : { ...selectors, state });
}

/** Where a page ended, for the next one. */
export function cursorAfter({ at, id }: TimedPlace): string {
  return `${at.toISOString()}/${id}`;
}

/** What `cursorAfter` wrote. @throws Refusal 400 that names the parameter. */
export function placeOf(cursor: string): TimedPlace {
  const [, at = '', id = ''] = /^([^/]+)\/(.+)$/.exec(cursor) ?? [];
  const utc = toUtcDateTime(at);
  if (utc === undefined) throw bad('cursor', 'must be the one that a page ended with');
  return { at: new Date(utc), id };
}

/** A date-time; a date alone is its midnight, no zone means UTC. @throws Refusal 400 that names the parameter. */
export function timeOf(name: string, text: string): Date {
  const utc = toUtcDateTime(text);
  if (utc === undefined) throw bad(name, 'must be a date-time such as 2026-01-31T08:30:00Z');
  return new Date(utc);
}

/** @throws Refusal 400 that names the parameter. */
export function countOf(name: string, text: string, most: number, least = 1): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) throw bad(name, `must be a whole number from ${least} to ${most}`);
  return number;
}

export function bad(name: string, problem: string): Refusal {
  return new Refusal(400, 'A parameter is not valid', [{ at: name, problem }]);
}

function reasonOf(text: string): ParkReason {
  const reason = PARK_REASONS.find((known) => known === text);
  if (reason === undefined) throw bad('reason', `must be one of ${PARK_REASONS.join(', ')}`);
  return reason;
}

function stateOf(text: string): 'waiting' | 'retried' {
  if (text !== 'waiting' && text !== 'retried') throw bad('state', 'must be waiting or retried, of a list also all');
  return text;
}
