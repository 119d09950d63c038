import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import { openBus, openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import { publishAmqp, publishNats, type BacklogCommand } from '../outage/backlog.js';
import type { Server } from '../support/server.js';
import { startMongo, startNats, startRabbit } from '../support/servers.js';
import { until } from '../support/service.js';
import type { Setting } from './process.js';
import { amqpSink, natsSink, type Sink } from './sink.js';

export type BusKind = 'rabbitmq' | 'nats';

export const BUS_NAMES: Readonly<Record<BusKind, string>> = { rabbitmq: 'RabbitMQ', nats: 'NATS' };

const LANES = 8;
const MONGO_CACHE_GB = 4;
const START_MS = 30_000;

/** The servers of a run. */
export interface Stage {
  readonly mongo: Server;
  readonly buses: ReadonlyMap<BusKind, Server>;
  close(): Promise<void>;
}

/** @param natsSyncInterval setting `sync_interval` of JetStream */
export async function openStage(buses: readonly BusKind[], natsSyncInterval: string): Promise<Stage> {
  // As on a server of its own; the tests' small one would measure how fast it reads its own blocks again.
  process.env['TEST_MONGO_CACHE_GB'] = String(MONGO_CACHE_GB);
  process.env['TEST_NATS_SYNC_INTERVAL'] = natsSyncInterval;
  const mongo = await startMongo();
  const started = new Map<BusKind, Server>();
  for (const bus of buses) started.set(bus, await (bus === 'nats' ? startNats() : startRabbit()));
  return {
    mongo,
    buses: started,
    close: async () => {
      await Promise.all([mongo, ...started.values()].map((server) => server.stop()));
    },
  };
}

let deployments = 0;

/** A prefix and a database of their own, with topology and indexes as the service makes them. */
export class Deployment {
  private constructor(
    readonly bus: BusKind,
    readonly setting: Setting,
    readonly sink: Sink,
    /** The servers' processes, where they are of this machine. */
    readonly pids: { readonly mongod: number | undefined; readonly broker: number | undefined },
  ) {}

  static async prepare(stage: Stage, bus: BusKind): Promise<Deployment> {
    const server = stage.buses.get(bus);
    if (!server) throw new Error(`no ${bus} on this stage`);
    const prefix = `bench${(deployments += 1)}`;
    const storeUrl = new URL(stage.mongo.url);
    storeUrl.pathname = `/${prefix}`;
    const setting: Setting = { busUrl: server.url, storeUrl: storeUrl.href, prefix, lanes: LANES };
    await declareAll(setting);
    const sink = await (bus === 'nats' ? natsSink : amqpSink)(server.url, prefix, setting.lanes);
    return new Deployment(bus, setting, sink, { mongod: stage.mongo.pid, broker: server.pid });
  }

  /** Resolves when the broker holds all commands. */
  async queue(commands: Iterable<BacklogCommand>): Promise<void> {
    const { busUrl, prefix } = this.setting;
    await (this.bus === 'nats' ? publishNats : publishAmqp)(busUrl, prefix, commands);
  }

  async close(): Promise<void> {
    await this.sink.close();
    const client = new MongoClient(this.setting.storeUrl);
    await client.db().dropDatabase();
    await client.close();
  }
}

async function declareAll({ busUrl, storeUrl, prefix, lanes }: Setting): Promise<void> {
  const config = readConfig({ BUS_URL: busUrl, STORE_URL: storeUrl, PREFIX: prefix, LANES: String(lanes) });
  const log = pino({ level: 'silent' });
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const store = await openStore(config, onFatal, log);
  const bus = openBus(config, store, 'bench', onFatal, log);
  await until('topology and indexes are there', () => bus.status().up && store.status().up, START_MS);
  await bus.close();
  await store.close();
}
