import { setTimeout as pause } from 'node:timers/promises';
import type { BacklogCommand } from '../outage/backlog.js';
import { amqpWire } from './amqp-wire.js';
import { roleBody } from './feed.js';
import { natsWire } from './nats-wire.js';
import { percentile } from './percentile.js';
import { run } from './process.js';
import { findWritten, RawParts } from './raw-parts.js';
import type { Line } from './report.js';
import { BUS_NAMES, Deployment, type BusKind, type Stage } from './stage.js';
import type { Wire } from './wire.js';

const SIZES = {
  short: { burst: 600, single: 100, steadyMs: 1_200 },
  full: { burst: 3_000, single: 500, steadyMs: 10_000 },
} as const;
/** At the start of a steady load the first of these are not measured. */
const SETTLING_MS = 300;
/** From command to event at idle, over the raw parts. */
const TARGET = { atMost: 2 } as const;
const LOAD = 0.5;
const TICK_MS = 2;

export interface LatencyOptions {
  readonly rounds: number;
  readonly full: boolean;
  /** Creates a second that the worker does on each bus when they are queued already; without it there is no steady load. */
  readonly capacity: ReadonlyMap<BusKind, number>;
}

/** Times in milliseconds, from the call that publishes a command. */
interface Round {
  readonly toEvent: readonly number[];
  readonly toReply: readonly number[];
  readonly rawParts: readonly number[];
  /** To the event, under a steady load of so many commands a second. */
  readonly loaded: readonly number[];
  readonly loadedReply: readonly number[];
  readonly perSecond: number;
}

/** Creates, from publish to event and reply: one after the other, beside the raw parts of the same way, and at half of the capacity. */
export async function latencySection(stage: Stage, options: LatencyOptions): Promise<Line[]> {
  const lines: Line[] = [];
  for (const bus of stage.buses.keys()) lines.push(...linesOf(BUS_NAMES[bus], await roundsOn(stage, bus, options)));
  return lines;
}

async function roundsOn(stage: Stage, bus: BusKind, { rounds, full, capacity }: LatencyOptions): Promise<Round[]> {
  const size = full ? SIZES.full : SIZES.short;
  const open = bus === 'nats' ? natsWire : amqpWire;
  const served = await Deployment.prepare(stage, bus);
  const unserved = await Deployment.prepare(stage, bus);
  const [wire, rawWire] = [await open(served.setting), await open(unserved.setting)];
  const worker = run('worker', served.setting);
  const next = commands();
  let parts: RawParts | undefined;
  try {
    const first = next();
    await toEvent(wire, first);
    parts = await RawParts.open(unserved.setting, rawWire, await findWritten(served.setting.storeUrl, first.role));
    // Code is compiled while it runs.
    await burst(wire, next, size.burst);
    await oneByOne(wire, parts, next, size.single / 4);
    // Publishing takes its part of the machine too, so there may be less for the worker than when commands are queued already.
    const perSecond = LOAD * Math.min(capacity.get(bus) ?? 0, await burst(wire, next, size.burst));
    const found: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const single = await oneByOne(wire, parts, next, size.single);
      const under = perSecond > 0 ? await underLoad(wire, next, perSecond, size.steadyMs) : { loaded: [], loadedReply: [] };
      found.push({ ...single, ...under, perSecond });
    }
    return found;
  } finally {
    await worker.stop();
    await parts?.close();
    await Promise.all([wire.close(), rawWire.close()]);
    await Promise.all([served.close(), unserved.close()]);
  }
}

/** Each command alone, and after it the raw parts alone. */
async function oneByOne(wire: Wire, parts: RawParts, next: () => BacklogCommand, count: number): Promise<Pick<Round, 'toEvent' | 'toReply' | 'rawParts'>> {
  const round = { toEvent: [] as number[], toReply: [] as number[], rawParts: [] as number[] };
  for (let number = 0; number < count; number += 1) {
    const command = next();
    const reply = wire.replies.next(command.role);
    const from = performance.now();
    round.toEvent.push(await toEvent(wire, command, true));
    round.toReply.push((await reply) - from);
    round.rawParts.push(await parts.measure(next()));
  }
  return round;
}

async function toEvent(wire: Wire, command: BacklogCommand, wantsReply = false): Promise<number> {
  const event = wire.events.next(command.role);
  const from = performance.now();
  const sent = wire.send(command, wantsReply);
  const at = await event;
  await sent;
  return at - from;
}

/** Commands all at once; how many a second were published, applied and announced. */
async function burst(wire: Wire, next: () => BacklogCommand, count: number): Promise<number> {
  const started = performance.now();
  await Promise.all(Array.from({ length: count }, () => toEvent(wire, next())));
  return (count / (performance.now() - started)) * 1000;
}

/** Commands at a steady pace, whatever became of those before. */
async function underLoad(wire: Wire, next: () => BacklogCommand, perSecond: number, ms: number): Promise<Pick<Round, 'loaded' | 'loadedReply'>> {
  const started = performance.now();
  const [settling, measured, replies]: [Promise<number>[], Promise<number>[], Promise<number>[]] = [[], [], []];
  for (let elapsed = 0; elapsed < SETTLING_MS + ms; elapsed = performance.now() - started) {
    const due = Math.floor((elapsed / 1000) * perSecond);
    while (settling.length + measured.length < due) {
      const command = next();
      const from = performance.now();
      const reply = wire.replies.next(command.role).then((at) => at - from);
      const event = toEvent(wire, command, true);
      if (elapsed < SETTLING_MS) {
        settling.push(event);
      } else {
        measured.push(event);
        replies.push(reply);
      }
    }
    await pause(TICK_MS);
  }
  await Promise.all(settling);
  return { loaded: await Promise.all(measured), loadedReply: await Promise.all(replies) };
}

function commands(): () => BacklogCommand {
  let number = 0;
  return () => {
    const role = `role-${String((number += 1)).padStart(8, '0')}`;
    const attributes = { specversion: '1.0', id: role, source: '/bench', type: 'org.tmforum.partyRole.create', subject: role };
    return { role, attributes, contentType: 'application/json', body: JSON.stringify(roleBody(number)) };
  };
}

function linesOf(bus: string, rounds: readonly Round[]): Line[] {
  const line = (what: string, of: (round: Round) => readonly number[], share: number): Line => ({
    section: 'latency',
    what: `${bus}, ${what}, p${share * 100}`,
    unit: 'ms',
    values: rounds.map((round) => percentile(of(round), share)),
  });
  const both = (what: string, of: (round: Round) => readonly number[]): Line[] => [line(what, of, 0.5), line(what, of, 0.99)];
  const ratios = rounds.map(({ toEvent: whole, rawParts }) => percentile(whole, 0.5) / percentile(rawParts, 0.5));
  const underLoadLines = (): Line[] => [
    ...both('half of capacity: command to event', (round) => round.loaded),
    ...both('half of capacity: command to reply', (round) => round.loadedReply),
    { section: 'latency', what: `${bus}, half of capacity: commands`, unit: '1/s', values: rounds.map(({ perSecond }) => perSecond) },
  ];
  return [
    ...both('idle: command to event', (round) => round.toEvent),
    ...both('idle: command to reply', (round) => round.toReply),
    ...both('idle: raw parts', (round) => round.rawParts),
    { section: 'latency', what: `${bus}, idle: command to event ÷ raw parts, p50`, unit: '×', values: ratios, target: TARGET },
    ...(rounds.every(({ loaded }) => loaded.length > 0) ? underLoadLines() : []),
  ];
}
