import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { Launch, Recipe } from './local-server.js';
import { freePort } from './ports.js';

export const REPLICA_SET = 'rs0';

export function mongoUrl(port: number): string {
  return `mongodb://127.0.0.1:${port}/?replicaSet=${REPLICA_SET}`;
}

/** A single-node replica set: transactions and majority reads work, failover does not. */
export async function mongoRecipe(mongod: string, folder: string): Promise<Recipe> {
  const port = await freePort();
  const data = join(folder, 'data');
  await mkdir(data);
  return {
    url: mongoUrl(port),
    ready: () => becomePrimary(port),
    server: mongodLaunch(mongod, data, port),
  };
}

/** A member of the replica set, on this folder and this port of 127.0.0.1. */
export function mongodLaunch(mongod: string, data: string, port: number): Launch {
  return {
    command: mongod,
    args: [
      ...['--replSet', REPLICA_SET, '--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', data, '--nounixsocket'],
      ...['--wiredTigerCacheSizeGB', process.env['TEST_MONGO_CACHE_GB'] ?? '0.25', '--oplogSize', '256'],
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      // Without this a SIGTERM waits 15 s for clients to leave.
      ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
    ],
  };
}

/** For clients inside jest: the driver's own dynamic import of `os` needs a flag there. */
export const IN_JEST = { runtimeAdapters: { os } } as const;

/** What a client does, for a second at most while no server is there. */
export async function withMongo<T>(url: string, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { ...IN_JEST, serverSelectionTimeoutMS: 1000 });
  return use(client).finally(() => client.close());
}

/** Makes the server at this port of 127.0.0.1 a replica set if it is none. @throws while it is not the primary. */
export async function becomePrimary(port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true&serverSelectionTimeoutMS=1000`, IN_JEST);
  try {
    const admin = client.db('admin');
    const hello = await admin.command({ hello: 1 });
    if (hello['isWritablePrimary'] === true) return;
    if (hello['setName'] === undefined) {
      await admin.command({ replSetInitiate: { _id: REPLICA_SET, members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
    }
    throw new Error('not primary yet');
  } finally {
    await client.close();
  }
}
