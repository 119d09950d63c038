import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../support/service.js';

const LISTENER = join(process.cwd(), 'test/examples/hub-listener.mjs');
const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const OTHER = `whsec_${randomBytes(32).toString('base64')}`;

type Line = Readonly<Record<string, unknown>>;

interface Running {
  readonly url: string;
  /** Of events. */
  readonly lines: readonly Line[];
  readonly child: ChildProcess;
}

const folder = mkdtempSync(join(tmpdir(), 'hub-listener-'));
const running: ChildProcess[] = [];
afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(...options: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [LISTENER, '--port', '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  await until('it listens', () => lines.length > 0);
  const url = `http://127.0.0.1:${String(lines.shift()?.['listening'])}`;
  return { url, lines, child };
}

function envelope(eventId: string, role: string, eventType = 'PartyRoleAttributeValueChangeEvent'): Record<string, unknown> {
  return { eventId, eventType, eventTime: '2026-01-01T00:00:00.000Z', event: { partyRole: { id: role, name: 'Seller' } } };
}

function cloudEvent(eventId: string, role: string, sequence: number): Record<string, unknown> {
  return { specversion: '1.0', id: eventId, source: '/x', type: 'org.tmforum.partyRole.X', subject: role, sequence: String(sequence).padStart(16, '0'), data: envelope(eventId, role) };
}

const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };

/** As a sender does that has these secrets. */
function signed(body: string, secrets: readonly string[], time = Date.now(), id = 'msg-1'): Record<string, string> {
  const timestamp = String(Math.floor(time / 1000));
  const signatures = secrets.map((secret) => `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<number> {
  return (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })).status;
}

const send = (listener: Running, event: Record<string, unknown>, headers: Record<string, string> = STRUCTURED): Promise<number> => post(`${listener.url}/listener`, JSON.stringify(event), headers);

describe('signatures', () => {
  let listener: Running;
  const body = JSON.stringify(envelope('e1', 'r1'));
  beforeEach(async () => (listener = await start('--secret', SECRET)));

  const status = (headers: Record<string, string>, sent = body): Promise<number> => post(`${listener.url}/listener`, sent, headers);

  it('of the secret are taken, alone or beside others', async () => {
    expect(await status(signed(body, [SECRET]))).toBe(204);
    expect(await status(signed(body, [OTHER, SECRET]))).toBe(204);
    expect(await status(signed(body, [SECRET, OTHER]))).toBe(204);
  });

  it('of another secret, of another body, id or time, of another scheme and none are refused', async () => {
    const good = signed(body, [SECRET]);
    const refused = [
      signed(body, [OTHER]),
      signed(`${body} `, [SECRET]),
      { ...good, 'webhook-id': 'msg-2' },
      { ...good, 'webhook-timestamp': String(Number(good['webhook-timestamp']) - 1) },
      { ...good, 'webhook-signature': String(good['webhook-signature']).replace('v1,', 'v2,') },
      { ...good, 'webhook-signature': String(good['webhook-signature']).slice(0, -4) },
      { ...good, 'webhook-signature': 'v1,' },
      { ...good, 'webhook-signature': '' },
      { 'webhook-id': 'msg-1', 'webhook-signature': String(good['webhook-signature']) },
      {},
    ];
    expect(await Promise.all(refused.map((headers) => status(headers)))).toEqual(refused.map(() => 401));
    expect(listener.lines).toEqual([]);
  });

  it('are refused when they are older than five minutes, or from the future', async () => {
    const minutes = (count: number): Record<string, string> => signed(body, [SECRET], Date.now() + count * 60_000);
    expect(await Promise.all([-4.9, -5.1, 4.9, 5.1].map((count) => status(minutes(count))))).toEqual([204, 401, 204, 401]);
  });

  it('come before anything that is in the body', async () => {
    expect([await status({}, '{"no json'), await status(signed('{"no json', [SECRET]), '{"no json')]).toEqual([401, 400]);
  });
});

describe('events', () => {
  it('are shown in every dialect', async () => {
    const listener = await start();
    const binary = { 'ce-specversion': '1.0', 'ce-id': 'e3', 'ce-type': 'org.tmforum.partyRole.X', 'ce-subject': 'r3', 'ce-sequence': '0000000000000007' };
    expect(await post(`${listener.url}/listener/partyRoleCreateEvent`, JSON.stringify(envelope('e1', 'r1', 'PartyRoleCreateEvent')))).toBe(204);
    expect(await send(listener, cloudEvent('e2', 'r2', 5))).toBe(204);
    expect(await send(listener, envelope('e3', 'r3'), binary)).toBe(204);
    expect(await send(listener, envelope('e4', 'r4', 'PartyRoleCreationNotification'), {})).toBe(204);
    const eventType = 'PartyRoleAttributeValueChangeEvent';
    await until('it has shown them', () => listener.lines.length === 4);
    expect(listener.lines).toEqual([
      { eventType: 'PartyRoleCreateEvent', id: 'r1', eventId: 'e1' },
      { eventType, id: 'r2', eventId: 'e2', sequence: 5 },
      { eventType, id: 'r3', eventId: 'e3', sequence: 7 },
      { eventType: 'PartyRoleCreationNotification', id: 'r4', eventId: 'e4' },
    ]);
  });

  it('are marked when they come twice, and when some are missing', async () => {
    const listener = await start();
    for (const [id, role, sequence] of [['a1', 'a', 1], ['b9', 'b', 9], ['a2', 'a', 2], ['a2', 'a', 2], ['a5', 'a', 5], ['b10', 'b', 10]] as const) await send(listener, cloudEvent(id, role, sequence));
    await until('it has shown them', () => listener.lines.length === 6);
    expect(listener.lines.map(({ eventId, duplicate, gap }) => [eventId, duplicate, gap])).toEqual([
      ['a1', undefined, undefined],
      ['b9', undefined, undefined],
      ['a2', undefined, undefined],
      ['a2', true, undefined],
      ['a5', undefined, { from: 3, to: 4 }],
      ['b10', undefined, undefined],
    ]);
  });

  it.each([
    ['no JSON', '{"eventId"'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no event', '{"eventId":"e","eventType":"x"}'],
    ['an empty event', '{"eventId":"e","eventType":"x","event":{}}'],
    ['a resource without id', '{"eventId":"e","eventType":"x","event":{"partyRole":{}}}'],
    ['no eventId', '{"eventType":"x","event":{"partyRole":{"id":"1"}}}'],
  ])('that are %s are refused, and it goes on', async (_, body) => {
    const listener = await start();
    expect(await post(`${listener.url}/listener`, body)).toBe(400);
    expect(await send(listener, cloudEvent('e1', 'r1', 1))).toBe(204);
  });

  it('are taken by POST and at its own paths only', async () => {
    const listener = await start();
    const body = JSON.stringify(envelope('e1', 'r1'));
    expect(await Promise.all(['/', '/listeners', '/listener/a/b', '/listener/../x'].map((path) => post(listener.url + path, body)))).toEqual([404, 404, 404, 404]);
    expect((await fetch(`${listener.url}/listener`)).status).toBe(405);
    expect(await post(`${listener.url}/listener`, `{"x":"${'x'.repeat(5_000_000)}"}`)).toBe(413);
  });
});

it('knows after SIGTERM, and after SIGKILL within a line, what it had taken before', async () => {
  const state = join(folder, 'seen.ndjson');
  const first = await start('--state', state);
  await send(first, cloudEvent('a1', 'a', 1));
  await send(first, cloudEvent('a2', 'a', 2));
  const ended = once(first.child, 'exit');
  first.child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  appendFileSync(state, '{"eventId":"a3","resou');

  const second = await start('--state', state);
  for (const sequence of [2, 3, 5]) await send(second, cloudEvent(`a${sequence}`, 'a', sequence));
  await until('it has shown them', () => second.lines.length === 3);
  expect(second.lines.map(({ eventId, duplicate, gap }) => [eventId, duplicate, gap])).toEqual([['a2', true, undefined], ['a3', undefined, undefined], ['a5', undefined, { from: 4, to: 4 }]]);
  expect(readFileSync(state, 'utf8').split('\n')).toHaveLength(5);
});

it.each(['--help', '-h'])('explains its options with %s, and listens to nothing', (option) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LISTENER, option], { encoding: 'utf8', timeout: 10_000 });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^node test\/examples\/hub-listener\.mjs/);
  for (const name of ['port', 'host', 'secret', 'state']) expect(stdout).toContain(`  --${name} `);
});
