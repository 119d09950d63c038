import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Bus } from './bus/bus.js';
import { openMemoryBus } from './bus/memory-bus.js';
import { openNatsBus } from './bus/nats-bus.js';
import { openRabbitBus } from './bus/rabbitmq-bus.js';
import { ConfigError, helpText, readConfig, type Config } from './config.js';
import { definitions } from './handlers/index.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { representationOf } from './handlers/representation.js';
import { createHttpServer } from './http/server.js';
import { Lifecycle } from './lifecycle.js';
import { createLogger } from './logging.js';
import { Relay } from './relay.js';
import { openEmbeddedStore } from './store/embedded-store.js';
import { openMongoStore } from './store/mongo-store.js';
import type { Store } from './store/store.js';
import { Worker } from './worker.js';

/** The composition root: the only file that names a broker and a database. */

const MINUTE_MS = 60_000;
const BATCH_BYTES = 4 * 1024 * 1024;
/** A MongoDB document ends at 16 MiB, and the commit document holds every event of its batch. */
const COMMIT_BYTES = 8 * 1024 * 1024;
const MAX_UNCONFIRMED_EVENTS = 2_000;
const SWEEP_AFTER_MS = 10_000;
const SWEEP_EVERY_MS = 5_000;

function openStore(config: Config, all: readonly ResourceDefinition[], onFatal: (error: Error) => void, log: Logger): Promise<Store> {
  const retentionMs = config.retentionMinutes * MINUTE_MS;
  if (config.storeUrl.startsWith('mongodb')) {
    const types = all.map(({ name, indexes }) => ({ name, indexes }));
    return openMongoStore({ url: config.storeUrl, types, retentionMs, queryTimeoutMs: config.queryTimeoutMs, onFatal, log });
  }
  return openEmbeddedStore({ path: folderOf(config.storeUrl), retentionMs, log });
}

function folderOf(storeUrl: string): string | undefined {
  if (storeUrl.startsWith('memory:')) return undefined;
  return storeUrl.startsWith('file://') ? fileURLToPath(storeUrl) : storeUrl.slice('file:'.length);
}

function openBus(config: Config, store: Store, holder: string, onFatal: (error: Error) => void, log: Logger): Bus {
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

/** Starts everything that this process is to do. Each part is closed before what it stands on. */
async function start(config: Config, lifecycle: Lifecycle, onFatal: (error: unknown) => void, log: Logger): Promise<void> {
  const all = definitions({ roleTypeDefault: config.roleTypeDefault });
  const basePathOf = (_definition: ResourceDefinition): string => config.basePath;
  const representation = representationOf((definition) => config.publicUrl + basePathOf(definition));
  // Ids of one incarnation sort by serial; the time only helps a reader.
  const incarnation = `${Date.now().toString(36)}${randomBytes(6).toString('hex')}`;
  const envelope = { maxBytes: config.bodyLimitBytes, maxDepth: config.maxDepth, resources: new Map(all.map(({ name, version }) => [name, version])) };

  const store = await openStore(config, all, onFatal, log);
  lifecycle.add('store', () => store.close());
  const bus = openBus(config, store, incarnation, onFatal, log);
  lifecycle.add('bus', () => bus.close());

  let worker: Worker | undefined;
  if (config.roles.has('worker')) {
    const relay = new Relay({ bus, store, incarnation, maxUnconfirmed: MAX_UNCONFIRMED_EVENTS, sweepAfterMs: SWEEP_AFTER_MS, sweepEveryMs: SWEEP_EVERY_MS, log });
    relay.start();
    lifecycle.add('relay', () => relay.close(config.shutdownMs * 0.15));
    const started = new Worker({
      bus,
      store,
      relay,
      definitions: all,
      representation,
      notifications: { source: config.eventSource, domain: config.eventDomain },
      incarnation,
      envelope,
      batch: { maxMessages: config.batchMax, maxBytes: BATCH_BYTES },
      maxWriteBytes: COMMIT_BYTES,
      prefetch: config.prefetch,
      tombstoneMs: config.tombstoneMinutes * MINUTE_MS,
      newId: randomUUID,
      onFatal,
      log,
    });
    started.start();
    lifecycle.add('worker', () => started.close(config.shutdownMs * 0.3));
    worker = started;
  }

  // A worker alone serves its health.
  const served = config.roles.has('http') ? all : [];
  const http = createHttpServer({
    bus,
    store,
    definitions: served,
    representation,
    basePathOf,
    source: `${config.eventSource}/rest`,
    replyTimeoutMs: config.replyTimeoutMs,
    bodyLimitBytes: config.bodyLimitBytes,
    pageDefault: config.pageDefault,
    pageMax: config.pageMax,
    ...(config.authidHeader === undefined ? {} : { authidHeader: config.authidHeader }),
    now: () => new Date(),
    newId: randomUUID,
    ready: () => (worker ? { worker: worker.status() } : {}),
    log,
  });
  const port = await http.listen(config.port, config.host);
  lifecycle.add('http', () => http.close(config.shutdownMs * 0.4));
  lifecycle.add('readiness', () => Promise.resolve(http.drain()));
  const collection = `http://${config.host}:${port}${config.basePath}/partyRole`;
  log.info({ port, host: config.host, ...(served.length > 0 ? { collection } : {}) }, served.length > 0 ? 'REST adapter is listening' : 'health endpoints are listening');
  log.info({ incarnation, roles: [...config.roles], bus: withoutSecrets(config.busUrl), store: withoutSecrets(config.storeUrl) }, 'started');
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@');
}

function main(): void {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined) {
    const asked = argument === '--help';
    (asked ? process.stdout : process.stderr).write(asked ? helpText() : `unknown argument ${argument}; --help lists the settings, which are environment variables\n`);
    process.exitCode = asked ? 0 : 2;
    return;
  }
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`Settings that are wrong (--help explains all):\n${error.problems.map((problem) => `  ${problem}\n`).join('')}`);
    process.exitCode = 2;
    return;
  }
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  const lifecycle = new Lifecycle(log);

  let stopping = false;
  const stop = (exitCode: number): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => {
      log.error('shutdown took too long; what was not acknowledged comes again');
      process.exit(1);
    }, config.shutdownMs).unref();
    void lifecycle.close().then(() => {
      log.info('stopped');
      process.exit(exitCode);
    });
  };
  const onFatal = (error: unknown): void => {
    log.fatal({ err: error }, 'cannot go on');
    if (!stopping) stop(1);
  };
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
  start(config, lifecycle, onFatal, log).catch(onFatal);
}

main();
