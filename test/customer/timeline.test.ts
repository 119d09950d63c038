import { Customers, type Customer } from '../../src/customer/customers.js';
import { Timelines, type TimelineFilter, type TimelineResume } from '../../src/customer/timeline.js';
import { changeEntry, interactionEntry, orderOf, type TimelineEntry } from '../../src/customer/timeline-entry.js';
import { comparePlaces, UNDATED } from '../../src/customer/timeline-place.js';
import { History } from '../../src/history.js';
import type { JsonObject } from '../../src/json.js';
import { commitId, type ResourceWrite, type Store } from '../../src/store/store.js';
import { asked } from '../support/embedded-service.js';
import { faulty } from '../support/faults.js';
import { startWhole, type WholeService } from '../support/whole-service.js';
import { create, resources } from './household.js';

let service: WholeService;
/** How often, and for how many, the log was read; and how often the latest of a type. */
let reads: number[];
let lists: number;

beforeEach(async () => {
  service = await startWhole(resources);
  [reads, lists] = [[], 0];
});
afterEach(() => service.close());

function counted(): Store {
  return faulty(service.store, {
    readPast: (real, places) => {
      reads.push(places.length);
      return real(places);
    },
    latest: (real, ...args) => {
      lists += 1;
      return real(...args);
    },
  });
}

interface Reader {
  readonly timelines: Timelines;
  /** Ann, as she is now. */
  readonly customer: () => Promise<Customer>;
}

function reader(store = counted()): Reader {
  const customers = new Customers(store, resources, service.references);
  const customer = async (): Promise<Customer> => {
    const found = await customers.find('ann');
    if (!found) throw new Error('there is no Ann');
    return found;
  };
  return { timelines: new Timelines(store, customers), customer };
}

async function command(resource: string, action: string, subject: string, data: JsonObject, attributes: Record<string, string> = {}): Promise<void> {
  const outgoing = asked(action, subject, data, { type: `org.tmforum.${resource}.${action}`, ...attributes });
  const reply = await service.bus.request({ ...outgoing, resource }, 5_000);
  if (reply.status >= 300) throw new Error(JSON.stringify(reply));
}

const ANN = { id: 'ann', name: 'Ann', '@referredType': 'Individual' };

async function settle(roles: number): Promise<void> {
  await command('individual', 'create', 'ann', { givenName: 'Ann', familyName: 'Lee' });
  await Promise.all(Array.from({ length: roles }, (_, i) => command('partyRole', 'create', `role-${i}`, { name: `Role ${i}`, engagedParty: ANN })));
}

/** By another way: the whole history of each resource, sorted. */
async function wholeTimeline({ profile, roles, others, dated }: Customer, { kind, channel, from, to }: TimelineFilter): Promise<string[]> {
  const history = new History(service.store, 60_000, () => new Date());
  const entries: TimelineEntry[] = dated.flatMap(([, { found }]) => found.map(interactionEntry));
  for (const related of [...(profile ? [profile] : []), ...roles, ...others]) {
    const { changes } = await history.changes({ type: related.definition.name, id: related.stored.id }, 10_000);
    entries.push(...changes.map((change) => changeEntry(related, change, change.at.getTime())));
  }
  const fits = (entry: TimelineEntry): boolean =>
    (kind === undefined || entry.kind === kind) && (channel === undefined || entry.channels.includes(channel)) && (!from || entry.place.at >= from.getTime()) && (!to || entry.place.at <= to.getTime());
  return entries.filter(fits).sort((one, other) => comparePlaces(one.place, other.place)).map(textOf);
}

function textOf({ kind, place }: TimelineEntry): string {
  return `${place.at === UNDATED ? 'undated' : new Date(place.at).toISOString()} ${kind} ${place.key} ${place.revision}`;
}

/** All pages, one after the other. */
async function paged({ timelines, customer }: Reader, filter: TimelineFilter, limit: number, between: () => Promise<void> = () => Promise.resolve(), from?: TimelineResume): Promise<string[]> {
  const found: string[] = [];
  for (let resume = from, page = 0; page < 1_000; page += 1) {
    const { entries, next } = await timelines.read(await customer(), filter, limit, resume);
    expect(entries.length).toBeLessThanOrEqual(limit);
    found.push(...entries.map(textOf));
    if (!next) return found;
    resume = next;
    await between();
  }
  throw new Error('it never ends');
}

/** Some commands at a time, so that commits have several and several have one time. */
async function liveThrough(rounds: number): Promise<void> {
  await settle(5);
  for (let round = 0; round < rounds; round += 1) {
    const channel = round % 3 === 0 ? { channel: 'web' } : {};
    const changes = Array.from({ length: 5 }, (_, i) => (i * 7 + round) % 3 > 0 && command('partyRole', 'patch', `role-${i}`, { status: `s${round}`, note: round }, channel));
    const day = new Date(Date.UTC(2026, 10, 1) + (round % 4) * 1000).toISOString();
    const interaction = { reason: `r${round}`, direction: 'inbound', channel: [{ id: 'c1', name: round % 2 === 0 ? 'web' : 'shop', href: 'x' }], interactionDate: { startDateTime: day }, relatedParty: [round % 2 === 0 ? ANN : { id: 'role-1', '@referredType': 'PartyRole' }] };
    await Promise.all([...changes, command('partyInteraction', 'create', `interaction-${round}`, interaction), command('individual', 'patch', 'ann', { nick: round })]);
  }
}

it('is one order of all, whatever the pages and filters', async () => {
  await liveThrough(12);
  const one = reader();
  const all = await wholeTimeline(await one.customer(), {});
  expect(new Set(all).size).toBe(all.length);
  const [early = '', late = ''] = [all[70], all[20]].map((text) => text?.slice(0, 24));
  const filters: TimelineFilter[] = [
    {},
    { kind: 'change' },
    { kind: 'interaction' },
    { channel: 'web' },
    { channel: '/test' },
    { channel: 'c1', kind: 'interaction' },
    { channel: 'nowhere' },
    { from: new Date(early) },
    { to: new Date(late) },
    { from: new Date(early), to: new Date(late), kind: 'change' },
    { from: new Date(0), to: new Date(1) },
  ];
  for (const filter of filters) {
    const expected = await wholeTimeline(await one.customer(), filter);
    for (const limit of [1, 2, 7, 100]) expect([filter, limit, await paged(one, filter, limit)]).toEqual([filter, limit, expected]);
  }
  expect(all.length).toBeGreaterThan(75);
});

it('passes over and repeats nothing while changes go on', async () => {
  await liveThrough(6);
  const one = reader();
  for (const limit of [1, 4]) {
    const before = await wholeTimeline(await one.customer(), {});
    let round = 0;
    const found = await paged(one, {}, limit, async () => {
      round += 1;
      if (round > 12) return;
      await command('partyRole', 'patch', `role-${round % 5}`, { later: `${limit} ${round}` });
      if (round % 4 === 0) await command('partyRole', 'create', `new-${limit}-${round}`, { name: 'New', engagedParty: ANN });
    });
    expect(found).toEqual(before);
  }
});

it('reads no more of the log than a page needs', async () => {
  await settle(60);
  const one = reader();
  const { next } = await one.timelines.read(await one.customer(), {}, 10);
  expect(reads).toEqual([11]);
  await one.timelines.read(await one.customer(), {}, 10, next);
  // Those of the first page have no other change, and that is known without reading.
  expect(reads).toEqual([11, 11]);
});

it('goes on in a long history where it was', async () => {
  await settle(1);
  for (let i = 0; i < 120; i += 1) await command('partyRole', 'patch', 'role-0', { count: i });
  const one = reader();
  let resume: TimelineResume | undefined;
  for (let page = 0; page < 12; page += 1) {
    reads = [];
    const { entries, next } = await one.timelines.read(await one.customer(), { kind: 'change' }, 10, resume);
    expect(entries.at(-1)?.place).toMatchObject({ key: 'partyRole/role-0', revision: 112 - 10 * page });
    expect(reads.length).toBeLessThanOrEqual(11);
    resume = next;
  }
  // Without the hints it is the same, and takes longer.
  reads = [];
  const rest = await paged(one, { kind: 'change' }, 10, undefined, resume && { ...resume, hints: new Map() });
  expect(rest.map((text) => text.split(' ').slice(2))).toEqual([['partyRole/role-0', '1'], ['individual/ann', '1']]);
  expect(reads.length).toBeGreaterThan(100);
});

it('ends a page that finds too little, and goes on behind it', async () => {
  await settle(1);
  await command('partyRole', 'patch', 'role-0', { first: true }, { channel: 'rare' });
  for (let i = 0; i < 60; i += 1) await command('partyRole', 'patch', 'role-0', { count: i });
  const one = reader();
  const { entries, next } = await one.timelines.read(await one.customer(), { channel: 'rare' }, 1);
  expect([entries, next === undefined, reads.length < 30]).toEqual([[], false, true]);
  expect(await paged(one, { channel: 'rare' }, 1)).toEqual([expect.stringContaining('partyRole/role-0 2')]);
});

it('has all interactions, however many, and reads only those of the page', async () => {
  await settle(1);
  const NUMBER = 1_200;
  const writes = Array.from({ length: NUMBER }, (_, i) => {
    const id = `i${String(i).padStart(4, '0')}`;
    // Some share a date, and the last have none.
    const date = i < 30 ? {} : { interactionDate: { startDateTime: new Date(Date.UTC(2026, 0, 1) + (i >> 1) * 1000).toISOString() } };
    return { type: 'partyInteraction', id, expected: 0, revision: 1, resource: { id, reason: 'r', relatedParty: [ANN], ...date }, deleted: false };
  });
  await service.store.commit({ id: commitId('seed', 1), at: new Date(), writes, guards: [], parked: [], entries: [] });
  const one = reader();
  const found = await paged(one, { kind: 'interaction' }, 100);
  expect(found.length).toBe(NUMBER);
  lists = 0;
  const { next } = await one.timelines.read(await one.customer(), { kind: 'interaction' }, 100, { after: { at: Date.UTC(2026, 0, 1) + 200_000, key: 'partyInteraction/i0401', revision: 0 }, hints: new Map() });
  expect([next?.after.key, lists]).toEqual(['partyInteraction/i0301', 2]);
  const ids = found.map((text) => text.split(' ')[2]);
  expect(ids).toEqual([...Array.from({ length: NUMBER }, (_, i) => `partyInteraction/i${String(NUMBER - 1 - i).padStart(4, '0')}`)]);
});

it.each([[500, []], [501, ['PartyAccount', 'PartyRole']]])('of a customer with %i of a type says what is not all', async (number, incomplete) => {
  const write = (type: string, i: number, naming: JsonObject): ResourceWrite => ({ type, id: `a${i}`, expected: 0, revision: 1, resource: { id: `a${i}`, ...naming }, deleted: false });
  const writes = Array.from({ length: number }, (_, i) => [write('partyAccount', i, { relatedParty: [ANN] }), write('partyRole', i, { engagedParty: ANN }), write('partyInteraction', i, { relatedParty: [ANN] })]).flat();
  await service.store.commit({ id: commitId('seed', 1), at: new Date(), writes, guards: [], parked: [], entries: [] });
  const { others, roles, incomplete: cut } = await reader().customer();
  expect([others.length, roles.length]).toEqual([1_000, 500]);
  expect(cut.map(({ typeName }) => typeName).sort()).toEqual(incomplete);
});

it('keeps the order of each resource where the clocks of workers differ', async () => {
  const event = (revision: number): JsonObject => ({ type: 'org.tmforum.individual.X', id: String(revision), sequence: String(revision), data: {} });
  const times = [5_000, 3_000, 4_000, 1_000];
  for (const [index, at] of times.entries()) {
    const revision = index + 1;
    const write = { type: 'individual', id: 'ann', expected: index, revision, resource: { id: 'ann' }, deleted: false, ...(index > 0 ? { previous: commitId('skewed', index) } : {}) };
    const entry = { status: 200, events: [{ topic: 'events' as const, key: 'k', id: String(revision), order: 'individual/ann', content: JSON.stringify(event(revision)) }] };
    await service.store.commit({ id: commitId('skewed', revision), at: new Date(at), writes: [write], guards: [], parked: [], entries: [entry] });
  }
  for (const limit of [1, 3, 10]) expect((await paged(reader(), {}, limit)).map((text) => text.split(' ').at(-1))).toEqual(['4', '3', '2', '1']);
});

it('ends where the log is no longer kept', async () => {
  await settle(1);
  await command('partyRole', 'patch', 'role-0', { a: 1 });
  await command('partyRole', 'patch', 'role-0', { a: 2 });
  let kept = 1;
  const store = faulty(service.store, { readPast: async (real, places) => ((kept -= 1) >= 0 ? real(places) : new Map()) });
  const one = reader(store);
  const { entries, next } = await one.timelines.read(await one.customer(), { kind: 'change' }, 10);
  expect([entries.map(({ place }) => place.revision), next]).toEqual([[3, 1], undefined]);
});

it('shows what a change and an interaction were', async () => {
  await settle(1);
  await command('partyRole', 'patch', 'role-0', { status: 'active', nick: 'x' }, { source: '/crm', channel: 'shop', authid: 'clerk', correlationid: 'k1' });
  await command('partyRole', 'patch', 'role-0', { nick: 'y' }, { source: '/crm' });
  const channel = [{ id: 'c1', name: 'Shop', href: 'x' }, { id: 'c2', href: 'y' }];
  await create(service.api, 'partyInteraction', { id: 'i1', reason: 'Asks', direction: 'outbound', channel, interactionDate: { startDateTime: '2000-01-01T00:00:00Z' }, relatedParty: [ANN] });
  const one = reader();
  const { entries } = await one.timelines.read(await one.customer(), {}, 100);
  const views = entries.map(({ view }) => view);
  const at = expect.stringMatching(/^20\d\d-.*Z$/) as string;
  expect(views[1]).toEqual({ kind: 'change', at, type: 'PartyRole', id: 'role-0', revision: 4, events: ['PartyRoleAttributeValueChangeEvent'], fieldPath: 'nick', source: '/crm', channel: '/crm' });
  expect(views[2]).toEqual({
    kind: 'change',
    at,
    type: 'PartyRole',
    id: 'role-0',
    revision: 3,
    events: ['PartyRoleStateChangeEvent', 'PartyRoleAttributeValueChangeEvent'],
    fieldPath: 'nick',
    source: '/crm',
    channel: 'shop',
    authid: 'clerk',
    correlationid: 'k1',
  });
  expect(views.at(-1)).toEqual({ kind: 'interaction', at: '2000-01-01T00:00:00.000Z', type: 'PartyInteraction', id: 'i1', channels: ['Shop', 'c2'], reason: 'Asks', status: 'open', direction: 'outbound' });
  expect(orderOf((await one.customer()).roles[0] as Customer['roles'][number])).toBe('partyRole/role-0');
});
