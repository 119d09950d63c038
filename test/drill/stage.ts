import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/service.js';
import { check, isQuiet, type Verdict } from './checker.js';
import { collectEvents, prepareEvents } from './events.js';
import type { SentCommand } from './journal.js';
import { AmqpProducer } from './producer-amqp.js';
import { within } from './within.js';
import { WorkerProcess } from './worker-process.js';

const bus = 'rabbitmq';
const DEATH_MS = 30_000;

/** A play for few actors: workers that are started by hand, commands that are sent by hand, and the checker. One lane. */
export class Stage {
  private readonly folder = mkdtempSync(join(tmpdir(), 'party-role-stage-'));
  private readonly producer: AmqpProducer;
  private readonly commands: SentCommand[] = [];
  private readonly workers: WorkerProcess[] = [];

  private constructor(
    private readonly busUrl: string,
    readonly storeUrl: string,
    private readonly prefix: string,
    private readonly breakage: string,
  ) {
    this.producer = new AmqpProducer(busUrl, prefix);
  }

  /** `mongoUrl`: without a database; the prefix becomes its name. */
  static async open(busUrl: string, mongoUrl: string, prefix: string, breakage: string): Promise<Stage> {
    await prepareEvents(bus, busUrl, prefix);
    return new Stage(busUrl, mongoUrl.replace('/?', `/${prefix}?`), prefix, breakage);
  }

  /** Resolves when the worker is ready. */
  start(settings: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
    return this.launch(settings).ready();
  }

  launch(settings: Readonly<Record<string, string>> = {}): WorkerProcess {
    const own = { ROLES: 'worker', BUS_URL: this.busUrl, STORE_URL: this.storeUrl, PREFIX: this.prefix, LANES: '1', BREAKAGE: this.breakage };
    const worker = new WorkerProcess({ main: 'broken-main', settings: { ...own, ...settings }, logFile: join(this.folder, `worker-${this.workers.length}.log`) });
    this.workers.push(worker);
    return worker;
  }

  /** Of the worker that was started last. */
  async death(): Promise<void> {
    const worker = this.workers.at(-1);
    if (worker) await within(DEATH_MS, 'death of a worker', worker.exited);
  }

  create(role: string): Promise<SentCommand> {
    return this.send({ role, action: 'create', contentType: 'application/json', data: { name: role, characteristic: [] } });
  }

  /** Leaves a mark in the role's list. */
  append(role: string): Promise<SentCommand> {
    const mark = { name: `mark ${this.commands.length}`, value: this.commands.length };
    return this.send({ role, action: 'patch', contentType: 'application/json-patch+json', data: [{ op: 'add', path: '/characteristic/-', value: mark }] });
  }

  /** The same command once more. */
  async repeat(command: SentCommand): Promise<void> {
    await this.producer.send(command);
  }

  /** Waits until the workers have said so often that they answered a command. */
  answered(count: number): Promise<void> {
    return until(`${count} commands are answered`, () => this.workers.flatMap((worker) => worker.lines()).filter(({ msg }) => msg === 'command answered').length >= count);
  }

  /** False when what was sent is not dealt with in time. */
  async quiet(ms: number): Promise<boolean> {
    const { busUrl, storeUrl, prefix } = this;
    const deadline = Date.now() + ms;
    while (Date.now() < deadline) {
      if (await isQuiet({ bus, busUrl, storeUrl, prefix, journal: this.journal() }).catch(() => false)) return true;
      await pause(200);
    }
    return false;
  }

  /** Ends the workers in order, and looks. */
  async verdict(): Promise<Verdict> {
    const { busUrl, storeUrl, prefix } = this;
    await Promise.all(this.workers.map((worker) => worker.end('SIGTERM')));
    return check({ bus, busUrl, storeUrl, prefix, journal: this.journal(), events: await collectEvents(bus, busUrl, prefix) });
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end('SIGKILL')));
    await this.producer.close();
    rmSync(this.folder, { recursive: true });
  }

  private journal(): { seed: number; commands: readonly SentCommand[] } {
    return { seed: 0, commands: this.commands };
  }

  private async send(asked: Pick<SentCommand, 'role' | 'action' | 'contentType' | 'data'>): Promise<SentCommand> {
    const number = this.commands.length;
    const command: SentCommand = { ...asked, number, id: `${asked.role}-${number}`, source: `/stage/${this.prefix}`, sends: 0, confirmed: false };
    this.commands.push(command);
    await this.producer.send(command);
    command.confirmed = true;
    return command;
  }
}
