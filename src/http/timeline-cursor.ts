import { hash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { TimelineResume } from '../customer/timeline.js';
import { END_OF_TIME, UNDATED } from '../customer/timeline-place.js';
import type { Json } from '../json.js';
import { badParameter } from '../query/parameter.js';

/** So that it fits into a query string. */
const MAX_LENGTH = 4_000;
const MAX_INFLATED = 100_000;

/**
 * The token for a place in a timeline: opaque, and safe in a URL. Of hints it has as many as fit.
 * @param identity of the timeline, filters included: a cursor of one means nothing in another
 */
export function toTimelineCursor(identity: readonly unknown[], { after: { at, key, revision }, hints }: TimelineResume): string {
  for (let count = hints.size; ; count = count >> 1) {
    const text = JSON.stringify([fingerprint(identity), at, key, revision, ...[...hints].slice(0, count).flat()]);
    const token = deflateRawSync(text).toString('base64url');
    if (token.length <= MAX_LENGTH || count === 0) return token;
  }
}

/** @throws Refusal 400 that names `cursor`. Whoever makes one up gets what the same filters give, so it is not signed. */
export function readTimelineCursor(identity: readonly unknown[], token: string): TimelineResume {
  const [mark, at, key, revision, ...rest] = decoded(token);
  const texts = rest.filter((value) => typeof value === 'string');
  if (typeof mark !== 'string' || !isTime(at) || typeof key !== 'string' || typeof revision !== 'number' || texts.length !== rest.length) {
    throw badParameter('cursor', 'must be one that a page of a timeline came with');
  }
  if (mark !== fingerprint(identity)) throw badParameter('cursor', 'belongs to another timeline: customer and filters must stay as they were');
  const hints = new Map(texts.flatMap((value, index): [string, string][] => (index % 2 === 0 ? [[value, texts[index + 1] ?? '']] : [])));
  return { after: { at, key, revision }, hints };
}

function isTime(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && (value === UNDATED || Math.abs(value) <= END_OF_TIME);
}

function decoded(token: string): Json[] {
  if (token.length > MAX_LENGTH || !/^[A-Za-z0-9_-]+$/.test(token)) return [];
  try {
    const text = inflateRawSync(Buffer.from(token, 'base64url'), { maxOutputLength: MAX_INFLATED }).toString();
    const value = JSON.parse(text) as Json;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function fingerprint(identity: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(identity), 'base64url').slice(0, 16);
}
