import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Recipe } from './local-server.js';
import { freePort } from './ports.js';

/** Configuration file: what JetStream acknowledges is on disk. By default it may be two minutes late. */
export const JETSTREAM_CONFIG = 'jetstream { sync_interval: always }';

export function natsUrl(port: number): string {
  return `nats://127.0.0.1:${port}`;
}

export async function natsRecipe(natsServer: string, folder: string): Promise<Recipe> {
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  const interval = process.env['TEST_NATS_SYNC_INTERVAL'];
  await writeFile(config, `${interval === undefined ? JETSTREAM_CONFIG : `jetstream { sync_interval: "${interval}" }`}\n`);
  return {
    url: natsUrl(port),
    ready: () => answersJetStream(natsUrl(port)),
    server: { command: natsServer, args: ['-c', config, '-js', '-sd', join(folder, 'data'), '-a', '127.0.0.1', '-p', String(port)] },
  };
}

/** @throws while the server does not answer or JetStream is off. */
export async function answersJetStream(url: string): Promise<void> {
  const connection = await connect({ servers: url, reconnect: false, timeout: 2000 });
  try {
    const manager = await jetstreamManager(connection);
    await manager.getAccountInfo();
  } finally {
    await connection.close();
  }
}
