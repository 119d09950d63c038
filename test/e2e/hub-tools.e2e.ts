import { setTimeout as pause } from 'node:timers/promises';
import { runTool, type Finished } from '../support/tool.js';
import { startListening, type Listening } from './hub-listening.js';
import type { Pair } from './service.e2e.js';

/** Longer than a hub takes to see that a subscription is suspended. */
const SEEN_MS = 2_500;

/** The operator's tools for the hub, as processes of their own beside a running service. */
export function hubToolSuite(open: () => Promise<Pair>): void {
  let pair: Pair;
  let listening: Listening;

  beforeAll(async () => {
    pair = await open();
    listening = await startListening(pair.settings);
  }, 120_000);
  afterAll(async () => {
    await listening.close();
    await pair.client?.close();
    await pair.close();
  }, 60_000);

  const tool = (...args: readonly string[]): Promise<Finished> => runTool({ ...pair.settings, HUB_ALLOW: '127.0.0.1' }, ...args);

  it('shows what a listener refused, delivers it once it is taken, and forgets it', async () => {
    const { id, refusals, eventsOf } = listening;
    await listening.park('refused');
    const shown = await tool('hub', 'list');
    expect([shown.code, shown.errors, shown.lines]).toEqual([0, '', [expect.objectContaining({ id, callback: listening.listener.url, position: expect.any(Number) as number, status: expect.objectContaining({ state: 'active', parked: 2 }) as object })]]);

    const listed = await tool('dlq', 'list', '--deliveries', '--subscription', id);
    expect(listed.lines).toMatchObject([
      { subscription: id, type: 'partyRole.PartyRoleCreateEvent', resource: 'partyRole/refused', attempts: expect.any(Number) as number, error: 'answered 422' },
      { subscription: id, type: 'partyRole.PartyRoleStateChangeEvent', resource: 'partyRole/refused' },
      { total: 2, counts: { [id]: 2 }, shown: 2 },
    ]);
    const [first, second] = listed.lines.map((line) => String(line['id'])) as [string, string];
    expect((await tool('dlq', 'show', '--deliveries', first)).lines).toMatchObject([{ id: first, content: { subject: 'refused', type: 'org.tmforum.partyRole.PartyRoleCreateEvent' } }]);

    const refused = await tool('dlq', 'retry', '--deliveries', '--all');
    expect([refused.code, refused.lines]).toEqual([
      1,
      [
        expect.objectContaining({ id: first, outcome: 'failed', problem: 'answered 422' }),
        expect.objectContaining({ id: second, outcome: 'failed', problem: 'an earlier one of the same resource was not taken' }),
        { totals: { failed: 2 } },
      ],
    ]);

    refusals.clear();
    const before = eventsOf('refused').length;
    expect((await tool('dlq', 'retry', '--deliveries', '--subscription', id, '--dry-run')).lines.at(-1)).toEqual({ totals: { retry: 2 } });
    expect(eventsOf('refused').length).toBe(before);
    const done = await tool('dlq', 'retry', '--deliveries', '--subscription', id);
    expect([done.code, done.errors, done.lines.map((line) => [line['id'], line['outcome']])]).toEqual([0, '', [[first, 'delivered'], [second, 'delivered'], [undefined, undefined]]]);
    expect(eventsOf('refused').slice(before)).toEqual([first, second].map((delivery) => delivery.slice(`${id}:`.length)));
    expect((await tool('dlq', 'list', '--deliveries')).lines).toEqual([{ total: 0, counts: {}, shown: 0 }]);
  }, 120_000);

  it('drops what nobody wants', async () => {
    await listening.park('unwanted');
    expect((await tool('dlq', 'drop', '--deliveries', '--all', '--dry-run')).lines.at(-1)).toEqual({ totals: { drop: 2 } });
    expect((await tool('dlq', 'drop', '--deliveries', '--all')).lines.at(-1)).toEqual({ totals: { dropped: 2 } });
    expect((await tool('hub', 'show', listening.id)).lines).toMatchObject([{ status: { parked: 0 } }]);
  }, 120_000);

  it('suspends, and resumes where it stopped or from elsewhere in the log', async () => {
    const { id, api, service, refusals, eventsOf } = listening;
    // What is refused while nothing else is to be delivered is tried on and on, and holds up what comes behind it.
    refusals.clear();
    const suspended = await tool('hub', 'suspend', id, '--reason', 'it moves');
    expect([suspended.code, suspended.lines]).toEqual([0, [expect.objectContaining({ id, status: expect.objectContaining({ state: 'suspended', reason: 'it moves' }) as object })]]);
    await pause(SEEN_MS);
    await api.post({ id: 'meanwhile', name: 'n' });
    await pause(SEEN_MS);
    expect(eventsOf('meanwhile')).toEqual([]);

    expect((await tool('hub', 'resume', id)).lines).toMatchObject([{ id, status: { state: 'active' } }]);
    await service.until('what waited is delivered', () => eventsOf('meanwhile').length === 1);
    const all = new Set(listening.listener.received.map(({ body }) => body)).size;
    const before = listening.listener.received.length;
    expect((await tool('hub', 'resume', id, '--from-oldest')).lines).toMatchObject([{ id, position: 0 }]);
    await service.until('everything came again', () => new Set(listening.listener.received.slice(before).map(({ body }) => body)).size === all);

    const beyond = await tool('hub', 'resume', id, '--from', '1000000');
    expect([beyond.code, beyond.lines, beyond.errors]).toEqual([1, [], expect.stringMatching(/^hub resume: .*position 1000000 is beyond the end of the log/) as string]);
  }, 120_000);

  it('removes it, and says when there is none', async () => {
    const removed = await tool('hub', 'remove', listening.id);
    expect([removed.code, removed.lines]).toEqual([0, [{ id: listening.id, outcome: 'removed' }]]);
    for (const command of ['show', 'suspend', 'resume', 'remove']) {
      const none = await tool('hub', command, listening.id);
      expect([none.code, none.lines, none.errors]).toEqual([1, [], `hub ${command}: No subscription has this id: ${listening.id}\n`]);
    }
    expect(await tool('hub', 'list')).toEqual({ code: 0, lines: [], errors: '' });
  }, 60_000);
}
