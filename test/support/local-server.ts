import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, type Server } from './server.js';

/** A command line. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What it takes to run one server from a binary of this machine. */
export interface Recipe {
  readonly url: string;
  readonly server: Launch;
  /** A daemon that must run before the server and outlives its restarts. */
  readonly companion?: { readonly launch: Launch; readonly ready: () => Promise<void> };
  /** Resolves when the server serves; throws while it does not. */
  readonly ready: () => Promise<void>;
}

const SETPRIV = '/usr/bin/setpriv';
const STOP_LIMIT_MS = 30_000;
const HOUR_MS = 3_600_000;
const FOLDER = 'party-role-servers-';

/** Starts a private server. `recipeFor` gets the empty folder that holds all its files and vanishes with it. */
export async function startLocal(name: string, recipeFor: (folder: string) => Promise<Recipe>): Promise<Server> {
  await removeForgotten();
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-${name}-`));
  const server = new LocalServer(name, folder, await recipeFor(folder));
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

class LocalServer implements Server {
  private companion: Child | undefined;
  private child: Child | undefined;

  constructor(
    private readonly name: string,
    private readonly folder: string,
    private readonly recipe: Recipe,
  ) {}

  get url(): string {
    return this.recipe.url;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async start(): Promise<void> {
    const { companion, server, ready } = this.recipe;
    if (companion !== undefined && this.companion === undefined) {
      const child = new Child(companion.launch, join(this.folder, 'companion.log'));
      this.companion = child;
      await eventually(companion.launch.command, companion.ready, () => child.mustRun());
    }
    const child = new Child(server, join(this.folder, 'server.log'));
    this.child = child;
    await eventually(this.name, ready, () => child.mustRun());
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.child?.kill(signal);
  }

  async restart(): Promise<void> {
    if (this.child?.running === true) {
      const tooSlow = setTimeout(() => void this.child?.kill('SIGKILL'), STOP_LIMIT_MS);
      await this.child.kill('SIGTERM');
      clearTimeout(tooSlow);
    }
    await this.start();
  }

  async stop(): Promise<void> {
    await this.child?.kill('SIGKILL');
    await this.companion?.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A process that does not outlive this one; where `setpriv` is missing, unless this one is killed. */
class Child {
  private readonly process: ChildProcess;
  private readonly exited: Promise<void>;
  private end: string | undefined;

  constructor(
    private readonly launch: Launch,
    private readonly log: string,
  ) {
    const output = openSync(log, 'a');
    const [command, args] = endingWithParent(launch);
    this.process = spawn(command, args, { env: { ...process.env, ...launch.env }, stdio: ['ignore', output, output] });
    closeSync(output);
    const killWithParent = (): boolean => this.process.kill('SIGKILL');
    process.once('exit', killWithParent);
    this.exited = new Promise((resolve) => {
      const ended = (why: string): void => {
        this.end = why;
        process.off('exit', killWithParent);
        resolve();
      };
      this.process.once('error', (error) => ended(error.message));
      this.process.once('exit', (code, signal) => ended(`exit ${code ?? signal}`));
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get running(): boolean {
    return this.end === undefined;
  }

  mustRun(): void {
    if (this.running) return;
    const tail = readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
    throw new Error(`${this.launch.command} ended (${this.end}):\n${tail}`);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    this.process.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await this.exited;
  }
}

/** Linux ends the child when its parent dies, however that happens. */
function endingWithParent(launch: Launch): [string, readonly string[]] {
  return existsSync(SETPRIV) ? [SETPRIV, ['--pdeathsig', 'KILL', '--', launch.command, ...launch.args]] : [launch.command, launch.args];
}

/** Removes the folders of processes that were killed before they could: dead, and older than any test run. */
async function removeForgotten(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const pid = new RegExp(`^${FOLDER}(\\d+)-`).exec(entry)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(tmpdir(), entry);
    const born = await stat(folder).then((stats) => stats.birthtimeMs, () => Date.now());
    if (Date.now() - born > HOUR_MS) await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
