import { rmSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { textOf, StartError } from '../errors.js';

/** Longest path of a socket on every system that has them, in bytes. */
const MAX_SOCKET_PATH = 103;

/** The right to be the one process on a folder. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes a folder for this process: a listening socket in it, which the system closes with the process however it ends,
 * and which processes in containers that share the folder see too.
 * @throws StartError when another process has it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = socketPath(folder);
  const server = (await listen(path)) ?? (await takeOver(path, folder));
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function takeOver(path: string, folder: string): Promise<Server> {
  const taken = new StartError(`the folder ${folder} is in use by another process; the embedded store serves one`);
  if (await answers(path)) throw taken;
  rmSync(path, { force: true });
  const server = await listen(path);
  if (!server) throw taken;
  return server;
}

function socketPath(folder: string): string {
  const path = join(folder, 'lock');
  const fromHere = relative(process.cwd(), path);
  const shorter = fromHere.length < path.length ? fromHere : path;
  if (Buffer.byteLength(shorter) > MAX_SOCKET_PATH) throw new StartError(`the path of the folder ${folder} is too long; it may have ${MAX_SOCKET_PATH - 5} bytes`);
  return shorter;
}

/** The listening server, or undefined when something has the path. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new StartError(`cannot lock ${path}: ${textOf(error)}`, { cause: error }));
    });
    server.listen(path, () => resolve(server));
  });
}

/** Whether a process listens; a socket that was left behind refuses. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
