import type { FeedOptions, HttpOptions } from '../../src/http/http-options.js';
import type { ClientLimits } from '../../src/http/server.js';
import { LogTail } from '../../src/hub/log-tail.js';
import type { Store } from '../../src/store/store.js';
import { silent } from '../store/embedded-harness.js';
import { faulty } from '../support/faults.js';
import { BASE_PATH, type Rest, startRest } from './rest-fixture.js';

/** A REST adapter with feeds. */
export interface Feed {
  readonly rest: Rest;
  readonly store: Store;
  /** Address of the feed of party roles. */
  readonly url: string;
  /** How often the log was read. */
  readonly reads: () => number;
  /** What the log has up to this position counts as not kept any more. */
  forget(position: number): void;
  close(): Promise<void>;
}

export async function startFeed(feed: Partial<FeedOptions> = {}, options: Partial<HttpOptions> = {}, clients?: ClientLimits): Promise<Feed> {
  let reads = 0;
  let forgotten = 0;
  let tail: LogTail | undefined;
  const rest = await startRest(({ store }) => {
    const counted = faulty(store, {
      readLog: (real, after, ...args) => {
        reads += 1;
        return real(Math.max(after, forgotten), ...args);
      },
    });
    tail = new LogTail({ store: counted, pollMs: 10, maxBytes: 100_000, log: silent });
    return { feed: { tail, maxStreams: 3, ...feed }, ...options };
  }, clients);
  return {
    rest,
    store: rest.store,
    url: `${rest.origin}${BASE_PATH}/events`,
    reads: () => reads,
    forget: (position) => {
      forgotten = position;
    },
    close: async () => {
      await rest.close();
      await tail?.close();
    },
  };
}
