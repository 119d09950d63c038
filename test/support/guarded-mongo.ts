import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binary } from './binaries.js';
import { startLocal } from './local-server.js';
import { becomePrimary, mongodLaunch, mongoUrl, withMongo } from './mongo-server.js';
import { freePort } from './ports.js';
import type { Server } from './server.js';

/** A MongoDB that asks for credentials, with a user `worker` who has these roles in the database `partyrole`. Its URL is that user's. */
export async function startGuardedMongo(roles: readonly string[]): Promise<Server & { readonly userUrl: string }> {
  const program = binary('mongo');
  if (program === undefined) throw new Error('this test needs a mongod on this machine');
  const port = await freePort();
  const server = await startLocal('mongo', async (folder) => {
    const [data, key] = [join(folder, 'data'), join(folder, 'key')];
    await mkdir(data);
    // Members of a replica set that asks its clients for credentials know each other by this file.
    await writeFile(key, randomBytes(96).toString('base64'), { mode: 0o600 });
    const { command, args } = mongodLaunch(program, data, port);
    return { url: mongoUrl(port), ready: () => becomePrimary(port), server: { command, args: [...args, '--keyFile', key] } };
  });
  // The first user may be made without credentials, from this machine.
  await withMongo(server.url, (client) => client.db('admin').command({ createUser: 'root', pwd: 'root', roles: ['root'] }));
  await withMongo(server.url.replace('//', '//root:root@'), (root) => root.db('partyrole').command({ createUser: 'worker', pwd: 'secret', roles }));
  const userUrl = new URL(server.url.replace('//', '//worker:secret@'));
  userUrl.pathname = '/partyrole';
  return Object.assign(server, { userUrl: userUrl.href });
}
