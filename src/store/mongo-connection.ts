import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { MongoClient, ServerType, type Db, type TopologyDescription } from 'mongodb';
import type { Logger } from 'pino';
import { StartError, textOf, UnavailableError } from '../errors.js';
import { appName } from './mongo-abandoned.js';
import { Collections } from './mongo-documents.js';
import { buildListIndexes } from './mongo-list-indexes.js';
import { checkStart, type StartOptions } from './mongo-start.js';
import type { Status } from '../status.js';

const DEFAULT_DATABASE = 'partyrole';

/** Pauses between start checks, in milliseconds; the last one repeats. */
const PAUSES_MS = [200, 500, 1000, 2000];

/** How long the start waits for indexes that only make lists fast: on an empty database they are there at once. */
const INDEX_WAIT_MS = 2_000;

const WRITABLE: ReadonlySet<string> = new Set([ServerType.RSPrimary, ServerType.Mongos, ServerType.LoadBalancer, ServerType.Standalone]);

export interface ConnectionOptions extends StartOptions {
  readonly url: string;
  readonly queryTimeoutMs: number;
  readonly log: Logger;
  /** Called at most once, with a StartError, when the database can never be used as it is. */
  readonly onFatal: (error: Error) => void;
}

/** A connection that comes and goes with the database; it may be used once the start checks have passed. */
export class MongoConnection {
  readonly client: MongoClient;
  readonly database: string;
  private readonly db: Db;
  private readonly ready: Collections;
  private readonly closing = new AbortController();
  private checked = false;
  private why = 'not connected yet';
  private writable = false;
  private readonly checking: Promise<void>;
  private tellLooked: () => void = () => undefined;
  private building: Promise<void> = Promise.resolve();

  /** The first start checks have ended, passed or not. */
  readonly looked = new Promise<void>((resolve) => (this.tellLooked = resolve));

  /** Returns at once and connects in the background. @throws StartError when the URL is no MongoDB URL. */
  constructor(private readonly options: ConnectionOptions) {
    this.client = createClient(options);
    this.database = databaseName(options.url);
    this.db = this.client.db(this.database);
    this.ready = new Collections(this.db);
    this.client.on('topologyDescriptionChanged', ({ newDescription }) => {
      this.observe(newDescription);
    });
    this.checking = this.checkUntilPassed();
  }

  /** @throws UnavailableError until the start checks have passed, and after close. */
  collections(): Collections {
    if (!this.checked || this.isClosed()) throw new UnavailableError(`MongoDB: ${this.why}`);
    return this.ready;
  }

  status(): Status {
    return this.checked && this.writable && !this.isClosed() ? { up: true } : { up: false, why: this.why };
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.why = 'closed';
    await this.client.close();
    await this.checking;
    await this.building;
  }

  private isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  private observe(topology: TopologyDescription): void {
    if (this.isClosed()) return;
    const servers = [...topology.servers.values()];
    const writable = servers.some(({ type }) => WRITABLE.has(type));
    if (!writable) this.why = servers.find(({ error }) => error)?.error?.message ?? 'no primary';
    if (writable !== this.writable && this.checked) {
      if (writable) this.options.log.info('MongoDB is back');
      else this.options.log.warn({ why: this.why }, 'MongoDB is away');
    }
    this.writable = writable;
  }

  private async checkUntilPassed(): Promise<void> {
    for (let attempt = 0; !this.isClosed(); attempt += 1) {
      try {
        await this.client.connect();
        await checkStart(this.db, this.ready, this.options);
        await this.buildIndexes();
        this.checked = true;
        this.options.log.info('MongoDB is ready');
        this.tellLooked();
        return;
      } catch (error) {
        this.tellLooked();
        if (this.isClosed()) return;
        this.why = textOf(error);
        if (error instanceof StartError) return this.options.onFatal(error);
        this.options.log.warn({ why: this.why }, 'MongoDB is not ready');
        await setTimeout(PAUSES_MS[attempt] ?? PAUSES_MS.at(-1), undefined, { signal: this.closing.signal }).catch(() => undefined);
      }
    }
  }

  private async buildIndexes(): Promise<void> {
    const { types, log, asFound = false } = this.options;
    if (asFound) return;
    this.building = buildListIndexes(this.ready, types, log, this.closing.signal);
    await Promise.race([this.building, setTimeout(INDEX_WAIT_MS, undefined, { ref: false })]);
  }
}

function createClient({ url, queryTimeoutMs }: ConnectionOptions): MongoClient {
  try {
    return new MongoClient(url, {
      appName: appName(databaseName(url)),
      // Spares the driver a dynamic import, which not every host of CommonJS allows (jest does not).
      runtimeAdapters: { os },
      writeConcern: { w: 'majority', journal: true },
      readConcern: { level: 'majority' },
      readPreference: 'primary',
      ignoreUndefined: true,
      // Text was written as UTF-8 by this driver; to look for damage in each is a tenth of what reading costs.
      enableUtf8Validation: false,
      // Together these let a server that is gone, or hangs, be noticed within a few seconds.
      heartbeatFrequencyMS: 2000,
      connectTimeoutMS: 4000,
      serverSelectionTimeoutMS: 3000,
      serverMonitoringMode: 'poll',
      socketTimeoutMS: queryTimeoutMs + 15_000,
    });
  } catch (error) {
    throw new StartError(`the store's URL: ${textOf(error)}`, { cause: error });
  }
}

/** The URL's database; without one the driver would take `test`. */
function databaseName(url: string): string {
  const name = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1];
  return name === undefined ? DEFAULT_DATABASE : decodeURIComponent(name);
}
