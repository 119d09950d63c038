import { setTimeout } from 'node:timers/promises';
import type { HubStore, Progress } from '../../src/store/hub-store.js';
import { health, newSubscription } from './hub-fixtures.js';

const TTL_MS = 60_000;

/** The promises of the port `HubStore` about who delivers, and how far each has come. */
export function hubClaimsContract(hub: () => HubStore): void {
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${String(i).padStart(2, '0')}`);

  async function register(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => hub().register(newSubscription(id))));
  }

  async function idsOf(holder: string, ttlMs = TTL_MS): Promise<string[]> {
    return (await hub().claim(holder, ttlMs)).held.map(({ id }) => id);
  }

  /** A claim as a hub makes it: what is beyond the share is given back. @returns what it has then */
  async function settle(holder: string): Promise<string[]> {
    const { held, share } = await hub().claim(holder, TTL_MS);
    const ids = held.map(({ id }) => id);
    await hub().release(holder, ids.slice(share));
    return ids.slice(0, share);
  }

  /** Rounds of claims, one after the other, or all at the same moment. @returns what each has after the last one */
  async function rounds(holders: readonly string[], count = 3, together = false): Promise<string[][]> {
    let held: string[][] = [];
    for (let round = 0; round < count; round += 1) {
      if (together) held = await Promise.all(holders.map(settle));
      else held = await holders.reduce<Promise<string[][]>>(async (before, holder) => [...(await before), await settle(holder)], Promise.resolve([]));
    }
    return held;
  }

  const progress = (id: string, cursor: number, parts: Partial<Progress> = {}): Progress => ({ id, epoch: 0, cursor, health: health(), ...parts });
  const cursorOf = async (id: string): Promise<number | undefined> => (await hub().subscription(id))?.cursor;

  /** Whether it can record progress, which only a holder can. */
  async function holds(holder: string, id: string): Promise<boolean> {
    const subscription = await hub().subscription(id);
    const cursor = (subscription?.cursor ?? 0) + 1;
    await hub().recordProgress(holder, [progress(id, cursor, { epoch: subscription?.epoch ?? 0 })]);
    return (await cursorOf(id)) === cursor;
  }

  describe('claims of hubs', () => {
    it('of a hub that is alone have everything, each as it is', async () => {
      expect(await hub().claim('$h', TTL_MS)).toEqual({ held: [], share: 0 });
      await register(['b', 'a', 'c']);
      const all = await hub().subscriptions({}, 10);
      for (let again = 0; again < 2; again += 1) {
        const { held, share } = await hub().claim('$h', TTL_MS);
        expect([[...held].sort((one, other) => (one.id < other.id ? -1 : 1)), share]).toStrictEqual([all, 3]);
      }
    });

    it.each([
      [2, 10, [5, 5]],
      [2, 3, [1, 2]],
      [3, 9, [3, 3, 3]],
      [3, 10, [2, 4, 4]],
      [3, 2, [0, 1, 1]],
    ])('are shared evenly: %s of %s', async (hubs, count, sizes) => {
      const ids = numbered(count);
      await register(ids);
      const holders = ['a', 'b', 'c'].slice(0, hubs);
      const held = await rounds(holders);
      expect(held.map(({ length }) => length).sort()).toEqual(sizes);
      expect(held.flat().sort()).toEqual(ids);
      // Nothing moves any more.
      expect(await rounds(holders, 1)).toEqual(held);
    });

    it('make room for a hub that joins, and fill up when one leaves', async () => {
      const ids = numbered(6);
      await register(ids);
      expect(await idsOf('a')).toEqual(ids);
      expect(await hub().claim('b', TTL_MS)).toEqual({ held: [], share: 3 });
      const { held, share } = await hub().claim('a', TTL_MS);
      expect([held.length, share]).toEqual([6, 3]);
      await hub().release('a', ids.slice(3));
      expect(await idsOf('b')).toEqual(ids.slice(3));
      expect(await idsOf('a')).toEqual(ids.slice(0, 3));
      await hub().leaveHub('a');
      expect(await holds('a', 's00')).toBe(false);
      const after = await hub().claim('b', TTL_MS);
      expect([after.held.map(({ id }) => id).sort(), after.share]).toEqual([ids, 6]);
      await hub().leaveHub('unknown');
      expect(await idsOf('b')).toHaveLength(6);
    });

    it('give up what is released, by its holder alone', async () => {
      await register(['x', 'y']);
      await idsOf('a');
      await hub().release('b', ['x', 'y']);
      await hub().release('a', ['unknown']);
      await hub().release('a', []);
      expect([await holds('a', 'x'), await holds('a', 'y')]).toEqual([true, true]);
      await hub().release('a', ['x', 'unknown']);
      expect([await holds('a', 'x'), await holds('a', 'y')]).toEqual([false, true]);
      expect(await idsOf('b')).toEqual(['x']);
      expect([await holds('b', 'x'), await holds('b', 'y')]).toEqual([true, false]);
    });

    it('take over when a hub says nothing for its time, and it finds out with its next claim', async () => {
      const ids = numbered(4);
      await register(ids);
      expect(await idsOf('a', 300)).toEqual(ids);
      expect(await idsOf('b')).toEqual([]);
      await setTimeout(400);
      const { held, share } = await hub().claim('b', TTL_MS);
      expect([held.map(({ id }) => id), share]).toEqual([ids, 4]);
      expect(await holds('a', 's00')).toBe(false);
      expect(await holds('b', 's00')).toBe(true);
      expect(await hub().claim('a', TTL_MS)).toEqual({ held: [], share: 2 });
    });

    it('last as long as they are renewed', async () => {
      await register(numbered(4));
      for (let round = 0; round < 4; round += 1) {
        expect(await idsOf('a', 1500)).toHaveLength(4);
        await setTimeout(500);
      }
      expect(await idsOf('b')).toEqual([]);
      expect(await holds('a', 's00')).toBe(true);
    });

    it('of a hub that was late have what nobody took meanwhile', async () => {
      await register(numbered(4));
      await idsOf('a', 1);
      await setTimeout(20);
      expect(await idsOf('a')).toEqual(numbered(4));
      await idsOf('a', 1);
      await setTimeout(20);
      await hub().suspend('s00', 'test', 'hub');
      // Sees that the late one is gone, and has no more than its share of what was there then.
      expect(await idsOf('b', 1)).toEqual(['s01', 's02', 's03']);
      await hub().resume('s00');
      await hub().leaveHub('b');
      expect((await idsOf('a')).sort()).toEqual(numbered(4));
    });

    it('have what was registered or resumed meanwhile, and not what was suspended or deleted', async () => {
      await register(['x', 'y', 'z']);
      await idsOf('a');
      await register(['new']);
      await hub().suspend('x', 'test', 'hub');
      await hub().unregister('y');
      const { held, share } = await hub().claim('a', TTL_MS);
      expect([held.map(({ id }) => id).sort(), share]).toEqual([['new', 'z'], 2]);
      await hub().resume('x');
      expect((await idsOf('a')).sort()).toEqual(['new', 'x', 'z']);
    });

    it('at the same moment never have the same', async () => {
      const ids = numbered(60);
      await register(ids);
      const holders = ['a', '$b', 'c.d', 'e', 'f', 'g'];
      for (let round = 0; round < 5; round += 1) {
        const claims = await Promise.all(holders.map(async (holder) => ({ holder, ...(await hub().claim(holder, TTL_MS)) })));
        const all = claims.flatMap(({ held }) => held.map(({ id }) => id));
        expect(all).toHaveLength(new Set(all).size);
        await Promise.all(claims.map(({ holder, held, share }) => hub().release(holder, held.slice(share).map(({ id }) => id))));
      }
      const settled = await rounds(holders, 2);
      expect(settled.map(({ length }) => length)).toEqual(holders.map(() => 10));
      expect(settled.flat().sort()).toEqual(ids);
    });

    it('never take what another hub has, while hubs come, die and leave around them', async () => {
      await register(numbered(40));
      const lasting = ['a', 'b', 'c'];
      const everHeld = new Map(lasting.map((holder) => [holder, new Set<string>()]));
      for (let round = 0; round < 12; round += 1) {
        // The lasting ones come one by one, in the middle of it, and release nothing.
        const here = lasting.slice(0, 1 + round / 2);
        const passing = [1, 2, 3, 4].map(async (number) => {
          await hub().claim(`ghost ${round} ${number}`, 1);
          if (number % 2 === 0) await hub().leaveHub(`ghost ${round} ${number}`);
        });
        await Promise.all([...passing, ...here.map(async (holder) => {
          for (const id of await idsOf(holder)) everHeld.get(holder)?.add(id);
        })]);
      }
      await setTimeout(10);
      for (const holder of lasting) for (const id of await idsOf(holder)) everHeld.get(holder)?.add(id);
      const all = [...everHeld.values()].flatMap((ids) => [...ids]);
      expect(all.sort()).toEqual(numbered(40));
    });
  });

  describe('progress of hubs', () => {
    it('is recorded with all of its health in place of the one before', async () => {
      await register(['a', 'b']);
      await idsOf('h');
      const failing = health({ waiting: 3, lastSuccess: new Date(1), oldestWaiting: new Date(2), lastError: { at: new Date(3), text: '$500' }, failingSince: new Date(4) });
      await hub().recordProgress('h', [progress('a', 5, { health: failing }), progress('b', 7)]);
      expect(await hub().subscription('a')).toMatchObject({ cursor: 5, health: failing });
      expect((await hub().subscription('a'))?.health).toStrictEqual(failing);
      expect(await cursorOf('b')).toBe(7);
      const well = health({ waiting: 0, lastSuccess: new Date(6) });
      await hub().recordProgress('h', [progress('a', 6, { health: well })]);
      expect((await hub().subscription('a'))?.health).toStrictEqual(well);
      await hub().recordProgress('h', []);
      expect((await hub().claim('h', TTL_MS)).held.map(({ cursor }) => cursor)).toEqual([6, 7]);
    });

    it('never lowers a cursor within an epoch', async () => {
      await register(['a']);
      await idsOf('h');
      await hub().recordProgress('h', [progress('a', 9)]);
      await hub().recordProgress('h', [progress('a', 4, { health: health({ waiting: 2 }) })]);
      expect(await hub().subscription('a')).toMatchObject({ cursor: 9, health: { waiting: 2 } });
      await hub().resume('a', 1);
      await hub().recordProgress('h', [progress('a', 3, { epoch: 1 })]);
      expect(await cursorOf('a')).toBe(3);
    });

    it('is not recorded of what is not held, or not in this epoch, and of the others in the same call', async () => {
      await register(['a', 'b', 'c', 'd']);
      await idsOf('h');
      await hub().resume('b');
      await hub().release('h', ['c']);
      await hub().recordProgress('other', [progress('a', 5)]);
      const waiting = health({ waiting: 5 });
      const all = [progress('b', 5), progress('c', 5), progress('unknown', 5), progress('a', 5, { epoch: 1 }), progress('d', 5)];
      await hub().recordProgress('h', all.map((one) => ({ ...one, health: waiting })));
      const found = await hub().subscriptions({}, 10);
      expect(found.map(({ id, cursor, health: { waiting: count } }) => [id, cursor, count])).toEqual([['a', 0, 0], ['b', 0, 0], ['c', 0, 0], ['d', 5, 5]]);
    });
  });
}
