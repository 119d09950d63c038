import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, isQuiet } from '../drill/checker.js';
import { collectEvents, prepareEvents, type BusKind } from '../drill/events.js';
import { startLoad } from '../drill/load.js';
import { WorkerProcess } from '../drill/worker-process.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { until } from '../support/service.js';
import { settingsOn } from './pair.js';

const LANES = 8;
/** The promise: so long after a worker came or went the lanes are shared evenly. */
const PROMISED_MS = 10_000;
/** Long enough for every lane to have a command. */
const WINDOW_MS = 1_500;
const LIMIT_MS = 120_000;

/** Workers as real processes, whose lanes are told from the commands that each of them answers. */
class Workers {
  readonly running: WorkerProcess[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'party-role-balance-'));
  private count = 0;

  constructor(private readonly settings: Readonly<Record<string, string>>) {}

  async join(): Promise<void> {
    this.count += 1;
    const worker = new WorkerProcess({ main: 'worker-main', settings: { ROLES: 'worker', ...this.settings }, logFile: join(this.folder, `${this.count}.log`) });
    this.running.push(worker);
    await worker.ready();
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.running.shift()?.end(signal);
  }

  /** @throws Error when they are not, in time. */
  async shareEvenly(): Promise<void> {
    let shares: number[][] = [];
    await until(
      `${this.running.length} workers share the lanes evenly`,
      () => {
        shares = this.running.map((worker) => lanesSince(worker, Date.now() - WINDOW_MS));
        return isEven(shares);
      },
      PROMISED_MS + WINDOW_MS,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; they had ${JSON.stringify(shares)}`);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.running.map((worker) => worker.end('SIGKILL')));
    rmSync(this.folder, { recursive: true });
  }
}

/** The lanes of the commands that it answered since then. */
function lanesSince(worker: WorkerProcess, time: number): number[] {
  const answers = worker.lines().filter((line) => Number(line['time']) >= time && String(line['msg']).includes('command answered'));
  return [...new Set(answers.map((line) => (line['origin'] as { lane: number }).lane))].sort((one, other) => one - other);
}

function isEven(shares: readonly (readonly number[])[]): boolean {
  const counts = shares.map((lanes) => lanes.length);
  return shares.flat().length === LANES && new Set(shares.flat()).size === LANES && Math.max(...counts) - Math.min(...counts) <= 1;
}

function balanceOn(name: string, bus: BusKind, kind: 'rabbit' | 'nats'): void {
  whenServers(`Workers on ${name} that come and go`, [kind, 'mongo'], () => {
    let workers: Workers;

    afterEach(() => workers.close());

    it('share the lanes evenly within ten seconds, and no command is lost, doubled or reordered', async () => {
      const busUrl = sharedUrl(kind);
      const settings = { ...settingsOn(busUrl, 'balance'), LANES: String(LANES) };
      const prefix = settings.PREFIX;
      const where = { bus, busUrl, storeUrl: settings.STORE_URL, prefix };
      workers = new Workers(settings);

      await workers.join();
      await prepareEvents(bus, busUrl, prefix);
      const load = await startLoad({ bus, url: busUrl, prefix, seed: 1, roles: 60, perSecond: 100, log: () => undefined });
      await workers.shareEvenly();
      await workers.join();
      await workers.shareEvenly();
      await Promise.all([workers.join(), workers.join()]);
      await workers.shareEvenly();
      await workers.end('SIGTERM');
      await workers.shareEvenly();
      await workers.end('SIGKILL');
      await workers.shareEvenly();

      const journal = await load.stop();
      await until('all is quiet', () => isQuiet({ ...where, journal }));
      const { counts, findings } = await check({ ...where, journal, events: await collectEvents(bus, busUrl, prefix) });
      expect(findings).toEqual([]);
      expect(counts['confirmed']).toBeGreaterThan(500);
    }, LIMIT_MS);
  });
}

balanceOn('RabbitMQ', 'rabbitmq', 'rabbit');
balanceOn('NATS', 'nats', 'nats');
