import { KINDS, type Kind } from '../customer/timeline-entry.js';
import type { TimelineFilter, TimelineResume } from '../customer/timeline.js';
import { toUtcDateTime } from '../date-time.js';
import { type Fields, fieldsOf } from '../query/fields.js';
import { badParameter } from '../query/parameter.js';
import { readQuery } from './admin-query.js';
import { readTimelineCursor } from './timeline-cursor.js';

/** What a request for the view of a customer asks for. */
export interface CustomerQuery {
  readonly fields: Fields | undefined;
  /** What the id is the id of; undefined: whatever there is. */
  readonly type: string | undefined;
  readonly filter: TimelineFilter;
  /** Entries of the timeline; 0: it is left out. */
  readonly limit: number;
  readonly resume: TimelineResume | undefined;
  /** Tells this timeline from others. */
  readonly identity: readonly unknown[];
}

export const TIMELINE_LIMITS = { usual: 20, most: 100 } as const;

/** @param types what may be asked for. @throws Refusal 400 that names the parameter. */
export function readCustomerQuery(rawQuery: string, id: string, types: readonly string[]): CustomerQuery {
  const { fields, type, limit, cursor, kind, channel, from, to } = readQuery(rawQuery, ['fields', 'type', 'limit', 'cursor', 'kind', 'channel', 'from', 'to']);
  if (type !== undefined && !types.includes(type)) throw badParameter('type', `must be one of ${types.join(', ')}`);
  if (channel === '') throw badParameter('channel', 'must not be empty');
  const filter = {
    ...(kind === undefined ? {} : { kind: kindOf(kind) }),
    ...(channel === undefined ? {} : { channel }),
    ...(from === undefined ? {} : { from: timeOf('from', from) }),
    ...(to === undefined ? {} : { to: timeOf('to', to) }),
  };
  if (filter.from && filter.to && filter.from > filter.to) throw badParameter('to', 'must not be before from');
  const identity = [id, type, filter.kind, channel, filter.from, filter.to];
  return {
    fields: fieldsOf((fields ?? '').split(',')),
    type,
    filter,
    limit: limit === undefined ? TIMELINE_LIMITS.usual : limitOf(limit),
    resume: cursor === undefined || cursor === '' ? undefined : readTimelineCursor(identity, cursor),
    identity,
  };
}

function kindOf(text: string): Kind {
  const kind = KINDS.find((known) => known === text);
  if (kind === undefined) throw badParameter('kind', `must be one of ${KINDS.join(', ')}`);
  return kind;
}

function limitOf(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) > TIMELINE_LIMITS.most) throw badParameter('limit', `must be a whole number from 0 to ${TIMELINE_LIMITS.most}`);
  return Number(text);
}

function timeOf(name: string, text: string): Date {
  const utc = toUtcDateTime(text);
  if (utc === undefined) throw badParameter(name, 'must be a date-time such as 2026-01-31T08:30:00Z');
  return new Date(utc);
}
