import { DatabaseWatch } from './database.js';
import { feed, type Mix } from './feed.js';
import { run, type Contender } from './process.js';
import { median, type Line, type Target } from './report.js';
import { BUS_NAMES, Deployment, type BusKind, type Stage } from './stage.js';
import { measure, type Measure } from './throughput.js';

type Worker = Exclude<Contender, 'express'>;

const WORKERS: readonly Worker[] = ['worker', 'null', 'grouped', 'plain', 'naive'];
/** How many commands each gets, so that each takes some seconds. */
const SIZES: Readonly<Record<'short' | 'full', Readonly<Record<Worker, number>>>> = {
  short: { worker: 12_000, null: 20_000, grouped: 12_000, plain: 2_500, naive: 1_000 },
  full: { worker: 24_000, null: 40_000, grouped: 24_000, plain: 6_000, naive: 2_400 },
};
const WARM_UP: Readonly<Record<Worker, number>> = { worker: 6_000, null: 6_000, grouped: 6_000, plain: 1_000, naive: 400 };
const MIXES: Readonly<Record<'short' | 'full', readonly Mix[]>> = { short: ['creates', 'patches'], full: ['creates', 'patches', 'hot patches', 'mixed'] };
/** Others than these are compared with the null worker alone: what the slow ones do is the same. */
const SLOW_MIXES: readonly Mix[] = ['creates', 'patches'];
/** The worker over the others. */
const TARGETS: Readonly<Partial<Record<Mix, Readonly<Partial<Record<Worker, Target>>>>>> = {
  creates: { null: { atLeast: 0.6, soFar: 0.36 }, plain: { atLeast: 4 }, naive: { atLeast: 10 } },
  patches: { null: { atLeast: 0.4, soFar: 0.28 }, plain: { atLeast: 4 }, naive: { atLeast: 10 } },
};
const HOT_TARGET = { atLeast: 1 } as const;

export interface Throughput {
  readonly lines: readonly Line[];
  /** Creates a second of the worker. */
  readonly capacity: ReadonlyMap<BusKind, number>;
}

/** Commands that are queued already: the worker beside three that are written by hand, in turn, and what a command costs it. */
export async function throughputSection(stage: Stage, { rounds, full }: { readonly rounds: number; readonly full: boolean }): Promise<Throughput> {
  const size = full ? 'full' : 'short';
  const workers = WORKERS.filter((worker) => mixesOf(worker, size).length > 0);
  const database = new DatabaseWatch(stage.mongo.url);
  const lines: Line[] = [];
  const capacity = new Map<BusKind, number>();
  try {
    for (const bus of stage.buses.keys()) {
      const found = new Map<string, Measure[]>();
      for (let round = 0; round < rounds; round += 1) {
        // Whoever is first may find the machine in another state: they take turns.
        const turn = round % workers.length;
        for (const worker of [...workers.slice(turn), ...workers.slice(0, turn)]) {
          for (const [mix, measured] of await measureAll(stage, bus, worker, mixesIn(round, mixesOf(worker, size)), SIZES[size][worker], database)) {
            found.set(`${worker} ${mix}`, [...(found.get(`${worker} ${mix}`) ?? []), measured]);
          }
        }
      }
      const of = (worker: Worker, mix: Mix): readonly Measure[] => found.get(`${worker} ${mix}`) ?? [];
      for (const mix of MIXES[size]) lines.push(...linesOf(`${BUS_NAMES[bus]}, ${mix}`, of, mix));
      if (full) lines.push(ratio(`${BUS_NAMES[bus]}: hot patches ÷ patches`, of('worker', 'hot patches'), of('worker', 'patches'), HOT_TARGET));
      capacity.set(bus, median(of('worker', 'creates').map(({ perSecond }) => perSecond)));
    }
  } finally {
    await database.close();
  }
  return { lines, capacity };
}

function mixesOf(worker: Worker, size: 'short' | 'full'): readonly Mix[] {
  if (worker === 'grouped') return size === 'full' ? ['creates'] : [];
  return worker === 'worker' || worker === 'null' ? MIXES[size] : SLOW_MIXES;
}

/** The two kinds of patches change places from round to round. */
function mixesIn(round: number, mixes: readonly Mix[]): readonly Mix[] {
  const other: Partial<Record<Mix, Mix>> = mixes.includes('hot patches') ? { patches: 'hot patches', 'hot patches': 'patches' } : {};
  return round % 2 === 0 ? mixes : mixes.map((mix) => other[mix] ?? mix);
}

/** One after the other on the same roles. */
async function measureAll(stage: Stage, bus: BusKind, worker: Worker, mixes: readonly Mix[], count: number, database: DatabaseWatch): Promise<[Mix, Measure][]> {
  const deployment = await Deployment.prepare(stage, bus);
  const measured: [Mix, Measure][] = [];
  for (const mix of mixes) {
    const roles = mix === 'creates' ? 0 : count;
    measured.push([mix, await measure(deployment, [...feed(mix, count, roles)], WARM_UP[worker], database, () => [run(worker, deployment.setting)])]);
  }
  await deployment.close();
  return measured;
}

function linesOf(what: string, of: (worker: Worker, mix: Mix) => readonly Measure[], mix: Mix): Line[] {
  const own = of('worker', mix);
  const compared = WORKERS.filter((worker) => of(worker, mix).length > 0);
  const cost = (name: string, unit: Line['unit'], figure: keyof Measure, values = own): Line => ({ section: 'cost', what: `${what}: ${name}`, unit, values: values.map((measure) => measure[figure]) });
  return [
    ...compared.map((worker): Line => ({ section: 'throughput', what: `${what}: ${worker}`, unit: '1/s', values: of(worker, mix).map(({ perSecond }) => perSecond) })),
    ...compared.filter((worker) => worker !== 'worker').map((other) => ratio(`${what}: worker ÷ ${other}`, own, of(other, mix), TARGETS[mix]?.[other])),
    ...(of('grouped', mix).length > 0 ? [ratio(`${what}: grouped ÷ null`, of('grouped', mix), of('null', mix), undefined)] : []),
    ...compared.flatMap((worker) => [
      cost(`CPU of ${worker}`, 'µs', 'workerMicroseconds', of(worker, mix)),
      cost(`CPU of mongod beside ${worker}`, 'µs', 'mongodMicroseconds', of(worker, mix)),
      cost(`CPU of the broker beside ${worker}`, 'µs', 'brokerMicroseconds', of(worker, mix)),
    ]),
    cost('requests to the database', 'requests', 'roundTrips'),
    cost('bytes to and from the database', 'bytes', 'bytes'),
  ];
}

function ratio(what: string, own: readonly Measure[], other: readonly Measure[], target: Target | undefined): Line {
  const values = own.map(({ perSecond }, round) => perSecond / (other[round]?.perSecond ?? NaN));
  return { section: 'throughput', what, unit: '×', values, ...(target ? { target } : {}) };
}
