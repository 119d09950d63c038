import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Kind } from './server.js';

export const MONGO_VERSION = '6.0.5';
export const NATS_VERSION = '2.15.2';

/** The oldest versions with what the worker needs; RabbitMQ cannot be asked without starting it. */
const OLDEST = { mongo: [6, 0], nats: [2, 10] } as const;

/** The folder of package.json, from wherever the compiler put this file. */
export const projectFolder = findProjectFolder();

/** What was fetched, each in a folder with its version in the name; git ignores it. */
export const cache = join(projectFolder, '.cache');

export const cachedMongod = join(cache, `mongod-${MONGO_VERSION}`, 'mongod');
export const cachedNatsServer = join(cache, `nats-server-${NATS_VERSION}`, 'nats-server');

const found = new Map<Kind, string | undefined>();

/** The server program of this machine, or undefined when there is none that is new enough. */
export function binary(kind: Kind): string | undefined {
  if (!found.has(kind)) found.set(kind, search(kind));
  return found.get(kind);
}

/** Forgets what was found, after something was installed. */
export function searchAgain(): void {
  found.clear();
}

function search(kind: Kind): string | undefined {
  switch (kind) {
    case 'mongo':
      return [...onPath('mongod'), cachedMongod].find((file) => isRecent(file, OLDEST.mongo));
    case 'nats':
      return [...onPath('nats-server'), cachedNatsServer].find((file) => isRecent(file, OLDEST.nats));
    case 'rabbit':
      // Debian puts a wrapper on the PATH that changes to the user of the system service.
      return ['/usr/lib/rabbitmq/bin/rabbitmq-server', ...onPath('rabbitmq-server')]
        .filter(isExecutable)
        .find((file) => !realpathSync(file).endsWith('rabbitmq-script-wrapper'));
  }
}

function onPath(name: string): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).filter(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isRecent(file: string, [major, minor]: readonly [number, number]): boolean {
  const output = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const version = /v(\d+)\.(\d+)/.exec(output);
  if (version === null) return false;
  const [foundMajor, foundMinor] = [Number(version[1]), Number(version[2])];
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

function findProjectFolder(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`no package.json above ${__dirname}`);
    folder = dirname(folder);
  }
  return folder;
}
