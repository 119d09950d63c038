import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { RecordedEvent } from '../../src/store/store.js';
import { faulty } from '../support/faults.js';
import { until } from '../support/service.js';
import { append, changed } from './append.js';
import { closeAll, ok, startListener, type Received } from './local-listener.js';
import { RunningHub } from './running-hub.js';

let running: RunningHub;
beforeEach(async () => (running = await RunningHub.open()));
afterEach(async () => {
  await running.close();
  await closeAll();
});

const idOf = ({ headers }: Received): string => String(headers['webhook-id']);

/** One commit for each. */
async function logged(...events: readonly RecordedEvent[]): Promise<void> {
  await append(running.store, ...events.map((event) => [event]));
}

describe('an event that is refused', () => {
  it('while others are taken is parked after its attempts, and those behind it go on', async () => {
    const [poison, behind] = [changed('bad', 1), changed('bad', 2)];
    const listener = await startListener((response, received) => (idOf(received) === poison.id ? void response.writeHead(422).end() : ok(response)));
    const id = await running.register(listener.url);
    await logged(poison, behind, changed('good', 1));
    running.start({ attempts: 4 });
    await until('what is behind it has arrived', () => listener.received.some((received) => idOf(received) === behind.id));
    expect(listener.received.filter((received) => idOf(received) === poison.id)).toHaveLength(5);
    await running.untilIt('its progress is recorded', id, ({ cursor, health }) => cursor === 3 && health.waiting === 0);
    expect(await running.store.hub.parkedDeliveries({ subscription: id }, 10)).toEqual([
      {
        id: `${id}:${poison.id}`,
        subscription: id,
        at: expect.any(Date) as Date,
        event: poison.id,
        key: 'partyRole.PartyRoleAttributeValueChangeEvent',
        order: 'partyRole/bad',
        position: 1,
        attempts: 5,
        error: 'answered 422',
        content: poison.content,
      },
    ]);
  });

  it('while all are refused is not parked, however often it is tried', async () => {
    let broken = true;
    const listener = await startListener((response) => (broken ? void response.writeHead(500).end() : ok(response)));
    const id = await running.register(listener.url);
    const events = ['a', 'b', 'c', 'd'].map((role) => changed(role));
    await logged(...events);
    running.start({ attempts: 2, longestMs: 10 });
    await until('each was tried often', () => events.every((event) => listener.received.filter((received) => idOf(received) === event.id).length > 4));
    expect(await running.store.hub.countParkedDeliveries({})).toEqual(new Map());
    broken = false;
    await running.untilIt('all have arrived', id, ({ cursor, health }) => cursor === 4 && health.waiting === 0);
    expect(await running.store.hub.countParkedDeliveries({})).toEqual(new Map());
  });

  it('once each after an outage, by a listener that is still busy, is not parked', async () => {
    const seen = new Set<string>();
    let broken = true;
    const listener = await startListener((response, received) => {
      if (broken) return void response.writeHead(500).end();
      // One is taken, and each of the others is refused once and told to come again.
      if (seen.size === 0 || seen.has(idOf(received))) ok(response);
      else response.writeHead(seen.size % 2 === 0 ? 429 : 502).end();
      seen.add(idOf(received));
    });
    const id = await running.register(listener.url);
    await logged(...Array.from({ length: 30 }, (_, index) => changed(`r${index}`)));
    running.start({ attempts: 4, longestMs: 10 });
    await until('it was tried often', () => listener.received.length > 200);
    broken = false;
    await running.untilIt('all have arrived', id, ({ cursor, health }) => cursor === 30 && health.waiting === 0);
    expect([seen.size, await running.store.hub.countParkedDeliveries({})]).toEqual([30, new Map()]);
  });

  it('alone on a quiet line does not keep what comes next', async () => {
    const poison = changed('bad');
    const listener = await startListener((response, received) => (idOf(received) === poison.id ? void response.writeHead(422).end() : ok(response)));
    const id = await running.register(listener.url);
    running.start({ firstMs: 300, longestMs: 300, attempts: 2 });
    await logged(poison);
    const tries = (): number => listener.received.filter((received) => idOf(received) === poison.id).length;
    await until('it was tried often', () => tries() === 5);
    const next = changed('good');
    await logged(next);
    await until('the next one has arrived', () => listener.received.some((received) => idOf(received) === next.id));
    expect(tries()).toBe(5);
    await running.untilIt('it is parked', id, ({ cursor }) => cursor === 2);
    expect(tries()).toBe(7);
  });

  it('with hundreds behind it does not keep other resources', async () => {
    const poison = changed('bad', 1);
    const behind = Array.from({ length: 600 }, (_, index) => changed('bad', index + 2));
    const other = changed('good');
    const listener = await startListener((response, received) => (idOf(received) === poison.id ? void response.writeHead(422).end() : ok(response)));
    const id = await running.register(listener.url);
    await append(running.store, [poison], ...behind.map((event) => [event]), [other]);
    running.start({ attempts: 5 });
    await until('the other one has arrived', () => listener.received.some((received) => idOf(received) === other.id));
    await running.untilIt('it is parked, and the rest has arrived', id, ({ cursor, health }) => cursor === 602 && health.waiting === 0);
    expect(new Set(listener.received.map(idOf)).size).toBe(602);
  });
});

describe('suspension', () => {
  it('comes when nothing succeeds, tries no more, and ends with a resumption', async () => {
    let broken = true;
    const listener = await startListener((response) => (broken ? void response.writeHead(500).end() : ok(response)));
    const id = await running.register(listener.url);
    await logged(changed('a', 1), changed('a', 2), changed('b', 1));
    running.start({ suspendMs: 300, longestMs: 20 });
    await running.untilIt('it is suspended', id, ({ suspended }) => suspended !== undefined);
    expect((await running.subscription(id)).suspended?.reason).toMatch(/^nothing could be delivered since 20.*: answered 500$/);
    await pause(50);
    const tried = listener.received.length;
    await pause(200);
    expect(listener.received).toHaveLength(tried);

    broken = false;
    await running.store.hub.resume(id);
    await running.untilIt('all have arrived', id, ({ cursor, health }) => cursor === 3 && health.waiting === 0);
    const arrived = listener.received.slice(tried);
    expect(arrived).toHaveLength(3);
    expect((await running.subscription(id)).suspended).toBeUndefined();
  });

  it('comes at once for a place that the log does not have', async () => {
    const listener = await startListener(ok);
    const id = await running.register(listener.url, { cursor: 9_999 });
    await logged(changed('a'));
    running.start();
    await running.untilIt('it is suspended', id, ({ suspended }) => suspended !== undefined);
    expect((await running.subscription(id)).suspended?.reason).toBe('it cannot go on: the log ends at position 1');
    await running.store.hub.resume(id, 0);
    await until('what it resumed at has arrived', () => listener.received.length === 1);
  });

  it('by an operator stops deliveries, and a resumption at another place begins there', async () => {
    const listener = await startListener(ok);
    const id = await running.register(listener.url);
    running.start();
    await logged(changed('a'));
    await running.untilIt('it has arrived', id, ({ cursor }) => cursor === 1);
    await running.store.hub.suspend(id, 'maintenance', 'hub');
    await pause(100);
    await logged(changed('a', 2));
    await pause(100);
    expect(listener.received).toHaveLength(1);
    await running.store.hub.resume(id, 0);
    await running.untilIt('both have arrived', id, ({ cursor }) => cursor === 2);
    expect(listener.received).toHaveLength(3);
  });
});

it('410 unregisters, and nothing more is sent', async () => {
  const listener = await startListener((response) => response.writeHead(410).end());
  const id = await running.register(listener.url);
  running.start({ concurrency: 1 });
  await logged(changed('a'), changed('b'), changed('c'));
  await until('it is not registered any more', async () => (await running.store.hub.subscription(id)) === undefined);
  await pause(100);
  expect(listener.received).toHaveLength(1);
});

it('whoever unregisters is sent nothing more, and registers anew for what comes then', async () => {
  const listener = await startListener(ok);
  const id = await running.register(listener.url);
  running.start();
  await logged(changed('a'));
  await running.untilIt('it has arrived', id, ({ cursor }) => cursor === 1);
  await running.store.hub.unregister(id);
  await logged(changed('a', 2));
  await pause(100);
  await running.register(listener.url, { id, cursor: 2 });
  await logged(changed('a', 3));
  await running.untilIt('it has arrived', id, ({ cursor }) => cursor === 3);
  const sequences = listener.received.map(({ body }) => Number((JSON.parse(body) as { sequence: string }).sequence));
  // The second one came within the round in which the hub learns of it, or not at all.
  expect(sequences.filter((sequence) => sequence !== 2)).toEqual([1, 3]);
});

describe('an answer that comes after its registration was deleted', () => {
  /** The hub learns of it in its next round, which is long to come. */
  const slow = { roundMs: 2_000, attempts: 2, firstMs: 1, longestMs: 2 };

  it('parks nothing', async () => {
    const poison = changed('bad');
    let tries = 0;
    const listener = await startListener((response, received) => {
      if (idOf(received) !== poison.id) return ok(response);
      const refuse = (): void => void response.writeHead(422).end();
      if ((tries += 1) < 4) return refuse();
      void running.store.hub.unregister(id).then(refuse);
    });
    const id = await running.register(listener.url);
    await append(running.store, [poison, changed('good')]);
    running.start({ ...slow, attempts: 3 });
    await until('it was refused', () => tries === 4);
    await pause(100);
    expect(tries).toBe(4);
    expect(await running.store.hub.countParkedDeliveries({})).toEqual(new Map());
  });

  it('removes no other one, nor suspends it', async () => {
    let again: Promise<unknown> | undefined;
    const listener = await startListener((response) => {
      if (again) return ok(response);
      again = running.store.hub.unregister(id).then(async () => {
        await pause(5);
        await running.register(listener.url, { id });
        response.writeHead(410).end();
      });
    });
    const id = await running.register(listener.url);
    await logged(changed('a'));
    running.start({ ...slow, roundMs: 200 });
    await running.untilIt('the new one has it', id, ({ cursor }) => cursor === 1);
    expect(listener.received).toHaveLength(2);
  });
});

it('signs with a new secret from the next round on, without a break', async () => {
  const listener = await startListener(ok);
  const id = await running.register(listener.url, { secrets: { signing: [{ secret: randomBytes(32).toString('base64') }] } });
  running.start();
  await logged(changed('a'));
  await running.untilIt('it has arrived', id, ({ cursor }) => cursor === 1);
  const [old] = (await running.subscription(id)).secrets.signing;
  if (!old) throw new Error('it has no secret');
  await running.store.hub.setSecrets(id, { signing: [{ secret: randomBytes(32).toString('base64') }, { ...old, until: new Date(Date.now() + 60_000) }] }, { signing: [old] });
  await pause(100);
  await logged(changed('a', 2));
  await running.untilIt('it has arrived', id, ({ cursor }) => cursor === 2);
  expect(listener.received.map(({ headers }) => String(headers['webhook-signature']).split(' ').length)).toEqual([1, 2]);
});

describe('the end of a hub', () => {
  it('leaves its place to the next one, which repeats nothing', async () => {
    const listener = await startListener((response) => setTimeout(() => ok(response), 20));
    const id = await running.register(listener.url);
    await logged(...Array.from({ length: 40 }, (_, index) => changed(`r${index}`)));
    const first = running.start();
    await until('some have arrived', () => listener.received.length >= 10);
    await running.stop(first);
    expect(listener.received.length).toBeLessThan(40);
    running.start();
    await running.untilIt('all have arrived', id, ({ cursor }) => cursor === 40);
    expect(new Set(listener.received.map(idOf)).size).toBe(40);
    // Those done behind one that was not, at most.
    expect(listener.received.length).toBeLessThan(44);
  });

  it('cuts off what hangs, for which the listener is not blamed', async () => {
    let hangs = true;
    const listener = await startListener((response) => (hangs ? undefined : ok(response)));
    const id = await running.register(listener.url);
    const hub = running.start();
    await logged(changed('a'));
    await until('it hangs', () => listener.received.length === 1);
    const began = performance.now();
    await running.stop(hub, 100);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await running.subscription(id)).health.lastError).toBeUndefined();
    hangs = false;
    running.start();
    await running.untilIt('it has arrived', id, ({ cursor }) => cursor === 1);
    expect(listener.received).toHaveLength(2);
  });

  it.each(['is refused', 'gets no answer'])('that %s by the database is noticed, and another one takes over within the hold', async (how) => {
    const listener = await startListener(ok);
    const id = await running.register(listener.url);
    let cut = false;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const away = async <T>(real: () => Promise<T>): Promise<T> => {
      if (!cut) return real();
      if (how === 'gets no answer') await released;
      throw new Error('the database is away');
    };
    const hub = faulty(running.store.hub, {
      claim: (real, ...args) => away(() => real(...args)),
      recordProgress: (real, ...args) => away(() => real(...args)),
      leaveHub: (real, ...args) => away(() => real(...args)),
    });
    running.start({ holdMs: 300 }, { store: hub });
    await logged(changed('a'));
    await running.untilIt('it has arrived', id, ({ cursor }) => cursor === 1);
    cut = true;
    running.start({ holdMs: 300 });
    // The first one goes on until its hold is over, and then stops by itself.
    await pause(600);
    const arrived = listener.received.length;
    await logged(changed('a', 2), changed('a', 3));
    await running.untilIt('the rest has arrived', id, ({ cursor }) => cursor === 3);
    await pause(50);
    expect(listener.received).toHaveLength(arrived + 2);
    release();
  });
});

it('several hubs share the subscriptions evenly, and one that leaves gives its own to the others', async () => {
  const listeners = await Promise.all(Array.from({ length: 6 }, () => startListener(ok)));
  const ids = await Promise.all(listeners.map(({ url }) => running.register(url)));
  const held: string[][] = [[], []];
  const watched = (place: number) =>
    faulty(running.store.hub, {
      claim: async (real, ...args) => {
        const claim = await real(...args);
        held[place] = claim.held.map(({ id }) => id);
        return claim;
      },
    });
  const one = running.start({}, { store: watched(0) });
  await until('one has all', () => held[0]?.length === 6);
  running.start({}, { store: watched(1) });
  await until('each has three', () => held[0]?.length === 3 && held[1]?.length === 3);
  expect(held.flat().sort()).toEqual([...ids].sort());
  await logged(changed('a'));
  await until('all have it', () => listeners.every(({ received }) => received.length === 1));
  await running.stop(one);
  await until('the other has all', () => held[1]?.length === 6);
  await logged(changed('a', 2));
  await until('all have it', () => listeners.every(({ received }) => received.length === 2));
});
