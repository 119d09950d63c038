export interface PageOfTotal {
  readonly offset: number;
  readonly limit: number;
  readonly total: number;
}

/**
 * The `Link` header of a list answer (RFC 8288): first and last, prev and next where they exist; the other parameters
 * stay as they were written. Undefined for `limit=0`, which has no pages.
 * @param url address of the list, without query.
 */
export function pagingLinks(url: string, rawQuery: string, page: PageOfTotal): string | undefined {
  const { offset, limit, total } = page;
  if (limit === 0) return undefined;
  // Pages are counted from the offset asked for, so that next, next, … ends at last.
  const shift = offset % limit;
  const last = total > shift ? shift + Math.floor((total - 1 - shift) / limit) * limit : 0;
  const others = rawQuery.split('&').filter((part) => part !== '' && !/^(offset|limit)=/.test(part));
  const link = (relation: string, start: number): string =>
    `<${url}?${[...others.map(safeInLink), `offset=${start}`, `limit=${limit}`].join('&')}>; rel="${relation}"`;

  const links = [link('first', 0)];
  if (offset > 0) links.push(link('prev', offset > last ? last : Math.max(0, offset - limit)));
  if (offset + limit < total) links.push(link('next', offset + limit));
  links.push(link('last', last));
  return links.join(', ');
}

/** What would end the `<…>` of a link early; the rest of the raw text is visible ASCII, or the server had refused it. */
function safeInLink(text: string): string {
  return text.replace(/[<>"\\^`{|}]/g, encodeURIComponent);
}
