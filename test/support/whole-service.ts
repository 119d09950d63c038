import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { MemoryBroker } from '../../src/bus/memory-broker.js';
import { openMemoryBus } from '../../src/bus/memory-bus.js';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { schemaUrn } from '../../src/handlers/notification.js';
import { References, type ReferenceMode } from '../../src/handlers/references.js';
import { representationOf } from '../../src/handlers/representation.js';
import { createHttpServer } from '../../src/http/server.js';
import type { JsonObject } from '../../src/json.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { Api } from '../e2e/api.js';
import { BusCheck } from './bus-check.js';
import { checkedBus } from './checked-bus.js';
import { startWorker } from './embedded-worker.js';
import { until } from './service.js';

/** Worker and REST adapter on the memory bus and the embedded store, in this process. What they say is held against their contracts. */
export interface WholeService {
  readonly bus: Bus;
  readonly store: Store;
  readonly references: References;
  /** Customers, by the ids of parties and roles. */
  readonly customers: Api;
  readonly api: (definition: ResourceDefinition) => Api;
  /** The events about one resource so far, as texts, once everything that was committed is published. */
  eventsOf(definition: ResourceDefinition, id: string): Promise<string[]>;
  close(): Promise<void>;
}

export function apiPath({ name, api, version }: ResourceDefinition): string {
  return `${basePathOf({ api, version })}/${name}`;
}

function basePathOf({ api, version }: Pick<ResourceDefinition, 'api' | 'version'>): string {
  return `/tmf-api/${api}/${version}`;
}

/** Where customers are viewed. */
export const VIEW_PATH = '/tmf-api/customer360/v1/party';

/**
 * @param definitions the resources that it serves, and nothing else that depends on them
 * @param missing what references are checked for
 */
export async function startWhole(definitions: readonly ResourceDefinition[], missing: ReferenceMode = 'lenient'): Promise<WholeService> {
  const log = pino({ level: 'silent' });
  const store = await openEmbeddedStore({ path: undefined, retentionMs: 60_000, log });
  const broker = new MemoryBroker();
  const published: { readonly subject: string; readonly key: string; readonly content: string }[] = [];
  const faults: unknown[] = [];
  broker.subscribe(({ key, content }) => {
    const event = JSON.parse(content) as { subject: string };
    published.push({ key, content, subject: event.subject });
    // To throw here would stop the bus.
    try {
      check.event(event);
    } catch (error) {
      faults.push(error);
    }
  });
  const bus = openMemoryBus({ broker, log });
  const representation = representationOf(basePathOf);
  const references = new References(definitions, { missing: new Map([['*', missing]]), deleted: new Map() }, (href) => href.startsWith('/tmf-api/'));
  const notifications = { source: '/test' };
  const pace = { sweepAfterMs: 60_000, sweepEveryMs: 60_000, relayGraceMs: 1000 };
  const running = startWorker({ bus, store, incarnation: randomUUID(), ...pace, log, definitions, representation, references, notifications });
  const limits = { replyTimeoutMs: 5_000, bodyLimitBytes: 100_000, maxRequests: 50, pageDefault: 10, pageMax: 50, countMax: 1_000 };
  const customerView = { path: VIEW_PATH, address: VIEW_PATH, references };
  const contracts = { publicUrl: '', prefix: 'test', schemaUri: schemaUrn };
  const server = createHttpServer({ bus, store, definitions, representation, basePathOf, customerView, contracts, source: '/test/rest', ...limits, now: () => new Date(), newId: randomUUID, log });
  const origin = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  const check = new BusCheck((await (await fetch(`${origin}/asyncapi.json`)).json()) as JsonObject);
  return {
    bus: checkedBus(bus, check),
    store,
    references,
    customers: new Api(origin, VIEW_PATH),
    api: (definition) => new Api(origin, apiPath(definition)),
    eventsOf: async ({ name }, id) => {
      await until('everything is published', async () => (await store.pending({ before: new Date(Date.now() + 1000), limit: 1 })).length === 0);
      return published.filter(({ subject, key }) => subject === id && key.startsWith(`${name}.`)).map(({ content }) => content);
    },
    close: async () => {
      await server.close(1000);
      await running.close();
      await bus.close();
      await store.close();
      if (faults.length > 0) throw new AggregateError(faults, String(faults[0]));
    },
  };
}
