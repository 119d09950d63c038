/** Where something stands in the order of time, then id. */
export interface TimedPlace {
  readonly at: Date;
  readonly id: string;
}

/** In memory at a time; what was set aside may have some megabytes. */
const PAGE = 20;

/** What comes behind `after`, page by page, at most `limit`. @param read answers at most `size` of what comes behind a place, in order */
export async function* pagesOf<Item extends TimedPlace>(read: (size: number, after?: TimedPlace) => Promise<readonly Item[]>, limit: number, after?: TimedPlace): AsyncGenerator<readonly Item[]> {
  let place = after;
  for (let left = limit; left > 0; ) {
    const size = Math.min(PAGE, left);
    const page = await read(size, place);
    if (page.length > 0) yield page;
    if (page.length < size) return;
    place = page.at(-1);
    left -= page.length;
  }
}

/** The first `limit`, each as `view` makes it; with the place of the last one when there are more. @param pages at least one more than `limit`, where there are so many */
export async function firstOf<Item extends TimedPlace, View>(pages: AsyncIterable<readonly Item[]>, limit: number, view: (item: Item) => View): Promise<{ readonly items: readonly View[]; readonly next?: TimedPlace }> {
  const items: View[] = [];
  let last: TimedPlace | undefined;
  for await (const page of pages) {
    for (const item of page) {
      if (items.length === limit) return { items, ...(last ? { next: last } : {}) };
      items.push(view(item));
      last = { at: item.at, id: item.id };
    }
  }
  return { items };
}
