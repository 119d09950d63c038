import { sharedUrl } from '../support/servers.js';
import type { PlainClient } from '../support/plain-client.js';
import { startService } from '../support/service.js';
import type { Pair } from './service.e2e.js';

/** A prefix and a database of its own on the shared servers. */
export async function pairOn(busUrl: string, prefix: string, connect: (url: string, prefix: string) => Promise<PlainClient>): Promise<Pair> {
  const settings = settingsOn(busUrl, prefix);
  await startOnce(settings);
  return { settings, client: await connect(busUrl, prefix), close: () => Promise.resolve() };
}

export function settingsOn(busUrl: string, prefix: string): Record<string, string> {
  const mongo = new URL(sharedUrl('mongo'));
  mongo.pathname = `/${prefix}`;
  return { BUS_URL: busUrl, STORE_URL: mongo.href, PREFIX: prefix, LANES: '4' };
}

/** The service declares the topology at its first start; a consumer that comes before it would find no exchange. */
async function startOnce(settings: Record<string, string>): Promise<void> {
  await (await startService(settings)).stop();
}
