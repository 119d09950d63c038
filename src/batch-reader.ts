import { asideIdentityOf, type Item } from './batch.js';
import { namedBy, type Loaded, type LoadedReferrers, type Unread } from './batch-state.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { MAX_REFERRERS, referencesIn, type Reference, type References } from './handlers/references.js';
import { isResourceId } from './resource-id.js';
import type { Receipt, Store, StoredResource } from './store/store.js';

/** A batch of so many is worth a guess: a wrong one keeps all of them waiting. */
const WORTH_A_GUESS = 8;
/** Where something came twice, more of it will. */
const WARY_MS = 30_000;

/**
 * Reads what batches are decided on, each type in one read. What is `known` is newer than the database.
 * All but a small batch is decided on the guess that none of its commands was answered before and nothing that it creates is there:
 * looking for what is not there is work for the database, too. Where the guess is wrong the commit is a conflict, and everything is read.
 */
export class BatchReader {
  private waryUntil = -Infinity;

  constructor(
    private readonly store: Store,
    private readonly references: References,
  ) {}

  /** What the items are about, their receipts, and what else they will ask for, as far as that can be seen without deciding them. */
  async receiptsAndResources(items: readonly Item[], afterFailure: boolean, known: Loaded): Promise<Loaded> {
    const isGuess = !afterFailure && items.length >= WORTH_A_GUESS && performance.now() > this.waryUntil;
    const wanted = wantedBy(items, this.references, isGuess);
    const commands = new Set<string>();
    for (const item of items) {
      if ('command' in item && (!isGuess || item.again)) commands.add(item.command.hash);
      if (afterFailure || item.again || 'unacceptable' in item) commands.add(asideIdentityOf(item));
    }
    const [receipts, others] = await Promise.all([commands.size > 0 ? this.store.receipts([...commands]) : new Map<string, Receipt>(), this.others(wanted, known)]);
    if (!isGuess && (receipts.size > 0 || items.some((item) => isCreate(item) && others.resources.has(`${item.definition.name}/${item.id}`)))) this.waryUntil = performance.now() + WARY_MS;
    return { ...others, receipts };
  }

  /**
   * Who refers to a resource is read after the resource itself: whoever relies on it meanwhile then either is among them, or has left
   * a mark on it that its deletion meets.
   */
  async others({ resources: wanted, referrers: targets }: Unread, known: Loaded): Promise<Loaded> {
    const resources = await this.resources([...wanted].filter((key) => !known.resources.has(key)));
    const referrers = new Map<string, LoadedReferrers>();
    if (targets.size > 0) await this.readReferrers(targets, resources, referrers);
    return { resources, receipts: new Map(), read: wanted, referrers };
  }

  private async resources(keys: readonly string[]): Promise<Map<string, StoredResource>> {
    const resources = new Map<string, StoredResource>();
    const read = async ([type, ids]: [string, string[]]): Promise<void> => {
      for (const [id, resource] of await this.store.load(type, ids)) resources.set(`${type}/${id}`, resource);
    };
    await Promise.all([...grouped(keys)].map(read));
    return resources;
  }

  private async readReferrers(targets: ReadonlySet<string>, resources: Map<string, StoredResource>, referrers: Map<string, LoadedReferrers>): Promise<void> {
    const keys = new Map([...targets].map((key): [string, Set<string>] => [key, new Set()]));
    const incomplete = new Set<string>();
    const read = async (target: ResourceDefinition, type: string, places: readonly Reference[], ids: readonly string[]): Promise<void> => {
      const found = await this.store.referrers(type, places.map(({ path }) => path), ids, MAX_REFERRERS + 1);
      const isCut = found.length > MAX_REFERRERS;
      if (isCut && ids.length > 1) {
        // Too many together may hide those of one behind those of another.
        for (const id of ids) await read(target, type, places, [id]);
        return;
      }
      if (isCut) for (const id of ids) incomplete.add(`${target.name}/${id}`);
      for (const stored of found) {
        const key = `${type}/${stored.id}`;
        // What was read before must not look as if it had been read now.
        if (!resources.has(key)) resources.set(key, stored);
        for (const { id } of referencesIn(places, stored.resource)) keys.get(`${target.name}/${id}`)?.add(key);
      }
    };
    await Promise.all(
      [...grouped(targets)].flatMap(([targetType, ids]) => {
        const target = this.references.definitionOf(targetType);
        return target ? this.references.to(target).map(({ type, places }) => read(target, type, places, ids)) : [];
      }),
    );
    for (const [key, found] of keys) referrers.set(key, { keys: [...found], more: incomplete.has(key) });
  }
}

function isCreate(item: Item): item is Extract<Item, { id: string }> {
  return 'id' in item && item.command.action === 'create';
}

/** @param isGuess that nothing is there of what is created */
function wantedBy(items: readonly Item[], references: References, isGuess: boolean): Unread {
  const [resources, referrers] = [new Set<string>(), new Set<string>()];
  for (const item of items) {
    if (!('id' in item)) continue;
    const { definition, id, command } = item;
    if (!isGuess || item.again || !isCreate(item)) resources.add(`${definition.name}/${id}`);
    if (command.action === 'delete') {
      if (references.to(definition).length > 0) referrers.add(`${definition.name}/${id}`);
    } else if (command.data !== undefined) {
      for (const { reference, id: named, value } of referencesIn(references.of(definition.name), command.data)) {
        if (isResourceId(named)) for (const target of references.candidates(reference, value)) resources.add(`${target.name}/${named}`);
      }
    }
  }
  return { resources, referrers };
}

/** Ids by type, from `type/id`. */
function grouped(keys: Iterable<string>): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const key of keys) {
    const { type, id } = namedBy(key);
    const same = ids.get(type);
    if (same) same.push(id);
    else ids.set(type, [id]);
  }
  return ids;
}
