import { setTimeout as pause } from 'node:timers/promises';
import type { RecordedEvent } from '../../src/store/store.js';
import { until } from '../support/service.js';
import { append, changed } from './append.js';
import { closeAll, ok, startListener, startRaw, type LocalListener, type Received } from './local-listener.js';
import { RunningHub } from './running-hub.js';

let running: RunningHub;
beforeEach(async () => (running = await RunningHub.open()));
afterEach(async () => {
  await running.close();
  await closeAll();
});

/** `role/sequence` */
function nameOf({ body }: Received): string {
  const { subject, sequence } = JSON.parse(body) as { subject: string; sequence: string };
  return `${subject}/${Number(sequence)}`;
}

function byRole(names: readonly string[]): Record<string, number[]> {
  const roles: Record<string, number[]> = {};
  for (const name of names) (roles[name.split('/')[0] ?? ''] ??= []).push(Number(name.split('/')[1]));
  return roles;
}

/** So many revisions of so many roles, in turn. */
async function change(roles: number, revisions: number, from = 1, perCommit = 3): Promise<void> {
  const events: RecordedEvent[] = [];
  for (let revision = from; revision < from + revisions; revision += 1) for (let role = 0; role < roles; role += 1) events.push(changed(`r${role}`, revision));
  const commits = Array.from({ length: Math.ceil(events.length / perCommit) }, (_, index) => events.slice(perCommit * index, perCommit * (index + 1)));
  await append(running.store, ...commits);
}

const all = (roles: number, revisions: number): Record<string, number[]> => {
  const counted = Array.from({ length: revisions }, (_, index) => index + 1);
  return Object.fromEntries(Array.from({ length: roles }, (_, role) => [`r${role}`, counted]));
};

it('delivers every event once, in order for each resource and with resources beside each other', async () => {
  const perRole = new Map<string, number>();
  let [now, most, mostOfOne] = [0, 0, 0];
  const listener = await startListener((response, received) => {
    const role = nameOf(received).split('/')[0] ?? '';
    perRole.set(role, (perRole.get(role) ?? 0) + 1);
    now += 1;
    most = Math.max(most, now);
    mostOfOne = Math.max(mostOfOne, perRole.get(role) ?? 0);
    setTimeout(() => {
      now -= 1;
      perRole.set(role, (perRole.get(role) ?? 0) - 1);
      ok(response);
    }, 5 * Math.random());
  });
  const id = await running.register(listener.url);
  await change(6, 10);
  running.start({ concurrency: 4 });
  await change(6, 10, 11);
  await until('all have arrived', () => listener.received.length >= 120);
  await running.untilIt('nothing waits', id, ({ health, cursor }) => health.waiting === 0 && cursor === 40);
  expect(byRole(listener.received.map(nameOf))).toEqual(all(6, 20));
  expect([most, mostOfOne]).toEqual([4, 1]);
});

it('keeps the order of each resource whatever a listener fails at, and repeats only what failed', async () => {
  const taken: string[] = [];
  const listener = await startListener((response, received) => {
    const luck = Math.random();
    if (luck < 0.2) response.writeHead(500).end('broken');
    else if (luck < 0.3) response.socket?.destroy();
    else {
      taken.push(nameOf(received));
      ok(response);
    }
  });
  const id = await running.register(listener.url);
  running.start({ attempts: 1_000 });
  await change(5, 20);
  await running.untilIt('nothing waits', id, ({ health, cursor }) => health.waiting === 0 && cursor === 34);
  expect(byRole(taken)).toEqual(all(5, 20));
  expect((await running.subscription(id)).health.lastError?.text).toMatch(/^(answered 500|the connection was closed before an answer)$/);
  expect(await running.store.hub.countParkedDeliveries({})).toEqual(new Map());
});

describe('a listener that does not answer', () => {
  /** Another one, which is well, gets everything meanwhile. */
  async function othersAreServed(): Promise<void> {
    const other = await startListener(ok);
    await running.register(other.url);
    await change(5, 4);
    const began = performance.now();
    running.start({ timeoutMs: 2_000 });
    await until('the other one has everything', () => other.received.length === 20);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(byRole(other.received.map(nameOf))).toEqual(all(5, 4));
  }

  it('as nobody is there: says so, keeps others waiting for nothing, and gets everything when it is back', async () => {
    const gone = await startListener(ok);
    await gone.close();
    const id = await running.register(gone.url);
    await othersAreServed();
    await running.untilIt('it is known', id, ({ health }) => health.waiting === 20 && health.lastError !== undefined);
    expect((await running.subscription(id)).health).toMatchObject({ lastError: { text: 'the connection was refused' }, waiting: 20, oldestWaiting: expect.any(Date) as Date, failingSince: expect.any(Date) as Date });
    const back = await startListener(ok, gone.port);
    await running.untilIt('it has everything', id, ({ health }) => health.waiting === 0);
    expect(byRole(back.received.map(nameOf))).toEqual(all(5, 4));
    expect((await running.subscription(id)).health.failingSince).toBeUndefined();
  });

  it('as it hangs: is cut off, and gets everything when it does no more', async () => {
    let hangs = true;
    const taken: string[] = [];
    const listener = await startListener((response, received) => {
      if (hangs) return;
      taken.push(nameOf(received));
      ok(response);
    });
    const id = await running.register(listener.url);
    await othersAreServed();
    await running.untilIt('it is known', id, ({ health }) => health.lastError?.text === 'no answer within 2000 ms');
    hangs = false;
    await running.untilIt('it has everything', id, ({ health }) => health.waiting === 0);
    expect(byRole(taken)).toEqual(all(5, 4));
  });

  it('as what it says is no HTTP', async () => {
    const garbage = await startRaw((socket) => socket.end('\u0000what is this?\r\n\r\n'));
    const id = await running.register(garbage.url);
    await othersAreServed();
    await running.untilIt('it is known', id, ({ health }) => health.lastError?.text === 'the answer was no HTTP');
    await garbage.close();
    const mended = await startListener(ok, garbage.port);
    await running.untilIt('it has everything', id, ({ health }) => health.waiting === 0);
    expect(byRole(mended.received.map(nameOf))).toEqual(all(5, 4));
  });
});

it('tries a listener that is down with one request at a time, and less and less often', async () => {
  const at: number[] = [];
  let [now, most] = [0, 0];
  const listener = await startListener((response) => {
    at.push(performance.now());
    now += 1;
    if (at.length > 8) most = Math.max(most, now);
    setTimeout(() => {
      now -= 1;
      response.writeHead(503).end();
    }, 5);
  });
  await running.register(listener.url);
  await change(20, 1);
  running.start({ firstMs: 20, longestMs: 10_000 });
  await pause(1_500);
  expect(most).toBe(1);
  // 20, 40, 80 … 640 ms and their halves, behind those at once.
  expect(at.length).toBeGreaterThan(7);
  expect(at.length).toBeLessThan(20);
});

it('waits as long as Retry-After asks for, with everything', async () => {
  const at: number[] = [];
  const listener = await startListener((response) => {
    at.push(performance.now());
    if (at.length === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else ok(response);
  });
  const id = await running.register(listener.url);
  running.start();
  await change(1, 1);
  await until('the first was tried', () => at.length === 1);
  await change(3, 1, 2);
  await running.untilIt('it has everything', id, ({ health, cursor }) => health.waiting === 0 && cursor === 2);
  expect(at).toHaveLength(5);
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(950);
});

it('holds a part of the log for a listener that does not keep up, and delivers all of it in the end', async () => {
  const gone = await startListener(ok);
  await gone.close();
  const id = await running.register(gone.url);
  // More than it may hold, in one page.
  await change(50, 20, 1, 70);
  running.start();
  await running.untilIt('it is known', id, ({ health }) => health.lastError !== undefined);
  expect((await running.subscription(id)).health.waiting).toBeLessThanOrEqual(200);
  const back: LocalListener = await startListener(ok, gone.port);
  await running.untilIt('it has everything', id, ({ health, cursor }) => health.waiting === 0 && cursor === 15);
  expect(byRole(back.received.map(nameOf))).toEqual(all(50, 20));
});
