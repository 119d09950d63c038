import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { openBus, openStore, type OnFatal, type Ports } from './adapters.js';
import { adminOptions } from './admin-role.js';
import { apiPath, customerViewPath, schemaPath } from './api-paths.js';
import { Balance } from './balance.js';
import type { Config } from './config.js';
import { MINUTE_MS } from './date-time.js';
import { exitProcess } from './exit.js';
import { definitions } from './handlers/index.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { schemaUris } from './handlers/notification.js';
import { References } from './handlers/references.js';
import { representationOf } from './handlers/representation.js';
import { registrationRules, startHub } from './hub-role.js';
import { LogTail } from './hub/log-tail.js';
import { createHttpServer } from './http/server.js';
import { Lifecycle } from './lifecycle.js';
import { createLogger } from './logging.js';
import { Relay } from './relay.js';
import { Worker } from './worker.js';

const BATCH_BYTES = 4 * 1024 * 1024;
/** A MongoDB document ends at 16 MiB, and the commit document holds every event of its batch. */
const COMMIT_BYTES = 8 * 1024 * 1024;
const MAX_UNCONFIRMED_EVENTS = 2_000;
const SWEEP_AFTER_MS = 10_000;
const SWEEP_EVERY_MS = 5_000;
/** How late hub and feed are at most when nothing happens. */
const LOG_POLL_MS = 100;
/** What readers of the log share of what was read last. */
const LOG_BYTES = 16 * 1024 * 1024;
const BEAT_MS = 1_000;
const ALIVE_MS = 5_000;
const RETURN_MS = 3_000;
/** A terminal signals npm and its child, and npm passes it on: that is one signal. */
const SAME_SIGNAL_MS = 300;

/** Runs the service in this process until a signal or a fault ends it. */
export function runService(config: Config, ports: Ports = { openStore, openBus }): void {
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  const lifecycle = new Lifecycle(log);

  let stopping: number | undefined;
  const stop = (exitCode: number): void => {
    if (stopping !== undefined) {
      if (Date.now() - stopping < SAME_SIGNAL_MS) return;
      log.warn('a second signal: it ends at once; what was not acknowledged comes again');
      exitProcess(1);
      return;
    }
    stopping = Date.now();
    setTimeout(() => {
      log.error('shutdown took too long; what was not acknowledged comes again');
      exitProcess(1);
    }, config.drainMs + config.shutdownMs).unref();
    void lifecycle.close().then(() => {
      log.info('stopped');
      exitProcess(exitCode);
    });
  };
  const onFatal = (error: unknown): void => {
    log.fatal({ err: error }, 'cannot go on');
    if (stopping === undefined) stop(1);
  };
  // What is left of a process that met what nobody expected is not to be trusted, also not with an orderly end.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'cannot go on');
    exitProcess(1);
  });
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
  start(config, ports, lifecycle, onFatal, log).catch(onFatal);
}

/** Starts everything that this process is to do; resolves with its port. Each part is closed before what it stands on. */
export async function start(config: Config, ports: Ports, lifecycle: Lifecycle, onFatal: OnFatal, log: Logger): Promise<number> {
  const all = definitions(config);
  const basePathOf = (definition: ResourceDefinition): string => apiPath(config.basePath, definition);
  const representation = representationOf((definition) => config.publicUrl + basePathOf(definition));
  const schemaUri = schemaUris(config.publicUrl, (definition, schema) => schemaPath(config.basePath, definition, schema));
  const isHere = (href: string): boolean => href.startsWith(`${config.publicUrl}${config.basePath}/`) || href.startsWith(`${config.basePath}/`);
  const references = new References(all, { missing: config.references, deleted: config.onDelete }, isHere);
  // Ids of one incarnation sort by serial; the time only helps a reader.
  const incarnation = `${Date.now().toString(36)}${randomBytes(6).toString('hex')}`;
  const envelope = { maxBytes: config.bodyLimitBytes, maxDepth: config.maxDepth, resources: new Map(all.map(({ name, version }) => [name, version])) };

  const store = await ports.openStore(config, onFatal, log);
  lifecycle.add('store', () => store.close());
  const bus = ports.openBus(config, store, incarnation, onFatal, log);
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
      notifications: { source: config.eventSource, schemaUri, ...(config.eventDomain === undefined ? {} : { domain: config.eventDomain }) },
      references,
      incarnation,
      envelope,
      batch: { maxMessages: config.batchMax, maxBytes: BATCH_BYTES },
      maxWriteBytes: COMMIT_BYTES,
      prefetch: config.prefetch,
      tombstoneMs: config.tombstoneMinutes * MINUTE_MS,
      onFatal,
      log,
    });
    const pace = { beatMs: BEAT_MS, aliveMs: ALIVE_MS, returnMs: RETURN_MS };
    const balance = bus.lanes && new Balance({ store, lanes: bus.lanes, worker: incarnation, isUsable: () => bus.status().up, ...pace, log });
    balance?.start();
    started.start();
    lifecycle.add('worker', () => started.close(config.shutdownMs * 0.3));
    // First, so that the others come while this one finishes what it has in hand.
    if (balance) lifecycle.add('balance', () => balance.close());
    worker = started;
  }

  const tail = new LogTail({ store, pollMs: LOG_POLL_MS, maxBytes: LOG_BYTES, log });
  lifecycle.add('log tail', () => tail.close());
  const hub = config.roles.has('hub') ? startHub(config, store, all, tail, incarnation, log) : undefined;
  if (hub) lifecycle.add('hub', () => hub.close(config.shutdownMs * 0.15));

  // A worker alone serves its health.
  const served = config.roles.has('http') ? all : [];
  const viewPath = customerViewPath(config.basePath);
  const http = createHttpServer({
    bus,
    store,
    definitions: served,
    representation,
    basePathOf,
    source: `${config.eventSource}/rest`,
    replyTimeoutMs: config.replyTimeoutMs,
    bodyLimitBytes: config.bodyLimitBytes,
    maxRequests: config.maxRequests,
    pageDefault: config.pageDefault,
    pageMax: config.pageMax,
    countMax: config.countMax,
    ...(config.authidHeader === undefined ? {} : { authidHeader: config.authidHeader }),
    ...(served.length > 0 ? { customerView: { path: viewPath, address: config.publicUrl + viewPath, references }, contracts: { publicUrl: config.publicUrl, prefix: config.prefix, schemaUri } } : {}),
    feed: { tail, maxStreams: config.maxStreams },
    hub: registrationRules(config),
    ...adminOptions(config, all, lifecycle, log),
    now: () => new Date(),
    newId: randomUUID,
    ready: () => (worker ? { worker: worker.status() } : {}),
    shown: () => (hub ? { hub: hub.status() } : {}),
    log,
  });
  const port = await http.listen(config.port, config.host);
  lifecycle.add('http', () => http.close(config.shutdownMs * 0.4));
  lifecycle.add('readiness', () => {
    http.drain();
    return pause(config.drainMs);
  });
  const collections = served.map((definition) => `http://${config.host}:${port}${basePathOf(definition)}/${definition.name}`);
  log.info({ port, host: config.host, ...(served.length > 0 ? { collections } : {}) }, served.length > 0 ? 'REST adapter is listening' : 'health endpoints are listening');
  log.info({ incarnation, roles: [...config.roles], bus: withoutSecrets(config.busUrl), store: withoutSecrets(config.storeUrl) }, 'started');
  return port;
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@');
}
