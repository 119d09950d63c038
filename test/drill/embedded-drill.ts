import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Deck } from './deck.js';
import type { Report } from './drill.js';
import { EmbeddedWriter } from './embedded-writer.js';
import { eventOf, type CollectedEvent } from './events.js';
import { Findings, Tally } from './findings.js';
import { points, type Point } from './kill-points.js';
import { logTails } from './log-tails.js';
import { randomNumbers } from './scenario.js';
import { within } from './within.js';
import { WorkerProcess } from './worker-process.js';

export interface EmbeddedDrillOptions {
  readonly cycles: number;
  readonly seed: number;
  /** For the data and the logs. */
  readonly folder: string;
  readonly log: (line: string) => void;
}

const AT_RANDOM = 'at random';
const WRITERS = 8;
const POINT_MS = 10_000;
const LONGEST_CALM_MS = 800;
const MOST_COMMITS = 40;
const LAST_ANSWER_MS = 30_000;
/** What a killed process left pending is announced by the next one's sweep, which looks for what is ten seconds old. */
const ANNOUNCED_MS = 40_000;

/** Kills the one process of the embedded pair again and again, while writers over REST hold it to what it answered. */
export async function runEmbeddedDrill(options: EmbeddedDrillOptions): Promise<Report> {
  await mkdir(options.folder, { recursive: true });
  const drill = new EmbeddedDrill(options);
  try {
    return await drill.run();
  } finally {
    await drill.close();
  }
}

class EmbeddedDrill {
  private readonly started = Date.now();
  private readonly findings = new Findings();
  private readonly counts = new Tally();
  private readonly harm = new Tally();
  private readonly processes: WorkerProcess[] = [];

  private readonly eventsFile: string;

  constructor(private readonly options: EmbeddedDrillOptions) {
    this.eventsFile = join(options.folder, 'events');
  }

  async run(): Promise<Report> {
    const { seed, folder } = this.options;
    try {
      await this.start();
      const writers = Array.from({ length: WRITERS }, (_, number) => this.writer(number));
      for (const writer of writers) writer.start();
      await this.killAgainAndAgain();
      for (const writer of writers) await within(LAST_ANSWER_MS, 'the last answer', writer.stop());
      for (const writer of writers) await writer.check(this.findings, this.counts);
      await this.checkEvents(writers);
      const { code, signal } = await this.current().end('SIGTERM');
      if (code !== 0) this.findings.add('stall', `SIGTERM when all was quiet ended with ${code ?? signal}`);
    } catch (error) {
      this.findings.add('stall', String(error));
    }
    const findings = this.findings.lines();
    const seconds = Math.round((Date.now() - this.started) / 1000);
    const report = { seed, bus: 'embedded', workers: 1, seconds, harm: this.harm.asObject(), counts: this.counts.asObject(), findings };
    return findings.length > 0 ? { ...report, logs: logTails(folder) } : report;
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.end('SIGKILL')));
  }

  private writer(number: number): EmbeddedWriter {
    const { seed } = this.options;
    return new EmbeddedWriter(`w${seed}-${number}`, randomNumbers(seed * WRITERS + number), () => this.current().address());
  }

  private async killAgainAndAgain(): Promise<void> {
    const { cycles, seed, log } = this.options;
    const random = randomNumbers(seed);
    const moments = new Deck<Point | typeof AT_RANDOM>([...points, AT_RANDOM, AT_RANDOM, AT_RANDOM], random);
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      await pause(random() * LONGEST_CALM_MS);
      const point = moments.draw();
      const count = 1 + Math.floor(random() * MOST_COMMITS);
      log(`cycle ${cycle}: ${point}, time ${count}`);
      const process = this.current();
      if (point === AT_RANDOM) await process.end('SIGKILL');
      else process.arm({ point, count });
      await within(POINT_MS, `death ${point}`, process.exited);
      this.harm.add(`killed ${point}`);
      await this.start();
    }
  }

  private async start(): Promise<void> {
    const { folder } = this.options;
    const settings = { BUS_URL: 'memory:', STORE_URL: `file:${join(folder, 'data')}`, EVENTS_FILE: this.eventsFile, REPLY_TIMEOUT_MS: '5000' };
    const logFile = join(folder, `worker-0-${String(this.processes.length).padStart(4, '0')}.log`);
    const process = new WorkerProcess({ main: 'worker-main', settings, logFile });
    this.processes.push(process);
    await process.ready();
  }

  private current(): WorkerProcess {
    const process = this.processes.at(-1);
    if (!process) throw new Error('nothing runs');
    return process;
  }

  private async checkEvents(writers: readonly EmbeddedWriter[]): Promise<void> {
    const deadline = Date.now() + ANNOUNCED_MS;
    let problem: string | undefined;
    do {
      const events = this.announced();
      problem = writers.map((writer) => writer.eventProblem(events)).find((found) => found !== undefined);
      if (problem === undefined) return this.counts.add('announcements', events.length);
      await pause(500);
    } while (Date.now() < deadline);
    this.findings.add('events', problem);
  }

  /** The embedded bus has no consumer outside. */
  private announced(): CollectedEvent[] {
    const text = readFileSync(this.eventsFile, 'utf8');
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter((line) => line !== '').map(eventOf);
  }
}
