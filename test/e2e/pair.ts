import { randomBytes } from 'node:crypto';
import { sharedUrl } from '../support/servers.js';
import type { PlainClient } from '../support/plain-client.js';
import { startService } from '../support/service.js';
import type { Pair } from './service.e2e.js';

/** A prefix and a database of its own on the shared servers. */
export async function pairOn(busUrl: string, name: string, connect: (url: string, prefix: string) => Promise<PlainClient>): Promise<Pair> {
  const settings = settingsOn(busUrl, name);
  await startOnce(settings);
  return { settings, client: await connect(busUrl, settings.PREFIX), close: () => Promise.resolve() };
}

/** A prefix and a database that nothing else uses, now or before: test files run side by side, and on servers that may be there for longer. */
export function settingsOn(busUrl: string, name: string): Record<'BUS_URL' | 'STORE_URL' | 'PREFIX' | 'LANES', string> {
  const prefix = `${name}-${randomBytes(4).toString('hex')}`;
  const mongo = new URL(sharedUrl('mongo'));
  mongo.pathname = `/${prefix}`;
  return { BUS_URL: busUrl, STORE_URL: mongo.href, PREFIX: prefix, LANES: '4' };
}

/** The service declares the topology at its first start; a consumer that comes before it would find no exchange. */
async function startOnce(settings: Record<string, string>): Promise<void> {
  await (await startService(settings)).stop();
}
