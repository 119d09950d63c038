export interface OffsetPage {
  readonly offset: number;
  readonly limit: number;
  /** Undefined: it is not known, and neither is the last page. */
  readonly total: number | undefined;
  /** Whether items follow this page. */
  readonly more: boolean;
}

/**
 * The `Link` header of a list answer (RFC 8288): first, prev and next where they exist, and last where it is known; the other
 * parameters stay as they were written. Undefined for `limit=0`, which has no pages.
 * @param url address of the list, without query.
 */
export function pagingLinks(url: string, rawQuery: string, { offset, limit, total, more }: OffsetPage): string | undefined {
  if (limit === 0) return undefined;
  const link = (relation: string, start: number): string => linkTo(url, rawQuery, relation, [`offset=${start}`, `limit=${limit}`]);
  const last = total === undefined ? undefined : lastOffset(offset, limit, total);

  const links = [link('first', 0)];
  if (offset > 0) links.push(link('prev', last !== undefined && offset > last ? last : Math.max(0, offset - limit)));
  if (more) links.push(link('next', offset + limit));
  if (last !== undefined) links.push(link('last', last));
  return links.join(', ');
}

/** The `Link` header of a page that was reached by cursor: first, and next where `next` is given. */
export function cursorLinks(url: string, rawQuery: string, limit: number, next: string | undefined): string | undefined {
  if (limit === 0) return undefined;
  const link = (relation: string, cursor: string): string => linkTo(url, rawQuery, relation, [`cursor=${cursor}`, `limit=${limit}`]);
  return [link('first', ''), ...(next === undefined ? [] : [link('next', next)])].join(', ');
}

/** Pages are counted from the offset asked for, so that next, next, … ends at last. */
function lastOffset(offset: number, limit: number, total: number): number {
  const shift = offset % limit;
  return total > shift ? shift + Math.floor((total - 1 - shift) / limit) * limit : 0;
}

/** The `Link` header of a feed, which always goes on: next. */
export function feedLink(url: string, rawQuery: string, limit: number, next: string): string {
  return linkTo(url, rawQuery, 'next', [`after=${next}`, `limit=${limit}`], /^(after|limit)(=|$)/);
}

function linkTo(url: string, rawQuery: string, relation: string, place: readonly string[], replaced = /^(offset|limit|cursor)(=|$)/): string {
  const others = rawQuery.split('&').filter((part) => part !== '' && !replaced.test(part));
  return `<${url}?${[...others.map(safeInLink), ...place].join('&')}>; rel="${relation}"`;
}

/** What would end the `<…>` of a link early; the rest of the raw text is visible ASCII, or the server had refused it. */
function safeInLink(text: string): string {
  return text.replace(/[<>"\\^`{|}]/g, encodeURIComponent);
}
