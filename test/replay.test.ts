import { UnavailableError } from '../src/errors.js';
import type { Bus } from '../src/bus/bus.js';
import type { OutgoingEvent } from '../src/message.js';
import { replay, snapshot, type ReplayFilter, type ReplayProgress } from '../src/replay.js';
import { context, definition } from './support/deciding.js';
import { asked, raw, startEmbedded, type EmbeddedService } from './support/embedded-service.js';
import { faulty } from './support/faults.js';
import { until } from './support/service.js';

let service: EmbeddedService;

beforeEach(async () => {
  service = await startEmbedded();
});
afterEach(() => service.close());

async function ask(action: string, subject: string, data: Record<string, string> = {}): Promise<void> {
  await service.bus.request(asked(action, subject, data), 5000);
}

/** Three roles with five, three and two events, and a message that is parked. */
async function live(): Promise<OutgoingEvent[]> {
  for (const id of ['r1', 'r2', 'r3']) await ask('create', id, { name: 'n' });
  for (const id of ['r1', 'r2', 'r3', 'r1', 'r2']) await ask('patch', id, { nick: String(service.published.length) });
  await service.bus.send(raw('x', '{'));
  await ask('patch', 'r1', { status: 'active' });
  await ask('delete', 'r1');
  await until('all is published', () => service.published.length === 11);
  await service.settled();
  return service.published.splice(0);
}

async function run(filter: Partial<ReplayFilter> = {}, bus: Pick<Bus, 'republish'> = service.bus): Promise<ReplayProgress | undefined> {
  let last: ReplayProgress | undefined;
  for await (last of replay(service.store, bus, { to: new Date(Date.now() + 1000), ...filter }));
  return last;
}

const parsed = (event: OutgoingEvent): Record<string, unknown> => JSON.parse(event.content) as Record<string, unknown>;
const aboutRole = (events: readonly OutgoingEvent[], id: string): unknown[] => events.map(parsed).filter(({ subject }) => subject === id);

describe('replay', () => {
  it('publishes the same events, marked, in the order of each role; nothing of dead letters', async () => {
    const original = (await live()).filter(({ topic }) => topic === 'events');
    const last = await run();
    expect(last).toMatchObject({ published: 10, first: { position: 1 }, logBegins: false });
    expect(service.published.map(({ id }) => id).sort()).toEqual(original.map(({ id }) => id).sort());
    for (const id of ['r1', 'r2', 'r3']) expect(aboutRole(service.published, id)).toEqual(aboutRole(original, id).map((event) => ({ ...(event as object), replayed: true })));
  });

  it('chooses by type, short and in full, by role and by time', async () => {
    await live();
    const chosen = async (filter: Partial<ReplayFilter>): Promise<number> => {
      await run(filter);
      return service.published.splice(0).length;
    };
    expect(await chosen({ type: 'PartyRoleCreateEvent' })).toBe(3);
    expect(await chosen({ type: 'org.tmforum.partyRole.PartyRoleDeleteEvent' })).toBe(1);
    expect(await chosen({ subject: 'r2' })).toBe(3);
    const [, second] = await service.store.readLog(0, 2);
    const behind = (await service.store.readLog(second?.position ?? 0, 100)).flatMap(({ entries }) => entries.flatMap(({ events }) => events.filter(({ topic }) => topic === 'events')));
    expect(await chosen({ after: second?.position ?? 0 })).toBe(behind.length);
    expect(await chosen({ subject: 'r1', type: 'PartyRoleStateChangeEvent' })).toBe(1);
    const log = await service.store.readLog(0, 1000);
    const middle = log[4]?.at as Date;
    const events = (kept: (at: Date) => boolean): number => log.filter(({ at }) => kept(at)).flatMap(({ entries }) => entries.flatMap((entry) => entry.events.filter(({ topic }) => topic === 'events'))).length;
    expect(await chosen({ from: middle })).toBe(events((at) => at >= middle));
    expect(await chosen({ to: middle })).toBe(events((at) => at <= middle));
    expect(await run({ from: new Date(Date.now() + 5000), to: new Date(Date.now() + 9000) })).toBeUndefined();
  });

  it('has one event of a role unconfirmed at a time, and many roles', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, index) => ask('create', `m${index}`, { name: 'n' })));
    await Promise.all(Array.from({ length: 40 }, (_, index) => ask('patch', `m${index}`, { nick: 'x' })));
    await service.settled();
    const open = new Map<string, number>();
    let most = 0;
    const watching = faulty(service.bus, {
      republish: async (real, event, to) => {
        const id = String(parsed(event)['subject']);
        open.set(id, (open.get(id) ?? 0) + 1);
        expect(open.get(id)).toBe(1);
        most = Math.max(most, open.size);
        await new Promise((resolve) => setTimeout(resolve, 2));
        await real(event, to);
        open.delete(id);
      },
    });
    expect((await run({}, watching))?.published).toBe(80);
    expect(most).toBeGreaterThan(5);
  });

  it('tells how far it came when the bus goes away', async () => {
    for (let index = 0; index < 30; index += 1) await ask('create', `m${index}`, { name: 'n' });
    await service.settled();
    let left = 25;
    const failing = faulty(service.bus, { republish: (real, event, to) => (left-- > 0 ? real(event, to) : Promise.reject(new UnavailableError('the bus is away'))) });
    const seen: ReplayProgress[] = [];
    await expect(
      (async () => {
        for await (const progress of replay(service.store, failing, { to: new Date(Date.now() + 1000) })) seen.push(progress);
      })(),
    ).rejects.toThrow('the bus is away');
    expect(seen.map(({ published, last }) => [published, last.position])).toEqual([[20, 20]]);
  });

  it('says where the log begins when what was before is gone', async () => {
    await live();
    const gone = faulty(service.store, { readLog: async (real, after, limit, between) => (await real(Math.max(after, 3), limit, between)) });
    let last: ReplayProgress | undefined;
    for await (last of replay(gone, service.bus, { to: new Date(Date.now() + 1000) }));
    expect(last).toMatchObject({ first: { position: 4 }, logBegins: true });
    const late = (await service.store.readLog(0, 1000)).at(-1)?.at as Date;
    expect((await run({ from: late }))?.logBegins).toBe(false);
  });
});

describe('snapshot', () => {
  const options = { definition, representation: context().representation, source: '/partyRoleManagement', now: () => new Date(0) };

  it('publishes the state of every living role once, and the same state under the same id', async () => {
    await Promise.all(Array.from({ length: 120 }, (_, index) => ask('create', `m${index}`, { name: String(index) })));
    await ask('delete', 'm7');
    await ask('patch', 'm9', { status: 'active' });
    await service.settled();
    service.published.splice(0);
    const told: number[] = [];
    for await (const published of snapshot(service.store, service.bus, options)) told.push(published);
    expect(told).toEqual([100, 119]);
    const events = service.published.splice(0);
    expect(new Set(events.map(({ id }) => id)).size).toBe(119);
    expect(events.map((event) => parsed(event)['subject'])).not.toContain('m7');
    const [m9] = aboutRole(events, 'm9');
    expect(m9).toEqual({
      specversion: '1.0',
      id: expect.any(String) as string,
      source: '/partyRoleManagement',
      type: 'org.tmforum.partyRole.snapshot',
      subject: 'm9',
      time: '1970-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:tmforum:partyRoleManagement:v4:PartyRole',
      sequence: '0000000000000002',
      partitionkey: 'm9',
      replayed: true,
      data: { id: 'm9', href: expect.stringContaining('/partyRole/m9') as string, name: '9', status: 'active', roleType: {}, '@type': 'PartyRole' },
    });
    expect(events.every(({ topic, key }) => topic === 'events' && key === 'partyRole.snapshot')).toBe(true);
    await ask('patch', 'm9', { status: 'ended' });
    await service.settled();
    service.published.splice(0);
    for await (const published of snapshot(service.store, service.bus, { ...options, schemaUri: (_, schema) => `https://api.example.com/${schema}.json` })) told.push(published);
    expect(service.published.every((event) => parsed(event)['dataschema'] === 'https://api.example.com/PartyRole.json')).toBe(true);
    const again = new Set(service.published.map(({ id }) => id));
    expect(events.filter(({ id }) => !again.has(id)).map((event) => parsed(event)['subject'])).toEqual(['m9']);
  });
});
