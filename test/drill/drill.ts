import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoSet } from '../support/mongo-set.js';
import type { Server } from '../support/server.js';
import { startMongo, startNats, startRabbit } from '../support/servers.js';
import { check, isQuiet, type CheckOptions } from './checker.js';
import { Deck, type Random } from './deck.js';
import { collectEvents, prepareEvents, type BusKind } from './events.js';
import { Fleet } from './fleet.js';
import { harms, SET_KINDS, type Field, type Kind } from './harms.js';
import { points } from './kill-points.js';
import { startLoad, type Load } from './load.js';
import { logTails } from './log-tails.js';
import { CommitCount } from './progress.js';
import { randomNumbers } from './scenario.js';
import { within } from './within.js';

export interface DrillOptions {
  readonly bus: BusKind;
  /** How many times something is harmed. */
  readonly cycles: number;
  /** The same harm in the same order; the moments differ as the machine does. */
  readonly seed: number;
  /** One that is there several times is done so much more often. */
  readonly kinds: readonly Kind[];
  /** Of the replica set. */
  readonly members: 1 | 3;
  /** Commands a second. */
  readonly rate: number;
  readonly roles: number;
  readonly freezeMs: number;
  /** More settings of the workers, as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** For the workers' logs. */
  readonly folder: string;
  readonly log: (line: string) => void;
}

export interface Report {
  readonly seed: number;
  readonly bus: string;
  readonly workers: number;
  readonly seconds: number;
  /** How often each was done. */
  readonly harm: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
  /** The end of each log that may tell more; only with findings. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
}

const PREFIX = 'drill';
/** A quorum queue whose broker is killed right after its declaration never elects a leader again. */
const SETTLE_MS = 2_000;
const LONGEST_CALM_MS = 2_000;
const HARM_MS = 180_000;
const PROGRESS_MS = 90_000;
const CONFIRM_MS = 120_000;
const QUIET_MS = 180_000;
const LOOK_MS = 30_000;
const CHECK_MS = 300_000;
const ELECTION_MS = 2_000;

/** Starts everything, harms it as often as asked, heals it, and checks what came out. */
export async function runDrill(options: DrillOptions): Promise<Report> {
  await mkdir(options.folder, { recursive: true });
  const [broker, database] = await Promise.all([
    options.bus === 'rabbitmq' ? startRabbit() : startNats(),
    options.members === 3 ? MongoSet.start(ELECTION_MS) : startMongo(),
  ]);
  const storeUrl = database.url.replace('/?', `/${PREFIX}?`);
  const fleet = new Fleet({
    busUrl: broker.url,
    storeUrl,
    proxied: options.kinds.includes('proxy'),
    folder: options.folder,
    settings: { PREFIX, LANES: '4', PREFETCH: '200', BATCH_MAX: '50', ...options.settings },
  });
  try {
    return await new Drill(options, broker, database, storeUrl, fleet).run();
  } finally {
    await fleet.close();
    await Promise.all([broker.stop(), database.stop()]);
  }
}

class Drill {
  private readonly random: Random;
  private readonly harm = new Map<string, number>();
  private readonly findings: string[] = [];
  private readonly started = Date.now();
  private over = false;

  constructor(
    private readonly options: DrillOptions,
    private readonly broker: Server,
    private readonly database: Server | MongoSet,
    private readonly storeUrl: string,
    private readonly fleet: Fleet,
  ) {
    this.random = randomNumbers(options.seed);
  }

  async run(): Promise<Report> {
    const { bus, seed, kinds, rate, roles, freezeMs } = this.options;
    await this.fleet.add(2 + Math.floor(this.random() * 3));
    const slots = this.fleet.all();
    await Promise.all(slots.map(({ worker }) => worker.ready()));
    await prepareEvents(bus, this.broker.url, PREFIX);
    const load = await startLoad({ bus, url: this.broker.url, prefix: PREFIX, seed, roles, perSecond: rate, log: (line) => this.say(line) });
    await pause(SETTLE_MS);
    const replaced = kinds.includes('replace') ? slots.slice(-1) : [];
    const replacing = this.replaceOnAndOn();
    const steady = slots.filter((slot) => !replaced.includes(slot));
    const { fleet, broker, database, random } = this;
    await this.harmAll({ fleet, steady, broker, database, freezeMs, points: new Deck(points, random), random, log: (line) => this.say(line) });
    this.over = true;
    await replacing;
    for (const slot of slots) this.fleet.revive(slot);
    return this.conclude(load);
  }

  private async harmAll(field: Field): Promise<void> {
    const progress = new CommitCount(this.storeUrl);
    const possible = this.options.kinds.filter((kind): kind is keyof typeof harms => kind !== 'replace' && (this.options.members === 3 || !SET_KINDS.has(kind)));
    const deck = new Deck(possible, this.random);
    try {
      for (let cycle = 1; cycle <= this.options.cycles && this.findings.length === 0; cycle += 1) {
        const kind = deck.draw();
        await pause(this.random() * LONGEST_CALM_MS);
        this.say(`cycle ${cycle}: ${kind}`);
        const done = await within(HARM_MS, kind, harms[kind](field));
        this.count(done);
        for (const slot of field.steady) this.fleet.revive(slot);
        if (!(await progress.grows(PROGRESS_MS))) this.findings.push(`stall: nothing was committed for ${PROGRESS_MS} ms after cycle ${cycle}: ${done}`);
      }
    } catch (error) {
      this.findings.push(`stall: ${String(error)}`);
    } finally {
      await progress.close();
    }
  }

  /** One worker never gets old. */
  private async replaceOnAndOn(): Promise<void> {
    const slot = this.options.kinds.includes('replace') ? this.fleet.all().at(-1) : undefined;
    // Of its own, so that the number of its turns does not change what else is done.
    const random = randomNumbers(this.options.seed + 1);
    while (slot && !this.over) {
      await pause(1_000 + random() * 4_000);
      const signal = random() < 0.5 ? 'SIGTERM' : 'SIGKILL';
      await this.fleet.replace(slot, signal);
      this.count(`replaced after ${signal}`);
    }
  }

  private async conclude(load: Load): Promise<Report> {
    const { bus, seed, folder } = this.options;
    let counts: Readonly<Record<string, number>> = { sent: load.sent(), confirmed: load.confirmed() };
    try {
      const journal = await within(CONFIRM_MS, 'confirmation of the last commands', load.stop());
      this.say(`the load has ended: ${load.confirmed()} confirmed; waiting until all is quiet`);
      const where = { bus, busUrl: this.broker.url, storeUrl: this.storeUrl, prefix: PREFIX };
      if (!(await quiet({ ...where, journal }))) this.findings.push(`stall: not quiet ${QUIET_MS} ms after the end`);
      const events = await collectEvents(bus, this.broker.url, PREFIX);
      const verdict = await within(CHECK_MS, 'check', check({ ...where, journal, events }));
      counts = verdict.counts;
      this.findings.push(...verdict.findings);
      await this.fleet.stop();
    } catch (error) {
      this.findings.push(`stall: ${String(error)}`);
    }
    const findings = [...this.findings, ...this.fleet.findings];
    return {
      seed,
      bus,
      workers: this.fleet.all().length,
      seconds: Math.round((Date.now() - this.started) / 1000),
      harm: Object.fromEntries([...this.harm].sort()),
      counts,
      findings,
      ...(findings.length > 0 ? { logs: logTails(folder) } : {}),
    };
  }

  private count(done: string): void {
    this.harm.set(done, (this.harm.get(done) ?? 0) + 1);
  }

  private say(line: string): void {
    this.options.log(`${((Date.now() - this.started) / 1000).toFixed(1)} s ${line}`);
  }
}

/** False when it does not become quiet in time. */
async function quiet(options: Omit<CheckOptions, 'events'>): Promise<boolean> {
  const deadline = Date.now() + QUIET_MS;
  for (;;) {
    if (await within(LOOK_MS, 'a look', isQuiet(options)).catch(() => false)) return true;
    if (Date.now() > deadline) return false;
    await pause(500);
  }
}

/** A folder of its own for each drill. */
export function folderOf(parent: string, bus: string, seed: number): string {
  return join(parent, `${bus}-${seed}-${Date.now().toString(36)}`);
}
