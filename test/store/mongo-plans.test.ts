import type { Document } from 'mongodb';
import type { Condition, Query, SortKey } from '../../src/store/query.js';
import { toResourceDocument, type ResourceDocument } from '../../src/store/mongo-documents.js';
import { commitId, type ParkedFilter, type Store } from '../../src/store/store.js';
import { announcing, batch, change, creation, deletion, entry, event, parkedMessage, query, TYPE } from '../contract/store-fixtures.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { fillHub, hubUses } from './hub-uses.js';
import { MongoHarness } from './mongo-harness.js';

const ROLES = 3_000;
const PAGE = 20;
const COUNT_MAX = 100;

/** What an operation may look at beyond what it answers or changes: the ends of index ranges, and one more item than the page has. */
const MARGIN = 12;

type Use = readonly [about: string, use: (store: Store) => Promise<unknown>];
type Method = Exclude<keyof Store, 'status' | 'close' | 'hub'>;

const idOf = (i: number): string => `r${String(i).padStart(5, '0')}`;
const dateOf = (i: number): string => new Date(i * 1000).toISOString();
const commits = Array.from({ length: 60 }, (_, i) => commitId('plans', i));
const [first = '', second = ''] = commits;

const eq = (path: string, ...values: string[]): Condition => ({ path: path.split('.'), operator: 'eq', values });
const by = (path: string, descending = false): SortKey[] => [{ path: path.split('.'), descending }];

function list(about: string, parts: Partial<Query>): Use {
  return [about, (store) => store.find(TYPE, query({ limit: PAGE, countMax: COUNT_MAX, ...parts }))];
}

/** A page deep in a list and one near its beginning, each by cursor. */
function pages(about: string, parts: Partial<Query>): Use[] {
  return [10, 400].map((offset): Use => [
    `${about}, page by cursor behind ${offset}`,
    async (store) => {
      const after = places.get(JSON.stringify([parts, offset]));
      if (after) return store.find(TYPE, query({ limit: PAGE, countMax: 0, after, ...parts }));
      const { next } = await store.find(TYPE, query({ limit: 1, countMax: 0, offset, ...parts }));
      if (!next) throw new Error(`${about} ends before ${offset}`);
      return places.set(JSON.stringify([parts, offset]), next);
    },
  ]);
}

/** Found before anything is measured. */
const places = new Map<string, NonNullable<Query['after']>>();

const sorts = ['name', 'status', 'missing'].flatMap((path) => [by(path), by(path, true)]);

const byCursor: Use[] = [
  ...pages('all', {}),
  ...pages('filtered by status', { where: [eq('status', 'active')] }),
  ...pages('filtered and sorted by status', { where: [eq('status', 'active')], sort: by('status') }),
  ...pages('filtered through an array', { where: [eq('relatedParty.id', 'common')] }),
  ...sorts.flatMap((sort) => pages(`sorted by ${JSON.stringify(sort)}`, { sort })),
];

const lists: Use[] = [
  list('all', {}),
  list('all, in one direction or the other', { sort: by('id', true) }),
  list('filtered by name', { where: [eq('name', 'Role 7')] }),
  list('filtered by name, which nobody has', { where: [eq('name', 'nobody')] }),
  list('filtered by several names', { where: [eq('name', 'Role 7', 'Role 8', '5')] }),
  list('filtered by status', { where: [eq('status', 'active')] }),
  list('filtered by status, to be counted', { where: [eq('status', 'active')], limit: 0 }),
  list('filtered through an array', { where: [eq('relatedParty.id', 'common')] }),
  list('filtered through an array, to be counted', { where: [eq('relatedParty.id', 'common')], limit: 0 }),
  list('filtered through an array, rare', { where: [eq('relatedParty.id', 'party 7', 'party 11')] }),
  list('filtered and sorted by name', { where: [{ path: ['name'], operator: 'gte', values: ['Role 5'] }], sort: by('name') }),
  list('to be counted', { limit: 0 }),
  ...sorts.map((sort) => list(`sorted by ${JSON.stringify(sort)}`, { sort })),
];

const parkedFilters: ParkedFilter[] = [{}, { after: { at: new Date(5), id: 'p5' } }, { from: new Date(3), to: new Date(9) }];

/** Every method of the port, that of the hub's in `hubUses`: what is new in it must be tried here. */
const uses: Readonly<Record<Method, readonly Use[]>> = {
  load: [['roles', (store) => store.load(TYPE, [idOf(1), idOf(2), 'unknown'])]],
  receipts: [['answered and not', (store) => store.receipts([`command of ${first}`, 'unknown'])]],
  commit: [
    ['creation, change, deletion, guard, parked', (store) => store.commit(batch({ writes: [creation('new'), change(idOf(3), 1), deletion(idOf(4), 1)], guards: [{ type: TYPE, id: idOf(6), revision: 1 }], parked: [parkedMessage('p')], entries: [entry('c', [event('e')])] }))],
    ['conflict', (store) => store.commit(batch({ writes: [change(idOf(3), 1)] }))],
  ],
  find: [...lists, ...byCursor],
  pending: [
    ['of an incarnation', (store) => store.pending({ upTo: commits.at(-1) ?? '' })],
    ['before a time', (store) => store.pending({ before: new Date(), limit: 5 })],
  ],
  markPublished: [['pending and not', (store) => store.markPublished([commits[40] ?? '', first])]],
  readLog: [
    ['from a position', (store) => store.readLog(3, 5)],
    ['between times', (store) => store.readLog(3, 5, { from: new Date(0) })],
  ],
  lastPosition: [['one', (store) => store.lastPosition()]],
  readCommit: [['one', (store) => store.readCommit(second)]],
  readPast: [['of several resources', (store) => store.readPast([{ commit: first, order: `${TYPE}/1` }, { commit: second, order: `${TYPE}/1` }, { commit: 'unknown', order: `${TYPE}/1` }])]],
  referrers: [
    ['of one', (store) => store.referrers(TYPE, [['relatedParty']], ['common'], PAGE)],
    ['of some', (store) => store.referrers(TYPE, [['relatedParty']], ['party 0', 'party 9', 'unknown'], PAGE)],
    ['at several places', (store) => store.referrers(TYPE, [['relatedParty'], ['engagedParty']], ['party 0', 'party 9'], PAGE)],
  ],
  latest: [
    ['of one', (store) => store.latest(TYPE, [['relatedParty']], ['common'], ['when'], PAGE)],
    ['of some', (store) => store.latest(TYPE, [['relatedParty']], ['common', 'other', 'party 9'], ['when'], PAGE)],
    ['behind a date', (store) => store.latest(TYPE, [['relatedParty']], ['common', 'other'], ['when'], PAGE, { date: dateOf(1_500), id: idOf(1_500) })],
    ['among those without a date', (store) => store.latest(TYPE, [['relatedParty']], ['common'], ['when'], PAGE, { date: undefined, id: idOf(900) })],
  ],
  scan: [['from an id', (store) => store.scan(TYPE, idOf(100), PAGE)]],
  parked: parkedFilters.map((filter) => [JSON.stringify(filter), (store) => store.parked(filter, 5)]),
  countParked: [['from a time', (store) => store.countParked({ from: new Date(190) })]],
  recordRetry: [['one', (store) => store.recordRetry('p3', 0, { at: new Date(), command: 'c', edited: false })]],
  dropParked: [['one', (store) => store.dropParked(['p4'])]],
  notes: [['some', (store) => store.notes(['m0', 'm1', 'unknown'])]],
  writeNotes: [['new and old', (store) => store.writeNotes(['m0', 'new'], 'alone')]],
  removeNotes: [['some', (store) => store.removeNotes(['m1', 'm2'])]],
  takeLease: [['free and taken', async (store) => [await store.takeLease('lane-1', 'a', 60_000), await store.takeLease('lane-1', 'b', 60_000)]]],
  releaseLease: [['one', (store) => store.releaseLease('lane-1', 'a')]],
  beat: [['one', (store) => store.beat('worker', 60_000)]],
  leave: [['one', (store) => store.leave('worker')]],
  recordSetting: [['one', (store) => store.recordSetting('lanes', '8')]],
  setting: [['one', (store) => store.setting('lanes')]],
};

whenServers('MongoDB store, by the plans that its operations really took', ['mongo'], () => {
  const database = `plans-${process.pid}`;
  let harness: MongoHarness;
  let store: Store;
  let profiled = 0;

  beforeAll(async () => {
    harness = new MongoHarness(sharedUrl('mongo'));
    store = await harness.open(database);
    await fill();
    const db = harness.client.db(database);
    for (const [, use] of byCursor) await use(store);
    await db.createCollection('system.profile', { capped: true, size: 16 * 1024 * 1024 });
    await db.command({ profile: 2 });
  }, 60_000);

  afterAll(async () => {
    await harness.client.db(database).command({ profile: 0 });
    await store.close();
    await harness.remove();
  });

  /** Some of everything, so that no operation has it easy; a tenth of the roles are tombstones. */
  async function fill(): Promise<void> {
    const writes = Array.from({ length: ROLES }, (_, i) => {
      const relatedParty = i % 3 === 0 ? { relatedParty: [{ id: `party ${i}` }, { id: i % 2 === 0 ? 'common' : 'other' }] } : {};
      const resource = { name: `Role ${i % 1000}`, status: i % 2 === 0 ? 'active' : 'suspended', ...relatedParty, ...(i > 1000 ? { when: dateOf(i) } : {}), ...(i < 5 ? { missing: 'there' } : {}) };
      return i % 10 === 9 ? { ...deletion(idOf(i), 0), resource: { id: idOf(i), ...resource } } : creation(idOf(i), resource);
    });
    const commit = batch();
    await harness.client.db(database).collection<ResourceDocument>(TYPE).insertMany(writes.map((write) => toResourceDocument(write, commit)));
    for (const id of commits) await store.commit(announcing(id));
    await store.markPublished(commits.slice(0, 30));
    await store.commit(batch({ parked: Array.from({ length: 200 }, (_, i) => parkedMessage(`p${i}`, { at: new Date(i) })) }));
    await store.writeNotes(Array.from({ length: 50 }, (_, i) => `m${i}`), 'together');
    for (let lane = 0; lane < 20; lane += 1) await store.takeLease(`lane-${lane}`, 'a', 60_000);
    await store.recordSetting('lanes', '8');
    await store.beat('other', 60_000);
    await fillHub(store.hub);
  }

  /** What the server did since the last call, but for reading its own records. */
  async function newlyProfiled(): Promise<Document[]> {
    const found = await harness.client.db(database).collection('system.profile').find({ ns: { $ne: `${database}.system.profile` } }, { sort: { $natural: 1 }, skip: profiled }).toArray();
    profiled += found.length;
    return found;
  }

  /** What is wrong with an operation: how it found its documents, and how many it looked at for what it answered or changed. */
  function faultsOf(operation: Document): string[] {
    const { planSummary, op } = operation;
    const command = operation['command'] as object;
    if (op === 'insert') return [];
    const plan = String(planSummary);
    const number = (name: string): number => Number(operation[name] ?? 0);
    const results = Math.max(number('nreturned'), number('nMatched'), number('ndeleted'), 'count' in command ? COUNT_MAX : 0);
    const faults: string[] = [];
    if (!/^(IXSCAN|COUNT_SCAN|DISTINCT_SCAN|IDHACK)/.test(plan) || plan.includes('COLLSCAN')) faults.push(`plan ${plan}`);
    if (operation['hasSortStage'] === true) faults.push('sorts in memory');
    // A document that ties at null is looked at twice.
    if (number('docsExamined') > 2 * results + MARGIN) faults.push(`looked at ${number('docsExamined')} documents for ${results}`);
    if (number('keysExamined') > 2 * results + MARGIN) faults.push(`looked at ${number('keysExamined')} keys for ${results}`);
    return faults.map((fault) => `${fault} in ${JSON.stringify(command).slice(0, 400)}`);
  }

  const ofHub = Object.entries(hubUses).map(([method, all]): [string, readonly Use[]] => [`hub.${method}`, all.map(([about, use]): Use => [about, ({ hub }) => use(hub)])]);

  it.each([...Object.entries(uses), ...ofHub])('%s enters through an index, sorts nothing and looks at little more than it answers', async (method, all) => {
    await newlyProfiled();
    let plans = 0;
    for (const [about, use] of all) {
      await use(store);
      const operations = await newlyProfiled();
      expect([method, about, operations.flatMap((operation) => faultsOf(operation))]).toEqual([method, about, []]);
      plans += operations.filter(({ planSummary }) => planSummary !== undefined).length;
    }
    expect(plans).toBeGreaterThanOrEqual(all.length);
  });

  it('counts parked deliveries by keys alone, however large they are', async () => {
    await newlyProfiled();
    expect((await store.hub.countParkedDeliveries({})).size).toBeGreaterThan(50);
    const operations = await newlyProfiled();
    expect(operations).toMatchObject([{ planSummary: 'IXSCAN { subscription: 1, at: 1, _id: 1 }', docsExamined: 0 }]);
  });

  it('would notice a list by an attribute without an index', async () => {
    await newlyProfiled();
    for (const parts of [{ where: [eq('size', '5')] }, { sort: by('size') }]) {
      await store.find(TYPE, query({ limit: PAGE, countMax: COUNT_MAX, ...parts }));
      expect((await newlyProfiled()).flatMap((operation) => faultsOf(operation))).not.toEqual([]);
    }
  });
});
