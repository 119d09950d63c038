import { Readable } from 'node:stream';
import { UnavailableError } from '../../src/errors.js';
import { partyRole } from '../../src/handlers/party-role.js';
import type { JsonObject } from '../../src/json.js';
import { linesOf } from '../../src/transfer/lines.js';
import { load, type LoadOptions, type Outcome } from '../../src/transfer/load.js';
import type { Origin } from '../../src/transfer/record.js';
import { busTarget, type Target } from '../../src/transfer/target.js';
import { startEmbedded, type EmbeddedService } from '../support/embedded-service.js';
import { until } from '../support/service.js';
import { collected } from './collected.js';

const origin: Origin = { definition: partyRole, source: '/crm', maxDepth: 20 };
let service: EmbeddedService;
let target: Target;

beforeEach(async () => {
  service = await startEmbedded();
  target = busTarget(service.bus, origin, 5_000, () => new Date());
});
afterEach(() => service.close());

const text = (...lines: readonly (string | JsonObject)[]): string => lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');

function loaded(lines: string, options: Partial<LoadOptions> = {}): Promise<Outcome[]> {
  const chunks = Readable.from([Buffer.from(lines)]);
  return collected(load(linesOf(chunks, 1_000), { origin, target, concurrency: 10, patienceMs: [1_000, 1_000], maxBytes: 1_000, ...options }));
}

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);
const eventsOf = (id: string): JsonObject[] => service.published.map(({ content }) => JSON.parse(content) as JsonObject).filter(({ subject }) => subject === id);

it('creates a resource for each line, tells of the others in their order, and marks the events', async () => {
  const outcomes = await loaded(text({ id: 'a', name: 'A' }, '{', '', { id: 'b' }, { id: 'c', name: 'x'.repeat(1_000) }, { name: 'D' }));
  expect(outcomes).toMatchObject([
    { line: { number: 1 }, kind: 'created', id: 'a' },
    { line: { number: 2 }, kind: 'refused', status: 400, fault: expect.stringContaining('is not JSON') as string },
    { line: { number: 3 }, kind: 'blank' },
    { line: { number: 4 }, kind: 'refused', id: 'b', status: 400, fault: '/name: is mandatory' },
    { line: { number: 5 }, kind: 'refused', status: 413 },
    { line: { number: 6 }, kind: 'created' },
  ]);
  await service.settled();
  expect(eventsOf('a')).toMatchObject([{ type: 'org.tmforum.partyRole.PartyRoleCreateEvent', imported: true }]);
  expect((await service.store.load('partyRole', [String(outcomes[5]?.id)])).size).toBe(1);
});

it('makes no doubles of what it loads again, nor of a line that comes twice', async () => {
  const lines = text({ id: 'a', name: 'A' }, { name: 'B' }, { name: 'B' });
  expect(kinds(await loaded(lines))).toEqual(['created', 'created', 'alreadyThere']);
  expect(kinds(await loaded(lines))).toEqual(['alreadyThere', 'alreadyThere', 'alreadyThere']);
  expect(await service.store.scan('partyRole', '', 10)).toHaveLength(2);
  await service.settled();
  expect(service.published).toHaveLength(2);
});

it('refuses another content under an id that is taken, and never changes what is there', async () => {
  await loaded(text({ id: 'a', name: 'A' }));
  expect(await loaded(text({ id: 'a', name: 'Other' }))).toMatchObject([{ kind: 'refused', status: 409, fault: '/id: is taken' }]);
  expect((await service.store.load('partyRole', ['a'])).get('a')).toMatchObject({ revision: 1, resource: { name: 'A' } });
});

it('asks anew about what was refused before, since it may be mended, and ends', async () => {
  const asked: string[] = [];
  const counted: Target = {
    create: (record, attempt) => {
      asked.push(`${record.id} ${attempt}`);
      return target.create(record, attempt);
    },
  };
  for (const expected of [['b 1'], ['b 1', 'b 2'], ['b 1', 'b 2', 'b 3']]) {
    asked.length = 0;
    expect(await loaded(text({ id: 'b' }), { target: counted })).toMatchObject([{ kind: 'refused', status: 400 }]);
    expect(asked).toEqual(expected);
  }
  expect(kinds(await loaded(text({ id: 'b', name: 'corrected' })))).toEqual(['created']);
});

it('waits for no more answers at a time than it may', async () => {
  let [underWay, most] = [0, 0];
  const watched: Target = {
    create: async (record, attempt) => {
      most = Math.max(most, (underWay += 1));
      try {
        return await target.create(record, attempt);
      } finally {
        underWay -= 1;
      }
    },
  };
  const lines = text(...Array.from({ length: 50 }, (_, index) => ({ id: `n${index}`, name: 'n' })));
  expect(kinds(await loaded(lines, { target: watched, concurrency: 7 }))).toEqual(Array.from({ length: 50 }, () => 'created'));
  expect(most).toBe(7);
});

it('is no faster than it may be, from any line to any other', async () => {
  const [rate, burstMs] = [200, 75];
  const asked: number[] = [];
  const timed: Target = {
    create: (record, attempt) => {
      asked.push(performance.now());
      return target.create(record, attempt);
    },
  };
  const lines = text(...Array.from({ length: 100 }, (_, index) => ({ id: `n${index}`, name: 'n' })));
  expect(kinds(await loaded(lines, { target: timed, rate, concurrency: 100 }))).toEqual(Array.from({ length: 100 }, () => 'created'));
  const tooFast = asked.flatMap((from, first) => asked.slice(first + 1).map((to, index) => ({ records: index + 1, ms: to - from }))).filter(({ records, ms }) => records > (rate * (ms + burstMs)) / 1_000);
  expect(tooFast).toEqual([]);
});

it('without a rate is as fast as the answers come', async () => {
  let asked = 0;
  const unanswered: Target = { create: () => ((asked += 1), new Promise(() => undefined)) };
  void loaded(text(...Array.from({ length: 300 }, (_, index) => ({ id: `n${index}`, name: 'n' }))), { target: unanswered, concurrency: 300 });
  await until('all are asked, with none answered', () => asked === 300);
});

it('asks again while nobody answers, and once it was too long it says why', async () => {
  let failures = 2;
  const away: Target = { create: (record, attempt) => (failures-- > 0 ? Promise.reject(new UnavailableError('the bus is away')) : target.create(record, attempt)) };
  expect(kinds(await loaded(text({ id: 'a', name: 'A' }), { target: away }))).toEqual(['created']);
  failures = Infinity;
  await expect(loaded(text({ id: 'b', name: 'B' }), { target: away, patienceMs: [200, 200] })).rejects.toThrow(/no answer for .*: the bus is away/);
});
