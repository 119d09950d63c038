import os from 'node:os';
import { MongoClient } from 'mongodb';
import { openMongoStore } from '../../src/store/mongo-store.js';
import type { Store } from '../../src/store/store.js';
import type { StoreHarness } from '../contract/store.contract.js';
import { TYPE } from '../contract/store-fixtures.js';
import { definitionOf } from '../support/resources.js';
import { silent } from './embedded-harness.js';

/** Those of party roles as they are, and two for what these have not. */
const INDEXES = [...definitionOf('partyRole').indexes, { path: 'missing' }, { path: 'relatedParty.id', filterOnly: true, latestBy: 'when' }];

/** Databases on one server. */
export class MongoHarness implements StoreHarness {
  readonly client: MongoClient;
  private readonly databases = new Set<string>();

  constructor(private readonly url: string) {
    // The driver's own dynamic import of it fails under jest.
    this.client = new MongoClient(url, { runtimeAdapters: { os } });
  }

  urlOf(database: string): string {
    this.databases.add(database);
    const url = new URL(this.url);
    url.pathname = database;
    return url.href;
  }

  async open(database: string): Promise<Store> {
    return openUntilUp(this.urlOf(database));
  }

  async contents(database: string): Promise<string> {
    const collections = await this.client.db(database).collections();
    const sorted = collections.sort((a, b) => (a.collectionName < b.collectionName ? -1 : 1));
    const all = await Promise.all(sorted.map(async (one) => [one.collectionName, await one.find({}, { sort: { _id: 1 } }).toArray()]));
    // A collection that an aborted transaction made is no content.
    return JSON.stringify(all.filter(([, documents]) => documents?.length !== 0));
  }

  async makeNewer(database: string): Promise<void> {
    await this.client.db(database).collection<{ _id: string }>('meta').updateOne({ _id: 'format' }, { $set: { format: 1000 } });
  }

  async remove(): Promise<void> {
    await Promise.all([...this.databases].map((database) => this.client.db(database).dropDatabase()));
    await this.client.close();
  }
}

/** Rejects with the fatal error of the start checks. */
export function openUntilUp(url: string, retentionMs = 3_600_000, asFound = false): Promise<Store> {
  return new Promise((resolve, reject) => {
    const opening = openMongoStore({
      url,
      types: [{ name: TYPE, indexes: INDEXES }, { name: 'party', indexes: [] }],
      retentionMs,
      asFound,
      queryTimeoutMs: 5000,
      log: silent,
      onFatal: (error) => {
        opening.then((store) => store.close()).then(() => reject(error), reject);
      },
    });
    opening.then((store) => whenUp(store)).then(resolve, reject);
  });
}

/** Resolves with the store once it is up. */
export async function whenUp(store: Store): Promise<Store> {
  await until(() => store.status().up, () => JSON.stringify(store.status()));
  return store;
}

/** Waits for a condition, at most 15 s. */
export async function until(holds: () => boolean, explain: () => string = () => ''): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
