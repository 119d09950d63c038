import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { MemoryBroker } from '../../src/bus/memory-broker.js';
import { openMemoryBus } from '../../src/bus/memory-bus.js';
import type { Json } from '../../src/json.js';
import type { OutgoingCommand, OutgoingEvent } from '../../src/message.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { startWorker } from './embedded-worker.js';
import { until } from './service.js';

/** A worker on a memory bus and an embedded store, in this process. */
export interface EmbeddedService {
  readonly bus: Bus;
  readonly store: Store;
  /** What was published, announcements of parked messages included. */
  readonly published: OutgoingEvent[];
  /** Waits until everything that was committed is published. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function startEmbedded(): Promise<EmbeddedService> {
  const log = pino({ level: 'silent' });
  const store = await openEmbeddedStore({ path: undefined, retentionMs: 60_000, log });
  const broker = new MemoryBroker();
  const published: OutgoingEvent[] = [];
  broker.subscribe((event) => published.push(event));
  const bus = openMemoryBus({ broker, log });
  const running = startWorker({ bus, store, incarnation: randomUUID(), sweepAfterMs: 60_000, sweepEveryMs: 60_000, relayGraceMs: 1000, log });
  return {
    bus,
    store,
    published,
    settled: () => until('everything is published', async () => (await store.pending({ before: new Date(Date.now() + 1000), limit: 1 })).length === 0),
    close: async () => {
      await running.close();
      await bus.close();
      await store.close();
    },
  };
}

/** A command in binary mode. */
export function asked(action: string, subject: string, data: Json, attributes: Readonly<Record<string, string>> = {}): OutgoingCommand {
  return {
    resource: 'partyRole',
    key: subject,
    attributes: { specversion: '1.0', id: randomUUID(), source: '/test', type: `org.tmforum.partyRole.${action}`, subject, ...attributes },
    contentType: action === 'patch' ? 'application/merge-patch+json' : 'application/json',
    body: Buffer.from(action === 'delete' ? '' : JSON.stringify(data)),
  };
}

/** Bytes that come without headers, as from a client that knows nothing of binary mode. */
export function raw(key: string, body: string, contentType = 'application/cloudevents+json'): OutgoingCommand {
  return { resource: 'partyRole', key, attributes: {}, contentType, body: Buffer.from(body) };
}
