import { join } from 'node:path';
import type { KillOrder } from './kill-points.js';
import { TcpProxy } from './tcp-proxy.js';
import { WorkerProcess } from './worker-process.js';

const STOP_MS = 20_000;

export interface FleetOptions {
  readonly busUrl: string;
  readonly storeUrl: string;
  /** Both through a proxy of each worker's own: the database must then be one that one address reaches. */
  readonly proxied: boolean;
  readonly settings: Readonly<Record<string, string>>;
  /** For the logs. */
  readonly folder: string;
}

/** A place for one worker: its process changes, its network stays. */
export interface Slot {
  readonly number: number;
  readonly network: readonly TcpProxy[];
  readonly settings: Readonly<Record<string, string>>;
  worker: WorkerProcess;
}

/** The workers of a drill. */
export class Fleet {
  /** What no worker may do, however it is treated. */
  readonly findings: string[] = [];
  private readonly slots: Slot[] = [];
  private generation = 0;

  constructor(private readonly options: FleetOptions) {}

  async add(count: number): Promise<void> {
    while (this.slots.length < count) {
      const { busUrl, storeUrl, proxied } = this.options;
      const number = this.slots.length;
      if (!proxied) {
        this.slots.push(this.slot(number, [], { BUS_URL: busUrl, STORE_URL: storeUrl }));
        continue;
      }
      const [toBus, toStore] = [await TcpProxy.start(busUrl), await TcpProxy.start(storeUrl)];
      const direct = new URL(toStore.urlFor(storeUrl));
      // The client would else learn the database's own address, and go there.
      direct.search = '?directConnection=true';
      this.slots.push(this.slot(number, [toBus, toStore], { BUS_URL: toBus.urlFor(busUrl), STORE_URL: direct.href }));
    }
  }

  all(): readonly Slot[] {
    return this.slots;
  }

  /** Ends the slot's worker and starts another one in its place. */
  async replace(slot: Slot, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await slot.worker.end(signal, STOP_MS);
    this.revive(slot);
  }

  /** Starts a worker where there is none. */
  revive(slot: Slot): void {
    if (slot.worker.exit !== undefined) slot.worker = this.start(slot.number, slot.settings);
  }

  /** The first worker that reaches the point dies; undefined when none does in time. */
  async killAt(order: KillOrder, ms: number): Promise<Slot | undefined> {
    for (const { worker } of this.slots) worker.arm(order);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), ms);
    });
    const died = await Promise.race([...this.slots.map(diedByItself), late]);
    clearTimeout(timer);
    for (const { worker } of this.slots) worker.disarm();
    return died;
  }

  /** An orderly end of all. One that was started just now does not know signals yet. */
  async stop(): Promise<void> {
    const running = this.slots.filter(({ worker }) => worker.exit === undefined);
    await Promise.all(running.map(({ worker }) => worker.ready(STOP_MS).catch(() => undefined)));
    const exits = await Promise.all(
      this.slots.map(async ({ worker }) => ({ worker, ended: worker.exit !== undefined, exit: await worker.end('SIGTERM', STOP_MS) })),
    );
    for (const { worker, ended, exit } of exits) {
      if (!ended && exit.code !== 0) this.findings.push(`worker ${worker.logFile}: SIGTERM when all was quiet ended with ${exit.code ?? exit.signal}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.slots.map(({ worker }) => worker.end('SIGKILL')));
    await Promise.all(this.slots.flatMap(({ network }) => network.map((proxy) => proxy.close())));
  }

  private slot(number: number, network: readonly TcpProxy[], settings: Readonly<Record<string, string>>): Slot {
    return { number, network, settings, worker: this.start(number, settings) };
  }

  private start(number: number, addresses: Readonly<Record<string, string>>): WorkerProcess {
    const { settings, folder } = this.options;
    this.generation += 1;
    const logFile = join(folder, `worker-${number}-${String(this.generation).padStart(4, '0')}.log`);
    const worker = new WorkerProcess({ main: 'worker-main', settings: { ROLES: 'worker', ...settings, ...addresses }, logFile });
    void worker.exited.then(({ code }) => {
      if (code !== null && !worker.wasAskedToEnd) this.findings.push(`worker ${logFile}: ended by itself with ${code}`);
    });
    return worker;
  }
}

/** Never resolves for one that was ended from here. */
async function diedByItself(slot: Slot): Promise<Slot> {
  const { worker } = slot;
  await worker.exited;
  return worker.wasAskedToEnd ? new Promise(() => undefined) : slot;
}
