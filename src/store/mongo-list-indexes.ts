import { setTimeout } from 'node:timers/promises';
import { MongoNetworkTimeoutError, type Collection, type IndexDescription } from 'mongodb';
import type { Logger } from 'pino';
import { textOf } from '../errors.js';
import type { Collections, ResourceDocument } from './mongo-documents.js';
import { isMadeOtherwise } from './mongo-errors.js';
import { toPath } from './mongo-filter.js';

/** A type of resources and what its lists are filtered and sorted by, beside the id. */
export interface IndexedType {
  readonly name: string;
  readonly indexes: readonly AttributeIndex[];
}

export interface AttributeIndex {
  /** Dotted; it may go through arrays. */
  readonly path: string;
  /** For conditions only, not as the sort key: half the cost of writing where most resources lack the attribute. */
  readonly filterOnly?: boolean;
  /** See `Store.latest`. */
  readonly latestBy?: string;
}

const PAUSES_MS = [1_000, 5_000, 30_000];

/**
 * Resolves when the indexes for lists are there, which on a large collection takes its time; writes go on meanwhile (MongoDB
 * manual, "Index Builds on Populated Collections"). Lists only need them to be fast, so it tries for ever and tells the log.
 * Never rejects; ends early when `closing` is aborted.
 */
export async function buildListIndexes(collections: Collections, types: readonly IndexedType[], log: Logger, closing: AbortSignal): Promise<void> {
  for (let attempt = 0; !closing.aborted; attempt += 1) {
    try {
      for (const { name, indexes } of types) await create(collections.resources(name), listIndexes(indexes));
      log.info({ types: types.map(({ name }) => name) }, 'indexes for lists are built');
      return;
    } catch (error) {
      if (closing.aborted) return;
      // The server builds on when the client does not wait as long, and is waited for again.
      if (error instanceof MongoNetworkTimeoutError) log.info('indexes for lists are being built');
      else log.warn({ why: textOf(error) }, 'indexes for lists cannot be built, so lists may be slow');
      await setTimeout(PAUSES_MS[attempt] ?? PAUSES_MS.at(-1), undefined, { signal: closing }).catch(() => undefined);
    }
  }
}

/** All in one command is one scan of the collection. */
async function create(resources: Collection<ResourceDocument>, indexes: IndexDescription[]): Promise<void> {
  try {
    await resources.createIndexes(indexes);
  } catch (error) {
    if (!isMadeOtherwise(error)) throw error;
    for (const index of indexes) {
      await resources.createIndexes([index]).catch((reason: unknown) => {
        if (!isMadeOtherwise(reason)) throw reason;
      });
    }
  }
}

/** For lists without conditions, and for each attribute as a condition or as the sort key, forwards and backwards. */
function listIndexes(attributes: readonly AttributeIndex[]): IndexDescription[] {
  const byKey = new Map<string, IndexDescription>();
  const add = (index: IndexDescription): unknown => byKey.set(JSON.stringify(index.key), index);
  add({ key: { deleted: 1, _id: 1 } });
  for (const { path, filterOnly = false, latestBy } of attributes) {
    const at = toPath(path.split('.'));
    const ofThose = { deleted: false, [at]: { $exists: true } };
    if (latestBy !== undefined) add({ key: { [at]: 1, [toPath(latestBy.split('.'))]: -1, _id: -1 }, partialFilterExpression: ofThose });
    else if (filterOnly) add({ key: { [at]: 1, _id: 1 }, partialFilterExpression: ofThose });
    else add({ key: { deleted: 1, [at]: 1, _id: 1 } });
  }
  return [...byKey.values()];
}
