import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Bus } from './bus/bus.js';
import { openMemoryBus } from './bus/memory-bus.js';
import { openNatsBus } from './bus/nats-bus.js';
import { openRabbitBus } from './bus/rabbitmq-bus.js';
import type { Config } from './config.js';
import { MINUTE_MS } from './date-time.js';
import { StartError } from './errors.js';
import { definitions } from './handlers/index.js';
import { openEmbeddedStore } from './store/embedded-store.js';
import { openMongoStore } from './store/mongo-store.js';
import type { Store } from './store/store.js';

/** The only file that names a broker and a database: the URLs' schemes choose. */

/** What is wrong for good; an operator has to act. */
export type OnFatal = (error: unknown) => void;

/** `serve`: a service, which makes what is missing. `operate`: a tool, which takes everything as a service left it. */
export type Purpose = 'serve' | 'operate';

/** Where the two ports come from. */
export interface Ports {
  readonly openStore: (config: Config, onFatal: OnFatal, log: Logger, purpose?: Purpose) => Promise<Store>;
  /** `holder` names this process where it takes a lane. */
  readonly openBus: (config: Config, store: Store, holder: string, onFatal: OnFatal, log: Logger, purpose?: Purpose) => Bus;
}

export function openStore(config: Config, onFatal: OnFatal, log: Logger, purpose: Purpose = 'serve'): Promise<Store> {
  const asFound = purpose === 'operate';
  const retentionMs = config.retentionMinutes * MINUTE_MS;
  if (config.storeUrl.startsWith('mongodb')) {
    const types = definitions(config).map(({ name, indexes }) => ({ name, indexes: [...indexes, ...config.indexes.filter(({ resource }) => resource === name)] }));
    return openMongoStore({ url: config.storeUrl, types, retentionMs, queryTimeoutMs: config.queryTimeoutMs, asFound, onFatal, log });
  }
  return openEmbeddedStore({ path: folderOf(config.storeUrl), retentionMs, asFound, log });
}

/** Where an embedded database lies; undefined: in memory. */
export function folderOf(storeUrl: string): string | undefined {
  if (storeUrl.startsWith('memory:')) return undefined;
  return storeUrl.startsWith('file://') ? fileURLToPath(storeUrl) : storeUrl.slice('file:'.length);
}

export function openBus(config: Config, store: Store, holder: string, onFatal: OnFatal, log: Logger, purpose: Purpose = 'serve'): Bus {
  if (config.busUrl.startsWith('memory:')) return openMemoryBus({ log });
  const options = {
    url: config.busUrl,
    prefix: config.prefix,
    lanes: config.lanes,
    topology: purpose === 'operate' ? ('check' as const) : config.topology,
    ...(config.replyPrefix === undefined ? {} : { replyPrefix: config.replyPrefix }),
    recorded: (name: string, value: string) => recorded(store, config.prefix, purpose, name, value),
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

/**
 * What is recorded of a setting; a service records what is new.
 * @throws StartError when the database belongs to another prefix: what is sent under this one would find nobody.
 */
async function recorded(store: Store, prefix: string, purpose: Purpose, name: string, value: string): Promise<string> {
  const record = async (setting: string, mine: string): Promise<string> =>
    purpose === 'operate' ? ((await store.setting(setting)) ?? mine) : store.recordSetting(setting, mine);
  checkOwner(prefix, await record('prefix', prefix));
  return record(name, value);
}

/** @throws StartError when the database is recorded to belong to another prefix. */
export function checkOwner(prefix: string, owner: string | undefined): void {
  if (owner !== undefined && owner !== prefix) throw new StartError(`PREFIX is ${prefix}, and the database belongs to the prefix ${owner}`);
}
