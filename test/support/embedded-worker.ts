import type { Logger } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { Relay } from '../../src/relay.js';
import type { Store } from '../../src/store/store.js';
import { Worker, type WorkerOptions } from '../../src/worker.js';
import { context, definition } from './deciding.js';

/** Party roles alone, unless told. */
export interface WorkerSetting extends Partial<Pick<WorkerOptions, 'definitions' | 'representation' | 'notifications' | 'references'>> {
  readonly bus: Bus;
  readonly store: Store;
  readonly incarnation: string;
  readonly sweepAfterMs: number;
  readonly sweepEveryMs: number;
  readonly relayGraceMs: number;
  readonly log: Logger;
  /** In one commit; default 50. */
  readonly maxMessages?: number;
}

/** A worker with its relay, in this process; `close` closes both, and the ports are whoever opened them's. */
export function startWorker({ bus, store, incarnation, sweepAfterMs, sweepEveryMs, relayGraceMs, log, maxMessages = 50, ...deciding }: WorkerSetting): { readonly worker: Worker; close(): Promise<void> } {
  const relay = new Relay({ bus, store, incarnation, log, maxUnconfirmed: 100, sweepAfterMs, sweepEveryMs });
  const { definitions, representation, notifications, references } = { definitions: [definition], ...context(), ...deciding };
  const worker = new Worker({
    bus,
    store,
    relay,
    definitions,
    representation,
    notifications,
    references,
    incarnation,
    envelope: { maxBytes: 100_000, maxDepth: 20, resources: new Map(definitions.map(({ name, version }) => [name, version])) },
    batch: { maxMessages, maxBytes: 1_000_000 },
    maxWriteBytes: 1_000_000,
    prefetch: 2 * maxMessages,
    tombstoneMs: 60_000,
    onFatal: (error) => {
      throw error;
    },
    log,
  });
  relay.start();
  worker.start();
  return {
    worker,
    close: async () => {
      await worker.close(1000);
      await relay.close(relayGraceMs);
    },
  };
}
