import { Refusal } from '../errors.js';
import { badHeader } from './headers.js';

interface EntityTag {
  readonly weak: boolean;
  readonly value: string;
}

/** One member of a list of entity tags (RFC 9110 sections 5.6.1 and 8.8.3). */
const MEMBER = /[\s,]*(W\/)?"([^"\0-\x20\x7f]*)"[ \t]*(?=,|$)/y;
const REVISION = /^[1-9]\d{0,15}$/;

/**
 * What `If-Match` demands, as the extension `expectedrevision`: a revision, several joined by commas, or `*`.
 * @throws Refusal 400 for a malformed header, 412 when no tag in it can ever match (weak, or not of this service).
 */
export function expectedRevision(ifMatch: string | undefined): string | undefined {
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === '*') return '*';
  const tags = entityTags(ifMatch);
  if (!tags) throw badHeader('If-Match', 'must be * or entity tags in double quotes, as in "3"');
  const revisions = tags.filter((tag) => !tag.weak && REVISION.test(tag.value)).map((tag) => tag.value);
  if (revisions.length === 0) {
    throw new Refusal(412, 'The precondition cannot hold', [{ at: 'If-Match', problem: 'names no entity tag that this service gave' }]);
  }
  return revisions.join(',');
}

/** Whether `If-None-Match` says that the caller has this revision (weak comparison). A malformed header is ignored: a full answer is never wrong. */
export function isNotModified(ifNoneMatch: string | undefined, revision: number): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return entityTags(ifNoneMatch)?.some((tag) => tag.value === String(revision)) ?? false;
}

/** The tags of a list; undefined when it is malformed or empty. */
function entityTags(header: string): EntityTag[] | undefined {
  const text = header.replace(/[\s,]+$/, '');
  const tags: EntityTag[] = [];
  const member = new RegExp(MEMBER);
  while (member.lastIndex < text.length) {
    const match = member.exec(text);
    if (!match) return undefined;
    tags.push({ weak: match[1] !== undefined, value: match[2] ?? '' });
  }
  return tags.length > 0 ? tags : undefined;
}
