import type { IncomingMessage } from 'node:http';
import { Refusal } from '../errors.js';
import { type FeedPlace, fromToken } from '../hub/feed-place.js';
import { LogAhead, LogGone } from '../hub/log-tail.js';
import { badParameter, decode } from '../query/parameter.js';
import { badHeader, singleHeader } from './headers.js';

/** What a request for events asks for. */
export interface FeedQuery {
  /** `now`: the end of the log. Undefined: not said. */
  readonly after: FeedPlace | 'now' | undefined;
  readonly limit: number;
  /** The rest, to be read as a subscription's query. */
  readonly filter: string;
}

export const FEED_LIMITS = { usual: 100, most: 1_000 } as const;
const AFTER = 'after';
const RESUME_HEADER = 'Last-Event-ID';

/** @throws Refusal 400 that names the parameter. */
export function readFeedQuery(rawQuery: string): FeedQuery {
  const parts = rawQuery.split('&');
  const after = only(AFTER, parts);
  const limit = only('limit', parts);
  return {
    after: after === undefined || after === 'now' ? after : placeOf(after, blameAfter(PROBLEM)),
    limit: limit === undefined ? FEED_LIMITS.usual : limitOf(limit),
    filter: parts.filter((part) => !/^(after|limit)(=|$)/.test(part)).join('&'),
  };
}

/** Where a stream goes on by itself (HTML standard, section 9.2.4). @throws Refusal 400 */
export function readResumption(request: IncomingMessage): FeedPlace | undefined {
  const token = singleHeader(request, RESUME_HEADER);
  return token === undefined || token === '' ? undefined : placeOf(token, blameResumption(PROBLEM));
}

export const blameAfter = (problem: string): Refusal => badParameter(AFTER, problem);
export const blameResumption = (problem: string): Refusal => badHeader(RESUME_HEADER, problem);

const PROBLEM = 'must be a cursor that a page or an event came with';

function placeOf(token: string, refusal: Refusal): FeedPlace {
  const place = fromToken(token);
  if (place === undefined) throw refusal;
  return place;
}

function only(name: string, parts: readonly string[]): string | undefined {
  const [value, second] = parts.filter((part) => part === name || part.startsWith(`${name}=`)).map((part) => decode(name, part.slice(name.length + 1)));
  if (second !== undefined) throw badParameter(name, 'must be given once');
  return value;
}

function limitOf(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1 || Number(text) > FEED_LIMITS.most) throw badParameter('limit', `must be a whole number from 1 to ${FEED_LIMITS.most}`);
  return Number(text);
}

/** @param blame what named the cursor. @throws Refusal 400 or 410 when the log has nothing behind it; any other error as it is. */
export function refusePlace(error: unknown, blame = blameAfter): never {
  if (error instanceof LogAhead) throw blame(`lies beyond the end of the log; the last cursor is ${error.last}`);
  throw error instanceof LogGone ? goneRefusal(error) : error;
}

export function goneRefusal({ oldest }: LogGone): Refusal {
  const begin = oldest - 1;
  return new Refusal(410, 'Events behind this cursor are not kept any more', [{ at: AFTER, problem: `the log begins behind the cursor ${begin}: go on with after=${begin}` }]);
}
