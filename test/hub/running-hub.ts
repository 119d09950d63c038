import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { parseEventQuery } from '../../src/hub/event-filter.js';
import { Hub, type HubOptions } from '../../src/hub/hub.js';
import { LogTail } from '../../src/hub/log-tail.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { NewSubscription, Subscription } from '../../src/store/hub-store.js';
import type { Store } from '../../src/store/store.js';
import { definition } from '../support/deciding.js';
import { until } from '../support/service.js';
import { openSender } from './local-listener.js';

const log = pino({ level: 'silent' });

/** Pauses of a few milliseconds, in place of seconds. */
const QUICK = { roundMs: 20, holdMs: 2_000, concurrency: 4, firstMs: 5, longestMs: 40, attempts: 4, suspendMs: 60_000, timeoutMs: 5_000 };

export type Pace = Partial<typeof QUICK>;

/** Hubs in this process, over one embedded store, that send over HTTP to this machine. */
export class RunningHub {
  readonly store: Store;
  private readonly hubs = new Set<Hub>();
  private readonly tail: LogTail;

  private constructor(store: Store) {
    this.store = store;
    this.tail = new LogTail({ store, pollMs: 5, maxBytes: 1024 * 1024, log });
  }

  static async open(): Promise<RunningHub> {
    return new RunningHub(await openEmbeddedStore({ path: undefined, retentionMs: 3_600_000, log }));
  }

  start(pace: Pace = {}, options: Partial<HubOptions> = {}): Hub {
    const { timeoutMs, ...quick } = { ...QUICK, ...pace };
    const sender = openSender({ timeoutMs });
    const hub = new Hub({ store: this.store.hub, tail: this.tail, sender, holder: randomUUID(), filterOf: ({ query }) => parseEventQuery(query, [definition]), log, ...quick, ...options });
    this.hubs.add(hub);
    hub.start();
    return hub;
  }

  async stop(hub: Hub, graceMs = 1_000): Promise<void> {
    this.hubs.delete(hub);
    await hub.close(graceMs);
  }

  /** Everything in the log, unless told. The answer is its id. */
  async register(callback: string, fields: Partial<NewSubscription> = {}): Promise<string> {
    const subscription: NewSubscription = { id: randomUUID(), api: definition.api, callback, query: '', dialect: 'cloudevents-structured', secrets: { signing: [] }, cursor: 0, ...fields };
    await this.store.hub.register(subscription);
    return subscription.id;
  }

  async subscription(id: string): Promise<Subscription> {
    const found = await this.store.hub.subscription(id);
    if (!found) throw new Error('it is not registered');
    return found;
  }

  untilIt(what: string, id: string, condition: (subscription: Subscription) => boolean): Promise<void> {
    return until(what, async () => condition(await this.subscription(id)), 10_000);
  }

  async close(): Promise<void> {
    await Promise.all([...this.hubs].map((hub) => hub.close(0)));
    await this.tail.close();
    await this.store.close();
  }
}
