import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binary } from './binaries.js';
import { startLocal } from './local-server.js';
import { answersJetStream, natsUrl } from './nats-server.js';
import { freePort } from './ports.js';
import type { Server } from './server.js';

type Subjects = string | readonly string[];

/** What the user `worker` may do; what is not named stays open. */
export interface Guard {
  readonly password: string;
  readonly publish?: { readonly allow?: Subjects; readonly deny?: Subjects };
  readonly subscribe?: { readonly allow?: Subjects; readonly deny?: Subjects };
}

export interface GuardedNats {
  readonly server: Server;
  /** For the user `worker`. Who gives no user may do anything. */
  url(password: string): string;
  /** Counts once the server starts again, or reads its configuration (SIGHUP). */
  change(guard: Guard): Promise<void>;
}

/** A NATS server with a user `worker`. */
export async function startGuardedNats(guard: Guard): Promise<GuardedNats> {
  const program = binary('nats');
  if (program === undefined) throw new Error('this test needs a nats-server on this machine');
  let config = '';
  const write = ({ password, publish, subscribe }: Guard): Promise<void> => {
    const users = [{ user: 'worker', password, permissions: { publish, subscribe } }, { user: 'anybody', password: 'none' }];
    return writeFile(config, `jetstream {}\nno_auth_user: anybody\nauthorization { users: ${JSON.stringify(users)} }\n`);
  };
  const port = await freePort();
  const server = await startLocal('nats', async (folder) => {
    config = join(folder, 'nats.conf');
    await write(guard);
    return {
      url: natsUrl(port),
      ready: () => answersJetStream(natsUrl(port)),
      server: { command: program, args: ['-c', config, '-sd', join(folder, 'data'), '-a', '127.0.0.1', '-p', String(port)] },
    };
  });
  return { server, url: (password) => server.url.replace('//', `//worker:${encodeURIComponent(password)}@`), change: write };
}
