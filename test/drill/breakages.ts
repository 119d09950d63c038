import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { Bus } from '../../src/bus/bus.js';
import { Collections, fromResourceDocument, RESOURCE_FIELDS, type ResourceDocument } from '../../src/store/mongo-documents.js';
import { findReceipts } from '../../src/store/mongo-log.js';
import type { Store } from '../../src/store/store.js';
import { faulty } from '../support/faults.js';
import { onRelease } from './release.js';

/** How a worker is broken: its ports are wrapped, the worker itself is as it is. */
export interface Breakage {
  readonly prepare?: () => void;
  readonly ofStore?: (store: Store, storeUrl: string) => Store;
  readonly ofBus?: (bus: Bus) => Bus;
}

const LATE_MS = 400;

/** Keyed by the variable BREAKAGE. `none` and `release-by-closing` are as they should be. */
export const breakages: Readonly<Record<string, Breakage>> = {
  none: {},
  'acknowledge-before-commit': { ofBus: acknowledgingEarly },
  'publish-before-commit': publishingEarly(),
  'ignore-receipts': { ofStore: withoutReceipts },
  'relay-out-of-order': { ofBus: publishingOutOfOrder },
  'read-locally': { ofStore: readingLocally },
  'release-by-closing': { prepare: () => onRelease((channel) => channel.close()) },
  'release-by-cancelling': { prepare: () => onRelease((channel, consumer) => channel.cancel(consumer)) },
};

function acknowledgingEarly(bus: Bus): Bus {
  return faulty(bus, {
    consume: (real, prefetch, onMessage) =>
      real(prefetch, (message) => {
        message.acknowledge();
        onMessage({ ...message, acknowledge: () => undefined });
      }),
  });
}

function publishingEarly(): Breakage {
  let opened: Bus | undefined;
  return {
    ofBus: (bus) => (opened = bus),
    ofStore: (store) =>
      faulty(store, {
        commit: async (real, commit) => {
          for (const event of commit.entries.flatMap((entry) => entry.events)) await opened?.publish(event);
          return real(commit);
        },
      }),
  };
}

function withoutReceipts(store: Store): Store {
  return faulty(store, {
    receipts: () => Promise.resolve(new Map()),
    commit: (real, commit) => real({ ...commit, entries: commit.entries.map(({ command: _command, ...entry }) => entry) }),
  });
}

/** Says that every event is published, and keeps every other one back for a while. */
function publishingOutOfOrder(bus: Bus): Bus {
  let count = 0;
  const late: Promise<void>[] = [];
  return faulty(bus, {
    publish: async (real, event) => {
      count += 1;
      if (count % 2 === 0) return real(event);
      late.push(pause(LATE_MS).then(() => real(event)));
    },
    close: async (real) => {
      await Promise.all(late);
      await real();
    },
  });
}

/** What the primary alone has is believed. */
function readingLocally(store: Store, storeUrl: string): Store {
  const client = new MongoClient(storeUrl, { readConcern: { level: 'local' }, readPreference: 'primary' });
  const collections = new Collections(client.db());
  return faulty(store, {
    receipts: (_real, commands) => findReceipts(collections, commands),
    load: async (_real, type, ids) => {
      const documents = await collections.resources(type).find<ResourceDocument>({ _id: { $in: [...ids] } }, { projection: RESOURCE_FIELDS }).toArray();
      return new Map(documents.map((document) => [document._id, fromResourceDocument(document)]));
    },
  });
}
