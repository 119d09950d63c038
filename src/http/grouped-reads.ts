import type { StoredResource } from '../store/store.js';

/**
 * Reads of single resources. Ids that are asked for while a read is under way are read together by the next one:
 * fifty cost the driver and the database little more than one.
 */
export class GroupedReads {
  private next: { readonly ids: Set<string>; readonly found: Promise<ReadonlyMap<string, StoredResource>> } | undefined;
  private underWay: Promise<unknown> = Promise.resolve();

  constructor(private readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, StoredResource>>) {}

  /** As it is at some time after this call. @throws what the read throws */
  async get(id: string): Promise<StoredResource | undefined> {
    this.next ??= this.prepare();
    this.next.ids.add(id);
    return (await this.next.found).get(id);
  }

  private prepare(): { readonly ids: Set<string>; readonly found: Promise<ReadonlyMap<string, StoredResource>> } {
    const ids = new Set<string>();
    const found = this.underWay.then(() => {
      this.next = undefined;
      return this.read([...ids]);
    });
    this.underWay = found.catch(() => undefined);
    return { ids, found };
  }
}
