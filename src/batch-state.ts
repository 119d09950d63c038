import type { Change, Current } from './handlers/decision.js';
import { referencesIn, type References, type Referrer, type Referrers, type Surroundings } from './handlers/references.js';
import type { JsonObject } from './json.js';
import { isResourceId } from './resource-id.js';
import type { Commit, Receipt, ResourceWrite, StoredResource } from './store/store.js';

/** The state that a batch is decided on. Resources are keyed by `type/id`. */
export interface Loaded {
  readonly resources: ReadonlyMap<string, StoredResource>;
  /** What was looked for, found or not. */
  readonly read: ReadonlySet<string>;
  /** Who refers to a resource, where that was looked for. */
  readonly referrers: ReadonlyMap<string, LoadedReferrers>;
  /** Keyed by command; of what was set aside without one, by `asideIdentityOf`. */
  readonly receipts: ReadonlyMap<string, Receipt>;
}

export interface LoadedReferrers {
  /** They are among the resources loaded. */
  readonly keys: readonly string[];
  /** There are more than these. */
  readonly more: boolean;
}

/** What must be read beside what was loaded before the batch can be decided, as `type/id`. */
export interface Unread {
  readonly resources: ReadonlySet<string>;
  readonly referrers: ReadonlySet<string>;
}

export const NOTHING: Loaded = { resources: new Map(), receipts: new Map(), read: new Set(), referrers: new Map() };

/** Both; where they differ, the newer one. */
export function merged(older: Loaded, newer: Loaded): Loaded {
  if (newer === NOTHING) return older;
  return {
    resources: new Map([...older.resources, ...newer.resources]),
    receipts: new Map([...older.receipts, ...newer.receipts]),
    read: new Set([...older.read, ...newer.read]),
    referrers: new Map([...older.referrers, ...newer.referrers]),
  };
}

/** What a commit leaves behind: the states and receipts that the next batch may be decided on. */
export function stateAfter({ id: commit, writes, entries }: Commit): Loaded {
  const resources = writes.map(({ type, id, revision, guard, resource, deleted }): [string, StoredResource] => [
    `${type}/${id}`,
    { id, revision, commit, resource, deleted, ...(guard === undefined ? {} : { guard }) },
  ]);
  const receipts = entries.flatMap((entry): [string, Receipt][] => (entry.command === undefined ? [] : [[entry.command, { commit, entry }]]));
  return { ...NOTHING, resources: new Map(resources), receipts: new Map(receipts) };
}

/** The type and the id of a resource that is named as `type/id`. */
export function namedBy(key: string): { readonly type: string; readonly id: string } {
  const end = key.indexOf('/');
  return { type: key.slice(0, end), id: key.slice(end + 1) };
}

/** The resources as the decisions of a batch leave them, one after the other, and what these ask for that was not loaded. */
export class BatchState implements Surroundings {
  readonly unread = { resources: new Set<string>(), referrers: new Set<string>() };
  private readonly changes = new Map<string, Change>();
  /** Who names an id, as far as it is loaded or changed. Made when a batch first asks for it: most never do. */
  private referring: Map<string, Set<string>> | undefined;

  constructor(
    private readonly loaded: Loaded,
    private readonly references: References,
  ) {}

  /** A tombstone too; undefined where there is not even one. */
  current(type: string, id: string): Current {
    return this.stateOf(`${type}/${id}`);
  }

  resource(type: string, id: string): Current {
    // Databases bound their keys; nothing can have such an id.
    if (!isResourceId(id)) return undefined;
    const key = `${type}/${id}`;
    const current = this.stateOf(key);
    if (!current && !this.loaded.read.has(key)) this.unread.resources.add(key);
    return current?.deleted === false ? current : undefined;
  }

  referrers(type: string, id: string): Referrers {
    const key = `${type}/${id}`;
    const stored = this.loaded.referrers.get(key);
    if (!stored) this.unread.referrers.add(key);
    // Of the database, and of what this batch and the one under way make of it.
    const all = new Set([...(stored?.keys ?? []), ...(this.referringTo().get(id) ?? [])]);
    const found = [...all].flatMap((place): Referrer[] => {
      const state = this.stateOf(place);
      return state?.deleted === false ? [{ ...namedBy(place), revision: state.revision, resource: state.resource }] : [];
    });
    return { found, more: stored?.more === true };
  }

  apply(change: Change): void {
    const key = `${change.type}/${change.id}`;
    this.changes.set(key, change);
    if (this.referring) this.noteReferences(this.referring, key, change.resource);
  }

  isChanged(type: string, id: string): boolean {
    return this.changes.has(`${type}/${id}`);
  }

  /** @param expires when the tombstones that it leaves may vanish */
  writes(expires: Date): ResourceWrite[] {
    return [...this.changes].map(([key, { type, id, revision, resource, deleted }]) => {
      const before = this.loaded.resources.get(key);
      const met = before ? { expected: before.revision, previous: before.commit, ...(before.guard === undefined ? {} : { guard: before.guard }) } : { expected: 0 };
      return { type, id, ...met, revision, resource, deleted, ...(deleted ? { expires } : {}) };
    });
  }

  private stateOf(key: string): Current {
    return this.changes.get(key) ?? this.loaded.resources.get(key);
  }

  private referringTo(): Map<string, Set<string>> {
    if (this.referring) return this.referring;
    const referring = new Map<string, Set<string>>();
    for (const [key, { resource }] of this.loaded.resources) this.noteReferences(referring, key, resource);
    for (const [key, { resource }] of this.changes) this.noteReferences(referring, key, resource);
    this.referring = referring;
    return referring;
  }

  private noteReferences(referring: Map<string, Set<string>>, key: string, resource: JsonObject): void {
    for (const { id } of referencesIn(this.references.of(namedBy(key).type), resource)) {
      const keys = referring.get(id);
      if (keys) keys.add(key);
      else referring.set(id, new Set([key]));
    }
  }
}
