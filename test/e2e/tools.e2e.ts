import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/json.js';
import type { PlainClient } from '../support/plain-client.js';
import type { Destination } from '../support/plain-destination.js';
import { startService, type Service } from '../support/service.js';
import { killBeforeRecord, runTool, type Finished } from '../support/tool.js';
import { Api, json } from './api.js';
import type { Pair } from './service.e2e.js';

type Line = Readonly<Record<string, unknown>>;

/** The operator's tools, as processes of their own beside a running service. */
export function toolSuite(open: () => Promise<Pair>, openDestination: (url: string, name: string) => Promise<Destination>): void {
  let pair: Pair;
  let client: PlainClient;
  let service: Service;
  let api: Api;
  let folder: string;
  let serial = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'party-role-tools-'));
    pair = await open();
    if (!pair.client) throw new Error('this pair has no bus to reach from outside');
    client = pair.client;
    service = await startService(pair.settings);
    api = new Api(service.url);
  }, 120_000);
  afterAll(async () => {
    await service.stop();
    await client.close();
    await pair.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const tool = (...args: readonly string[]): Promise<Finished> => runTool(pair.settings, ...args);

  /** Posts a command that nobody waits for, so that a refusal is parked. */
  async function post(action: string, subject: string, data: Json, contentType = 'application/json'): Promise<void> {
    serial += 1;
    const event = { specversion: '1.0', id: `c${serial}`, source: '/test/tools', type: `org.tmforum.partyRole.${action}`, subject, datacontenttype: contentType, data };
    await client.post(subject, 'application/cloudevents+json', Buffer.from(JSON.stringify(event)));
  }

  /** A patch that would show if it was applied twice, or in another order; too early, before its role is there. */
  const append = (subject: string, value: string): Promise<void> => post('patch', subject, [{ op: 'add', path: '/tags/-', value }], 'application/json-patch+json');

  const create = async (id: string, more: Record<string, unknown> = {}): Promise<void> => {
    expect((await api.post({ id, name: 'n', ...more })).status).toBe(201);
  };

  async function parked(subject: string, count: number): Promise<readonly Line[]> {
    await service.until(`${count} of ${subject} are parked`, () => service.log.filter((line) => line['msg'] === 'message parked' && line['subject'] === subject).length >= count);
    const { lines } = await tool('dlq', 'list', '--subject', subject, '--state', 'all');
    expect(lines.at(-1)).toMatchObject({ total: count });
    return lines.slice(0, -1);
  }

  const stateOf = async (id: string): Promise<Record<string, unknown>> => json(await api.get(`/${id}`));
  const about = (contents: readonly string[], id: string): Line[] => contents.map((content) => JSON.parse(content) as Line).filter((event) => event['subject'] === id);
  const eventsOf = (id: string): Line[] => about(client.events.map(({ content }) => content), id);

  it('send nothing under a prefix that the database does not belong to', async () => {
    const { code, errors } = await runTool({ ...pair.settings, PREFIX: 'another' }, 'snapshot');
    expect([code, errors]).toEqual([1, expect.stringContaining('PREFIX is another')]);
  });

  it('lists, shows, retries in the original order, and drops', async () => {
    for (const tag of ['1', '2', '3', '4']) for (const id of ['early-a', 'early-b']) await append(id, tag);
    const [first] = await parked('early-a', 4);
    await parked('early-b', 4);
    expect(first).toMatchObject({ reason: 'refused', type: 'org.tmforum.partyRole.patch', subject: 'early-a', origin: { bus: expect.any(String) as string, lane: expect.any(Number) as number } });
    const shown = await tool('dlq', 'show', String(first?.['id']));
    expect(JSON.parse(String(shown.lines[0]?.['body']))).toMatchObject({ source: '/test/tools', data: [{ value: '1' }] });

    for (const id of ['early-a', 'early-b']) await create(id, { tags: [] });
    const dry = await tool('dlq', 'retry', '--type', 'org.tmforum.partyRole.patch', '--dry-run');
    expect(dry.lines.at(-1)).toEqual({ totals: { retry: 8 } });
    const done = await tool('dlq', 'retry', '--type', 'org.tmforum.partyRole.patch');
    expect([done.code, done.errors, done.lines.at(-1)]).toEqual([0, '', { totals: { retried: 8 } }]);
    expect(done.lines.map(({ id, command }) => [id, command])).toEqual(dry.lines.map(({ id, command }) => [id, command]));
    for (const id of ['early-a', 'early-b']) {
      await service.until('all are applied', async () => ((await stateOf(id))['tags'] as string[]).length >= 4);
      expect((await stateOf(id))['tags']).toEqual(['1', '2', '3', '4']);
    }
    expect((await tool('dlq', 'retry', '--type', 'org.tmforum.partyRole.patch')).lines).toEqual([{ totals: {} }]);

    expect((await tool('dlq', 'list', '--state', 'retried')).lines.at(-1)).toMatchObject({ total: 8, counts: { refused: 8 } });
    expect((await tool('dlq', 'drop', '--subject', 'early-a', '--dry-run')).lines.at(-1)).toEqual({ totals: { drop: 4 } });
    expect((await tool('dlq', 'drop', '--subject', 'early-a')).lines.at(-1)).toEqual({ totals: { dropped: 4 } });
    expect((await tool('dlq', 'list', '--state', 'all')).lines.at(-1)).toMatchObject({ total: 4 });
    expect((await tool('dlq', 'list')).lines).toEqual([{ total: 0, counts: {}, shown: 0 }]);
    expect((await tool('dlq', 'show', String(first?.['id']))).code).toBe(1);
  }, 120_000);

  it('repairs one with another body and keeps the original', async () => {
    await post('create', 'broken', { title: 'no name' });
    const [line] = await parked('broken', 1);
    const id = String(line?.['id']);
    const shown = await tool('dlq', 'show', id);
    const file = join(folder, 'fixed.json');
    const { body } = shown.lines[0] as { body: string };
    writeFileSync(file, body.replace('"title"', '"name"'));
    const done = await tool('dlq', 'retry', id, '--body', file);
    expect(done.lines).toMatchObject([{ id, outcome: 'retried', edited: true }, { totals: { retried: 1 } }]);
    await service.until('it is applied', async () => (await api.get('/broken')).status === 200);
    expect(await stateOf('broken')).toMatchObject({ name: 'no name' });
    expect((await tool('dlq', 'show', id)).lines[0]).toMatchObject({ body, retries: [{ edited: true, command: done.lines[0]?.['command'] }] });
  }, 60_000);

  it('shows a retry that was set aside again as the retry of the first', async () => {
    await post('create', 'hopeless', {});
    const [first] = await parked('hopeless', 1);
    await tool('dlq', 'retry', String(first?.['id']));
    const [, second] = await parked('hopeless', 2);
    expect(second).toMatchObject({ retryof: first?.['id'], reason: 'refused' });
  }, 60_000);

  it('applies once what a tool sent that was killed before it could record it', async () => {
    for (const tag of ['1', '2', '3']) await append('killed', tag);
    await parked('killed', 3);
    await create('killed', { tags: [] });
    await killBeforeRecord(pair.settings, 'dlq', 'retry', '--subject', 'killed');
    expect((await tool('dlq', 'list', '--subject', 'killed')).lines.at(-1)).toMatchObject({ total: 3 });
    expect((await tool('dlq', 'retry', '--subject', 'killed')).lines.at(-1)).toEqual({ totals: { retried: 3 } });
    // Behind them in the same lane: when this is applied, so is everything before it.
    await append('killed', 'last');
    await service.until('the last one is applied', async () => ((await stateOf('killed'))['tags'] as string[]).includes('last'));
    expect((await stateOf('killed'))['tags']).toEqual(['1', '2', '3', 'last']);
    await service.until('its events have arrived', () => eventsOf('killed').length >= 5);
    expect(eventsOf('killed').map(({ sequence }) => Number(sequence))).toEqual([1, 2, 3, 4, 5]);
  }, 90_000);

  it('replays to one destination alone, or to all, with the original ids', async () => {
    for (const id of ['replayed', 'left-out']) await create(id);
    for (const status of ['a', 'b', 'c']) expect((await api.patch('replayed', { status })).status).toBe(200);
    await service.until('its events have arrived', () => eventsOf('replayed').length === 4 && eventsOf('left-out').length === 1);
    const original = eventsOf('replayed');
    const seen = client.events.length;

    const destination = await openDestination(pair.settings['BUS_URL'] ?? '', `replay-${pair.settings['PREFIX']}`);
    try {
      const done = await tool('replay', '--subject', 'replayed', '--from', '2020-01-01', '--to-queue', destination.name);
      expect([done.code, done.errors, done.lines.at(-1)]).toEqual([0, '', expect.objectContaining({ published: 4, first: expect.objectContaining({ position: 1 }) as object })]);
      await service.until('they have arrived', () => destination.received.length >= 4);
      const received = about(destination.received, 'replayed');
      expect(received).toEqual(original.map((event) => ({ ...event, replayed: true })));
      expect((await tool('replay', '--subject', 'replayed', '--type', 'PartyRoleCreateEvent', '--to-queue', destination.name)).lines.at(-1)).toMatchObject({ published: 1 });
      await service.until('it has arrived again', () => destination.received.length >= 5);
      expect(client.events.length).toBe(seen);

      const snapshots = await tool('snapshot', '--to-queue', destination.name);
      expect(snapshots.code).toBe(0);
      await service.until('the snapshot has arrived', () => about(destination.received, 'left-out').length > 0 && about(destination.received, 'replayed').length === 6);
      expect(about(destination.received, 'replayed').at(-1)).toMatchObject({ type: 'org.tmforum.partyRole.snapshot', sequence: '0000000000000004', replayed: true, data: await stateOf('replayed') });
      expect(snapshots.lines).toContainEqual({ resource: 'partyRole', published: destination.received.length - 5, done: true });
      expect(client.events.length).toBe(seen);
    } finally {
      await destination.close();
    }

    expect((await tool('replay', '--subject', 'replayed', '--type', 'PartyRoleStateChangeEvent')).lines.at(-1)).toMatchObject({ published: 3 });
    await service.until('they have arrived at all', () => eventsOf('replayed').length === 7);
    expect(eventsOf('replayed').slice(4)).toEqual(original.slice(1).map((event) => ({ ...event, replayed: true })));
    const nowhere = await tool('replay', '--subject', 'replayed', '--to-queue', 'nowhere-at-all');
    expect([nowhere.code, nowhere.errors]).toEqual([1, expect.stringContaining('nowhere-at-all') as string]);
  }, 90_000);

  it('names what is wrong with the command line', async () => {
    const wrong = await tool('dlq', 'retry', '--raison', 'x');
    expect([wrong.code, wrong.lines, wrong.errors]).toEqual([2, [], expect.stringContaining('--raison') as string]);
  }, 30_000);
}
