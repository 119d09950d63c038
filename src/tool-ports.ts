import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { checkOwner, folderOf, type Ports } from './adapters.js';
import type { Bus } from './bus/bus.js';
import type { Config } from './config.js';
import { StartError, textOf } from './errors.js';
import type { Lifecycle } from './lifecycle.js';
import type { Status } from './status.js';
import type { Store } from './store/store.js';
import { ToolError } from './tool-error.js';

/** How long bus and database may take to be reached. */
const READY_MS = 10_000;
const POLL_MS = 25;

/** The ports, each opened when a task needs it and given a bounded time to be up. */
export class OpenPorts {
  private fatal: unknown;

  /** @param instead what to do where the ports live inside the service */
  constructor(
    private readonly config: Config,
    private readonly ports: Ports,
    private readonly lifecycle: Lifecycle,
    private readonly log: Logger,
    private readonly instead: string,
  ) {}

  async store(): Promise<Store> {
    const store = await this.openedStore();
    checkOwner(this.config.prefix, await store.setting('prefix'));
    return store;
  }

  async bus(store: Store): Promise<Bus> {
    if (this.config.busUrl.startsWith('memory:')) throw new ToolError(`BUS_URL memory: lives inside the service, so this would send into nowhere; ${this.instead}`);
    const bus = this.ports.openBus(this.config, store, `tool-${process.pid}`, this.onFatal, this.log, 'operate');
    this.lifecycle.add('bus', () => bus.close());
    await this.up('the message bus', () => bus.status());
    return bus;
  }

  private async openedStore(): Promise<Store> {
    const { storeUrl } = this.config;
    if (storeUrl.startsWith('memory:')) throw new ToolError(`STORE_URL memory: lives inside the service; ${this.instead}`);
    if (storeUrl.startsWith('file:') && !existsSync(folderOf(storeUrl) ?? '')) throw new ToolError(`STORE_URL ${storeUrl}: there is no such folder; the tool needs the environment of the service`);
    try {
      const store = await this.ports.openStore(this.config, this.onFatal, this.log, 'operate');
      this.lifecycle.add('store', () => store.close());
      await this.up('the database', () => store.status());
      return store;
    } catch (error) {
      if (error instanceof StartError && storeUrl.startsWith('file:')) throw new ToolError(`${error.message}; while the service runs on it, ${this.instead}`);
      throw error;
    }
  }

  private readonly onFatal = (error: unknown): void => {
    this.fatal ??= error;
  };

  private async up(what: string, status: () => Status): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (let now = status(); !now.up; now = status()) {
      if (this.fatal !== undefined) throw new ToolError(textOf(this.fatal));
      if (Date.now() > deadline) throw new ToolError(`${what} is away: ${now.why}`);
      await pause(POLL_MS);
    }
  }
}
