import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Bus } from './bus/bus.js';
import { openMemoryBus } from './bus/memory-bus.js';
import { openNatsBus } from './bus/nats-bus.js';
import { openRabbitBus } from './bus/rabbitmq-bus.js';
import type { Config } from './config.js';
import { definitions } from './handlers/index.js';
import { openEmbeddedStore } from './store/embedded-store.js';
import { openMongoStore } from './store/mongo-store.js';
import type { Store } from './store/store.js';

/** The only file that names a broker and a database: the URLs' schemes choose. */

const MINUTE_MS = 60_000;

/** What is wrong for good; an operator has to act. */
export type OnFatal = (error: unknown) => void;

export function openStore(config: Config, onFatal: OnFatal, log: Logger): Promise<Store> {
  const retentionMs = config.retentionMinutes * MINUTE_MS;
  if (config.storeUrl.startsWith('mongodb')) {
    const types = definitions(config).map(({ name, indexes }) => ({ name, indexes }));
    return openMongoStore({ url: config.storeUrl, types, retentionMs, queryTimeoutMs: config.queryTimeoutMs, onFatal, log });
  }
  return openEmbeddedStore({ path: folderOf(config.storeUrl), retentionMs, log });
}

function folderOf(storeUrl: string): string | undefined {
  if (storeUrl.startsWith('memory:')) return undefined;
  return storeUrl.startsWith('file://') ? fileURLToPath(storeUrl) : storeUrl.slice('file:'.length);
}

/** `holder` names this process where it takes a lane. */
export function openBus(config: Config, store: Store, holder: string, onFatal: OnFatal, log: Logger): Bus {
  if (config.busUrl.startsWith('memory:')) return openMemoryBus({ log });
  const options = {
    url: config.busUrl,
    prefix: config.prefix,
    lanes: config.lanes,
    topology: config.topology,
    ...(config.replyPrefix === undefined ? {} : { replyPrefix: config.replyPrefix }),
    recorded: (name: string, value: string) => store.recordSetting(name, value),
    onFatal,
    log,
  };
  if (config.busUrl.startsWith('amqp')) return openRabbitBus(options);
  const leases = {
    take: (name: string, ttlMs: number) => store.takeLease(name, holder, ttlMs),
    release: (name: string) => store.releaseLease(name, holder),
  };
  return openNatsBus({ ...options, leases });
}
