import { asideIdentityOf, typeIn, type Item, type Loaded, type Unread } from './batch.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { MAX_REFERRERS, referencesIn, type Reference, type References } from './handlers/references.js';
import type { Store, StoredResource } from './store/store.js';

export const NOTHING: Loaded = { resources: new Map(), receipts: new Map(), read: new Set(), referrers: new Map() };

/** What the items will ask for of other resources, as far as that can be seen without deciding them. */
export function wantedBy(items: readonly Item[], references: References): Unread {
  const [resources, referrers] = [new Set<string>(), new Set<string>()];
  for (const item of items) {
    if (!('id' in item)) continue;
    if (item.command.action === 'delete' && references.to(item.definition).length > 0) referrers.add(`${item.definition.name}/${item.id}`);
    for (const { reference, id, value } of referencesIn(references.of(item.definition.name), item.command.data ?? null)) {
      for (const target of references.candidates(reference, value)) resources.add(`${target.name}/${id}`);
    }
  }
  return { resources, referrers };
}

/** Both; where they differ, the newer one. */
export function merged(older: Loaded, newer: Loaded): Loaded {
  return {
    resources: new Map([...older.resources, ...newer.resources]),
    receipts: new Map([...older.receipts, ...newer.receipts]),
    read: new Set([...older.read, ...newer.read]),
    referrers: new Map([...older.referrers, ...newer.referrers]),
  };
}

/** Reads what batches are decided on, each type in one read. What is `known` is newer than the database. */
export class BatchReader {
  constructor(
    private readonly store: Store,
    private readonly references: References,
  ) {}

  /** What the items themselves are about, their receipts, and what they want beside that. */
  async receiptsAndResources(items: readonly Item[], wanted: Unread, afterFailure: boolean, known: Loaded): Promise<Loaded> {
    const resources = new Set(wanted.resources);
    const commands = new Set<string>();
    for (const item of items) {
      if ('command' in item) commands.add(item.command.hash);
      if (afterFailure || item.again || 'unacceptable' in item) commands.add(asideIdentityOf(item));
      if ('id' in item) resources.add(`${item.definition.name}/${item.id}`);
    }
    const [receipts, others] = await Promise.all([this.store.receipts([...commands]), this.others({ resources, referrers: wanted.referrers }, known)]);
    return { ...others, receipts };
  }

  async others({ resources: wanted, referrers: targets }: Unread, known: Loaded): Promise<Loaded> {
    const resources = new Map<string, StoredResource>();
    const [, referrers] = await Promise.all([
      Promise.all(
        [...grouped([...wanted].filter((key) => !known.resources.has(key)))].map(async ([type, ids]) => {
          for (const [id, resource] of await this.store.load(type, ids)) resources.set(`${type}/${id}`, resource);
        }),
      ),
      this.referrersOf(targets),
    ]);
    for (const [key, resource] of referrers.resources) resources.set(key, resource);
    return { resources, receipts: new Map(), read: wanted, referrers: referrers.byTarget };
  }

  private async referrersOf(targets: ReadonlySet<string>): Promise<{ readonly resources: Map<string, StoredResource>; readonly byTarget: Map<string, string[]> }> {
    const resources = new Map<string, StoredResource>();
    const byTarget = new Map([...targets].map((key): [string, string[]] => [key, []]));
    const read = async (target: ResourceDefinition, type: string, places: readonly Reference[], ids: readonly string[]): Promise<void> => {
      const found = await this.store.referrers(type, places.map(({ path }) => path), ids, MAX_REFERRERS);
      if (found.length === MAX_REFERRERS && ids.length > 1) {
        // Too many together may hide those of one behind those of another.
        await Promise.all(ids.map((id) => read(target, type, places, [id])));
        return;
      }
      for (const stored of found) {
        const key = `${type}/${stored.id}`;
        resources.set(key, stored);
        for (const id of new Set(referencesIn(places, stored.resource).map((reference) => reference.id))) byTarget.get(`${target.name}/${id}`)?.push(key);
      }
    };
    await Promise.all(
      [...grouped(targets)].flatMap(([targetType, ids]) => {
        const target = this.references.definitionOf(targetType);
        return target ? this.references.to(target).map(({ type, places }) => read(target, type, places, ids)) : [];
      }),
    );
    return { resources, byTarget };
  }
}

/** Ids by type, from `type/id`. */
function grouped(keys: Iterable<string>): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const key of keys) {
    const type = typeIn(key);
    const id = key.slice(type.length + 1);
    const same = ids.get(type);
    if (same) same.push(id);
    else ids.set(type, [id]);
  }
  return ids;
}
