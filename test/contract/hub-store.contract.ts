import { setTimeout } from 'node:timers/promises';
import type { HubStore, NewSubscription, Subscription, SubscriptionSecrets, Tenure } from '../../src/store/hub-store.js';
import type { Store } from '../../src/store/store.js';
import { hubClaimsContract } from './hub-claims.contract.js';
import { hubDeliveriesContract } from './hub-deliveries.contract.js';
import { health, newSubscription, parkedDelivery } from './hub-fixtures.js';

/** Every promise of the port `HubStore`; the same cases for every adapter. @param reopen closes the current store, and opens its database again */
export function hubStoreContract(current: () => Store, reopen: () => Promise<void>): void {
  const hub = (): HubStore => current().hub;

  async function register(...ids: string[]): Promise<void> {
    for (const id of ids) await hub().register(newSubscription(id));
  }

  async function found(id: string): Promise<Subscription> {
    const subscription = await hub().subscription(id);
    if (!subscription) throw new Error(`no subscription ${id}`);
    return subscription;
  }

  const heldBy = async (holder: string): Promise<Subscription[]> => [...(await hub().claim(holder, 60_000)).held];

  /** With everything that one can have. */
  const full: NewSubscription = newSubscription('full', {
    callback: 'https://user@listener.example:8443/$callback/a.b?x=%00&y=ünï',
    query: 'eventType=$where&event.partyRole.name=*',
    dialect: 'cloudevents-binary',
    type: '$type',
    secrets: {
      signing: [{ secret: '$c2VjcmV0' }, { secret: 'b2xk', until: new Date('2030-01-02T03:04:05.678Z') }],
      oauth: { tokenUrl: 'https://token.example', clientId: '$id', clientSecret: 's.e$c', scope: 'a b' },
    },
    cursor: 2 ** 45,
  });

  describe('subscriptions of the hub', () => {
    it('are there with everything that was asked for, and nothing else', async () => {
      const before = Date.now();
      const { subscription, isNew } = await hub().register(full);
      expect(isNew).toBe(true);
      expect(subscription).toStrictEqual({ ...full, registeredAt: subscription.registeredAt, epoch: 0, health: { waiting: 0 } });
      expect(Math.abs(subscription.registeredAt.getTime() - before)).toBeLessThan(10_000);
      expect(await hub().subscription('full')).toStrictEqual(subscription);
      const plain = await hub().register(newSubscription('plain'));
      expect(plain.subscription).toStrictEqual({ ...newSubscription('plain'), registeredAt: plain.subscription.registeredAt, epoch: 0, health: { waiting: 0 } });
      expect(await hub().subscription('unknown')).toBeUndefined();
    });

    it('stay as they are when they are registered again, whatever became of them', async () => {
      await hub().register(full);
      await hub().suspend('full', 'gone', 'hub');
      await hub().resume('full', 9);
      const before = await found('full');
      const again = await hub().register(newSubscription('full', { secrets: { signing: [{ secret: 'other' }] }, cursor: 1 }));
      expect(again).toStrictEqual({ subscription: before, isNew: false });
      expect(await found('full')).toStrictEqual(before);
    });

    it('are new once, when many register the same at the same moment', async () => {
      const answers = await Promise.all([1, 2, 3, 4, 5].map((cursor) => hub().register(newSubscription('same', { cursor }))));
      expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
      const stored = await found('same');
      for (const { subscription } of answers) expect(subscription).toStrictEqual(stored);
      expect(await hub().countSubscriptions()).toBe(1);
    });

    it('are listed in order of id, of one API or of all, page by page, and counted', async () => {
      expect([await hub().subscriptions({}, 10), await hub().countSubscriptions()]).toEqual([[], 0]);
      for (const id of ['b', '$d', 'C', 'a', 'e.f']) await hub().register(newSubscription(id, { api: id === 'a' || id === 'C' ? 'party' : '$api' }));
      await hub().suspend('a', 'test', 'hub');
      const idsOf = async (filter: { api?: string; after?: string }, limit = 10): Promise<string[]> => (await hub().subscriptions(filter, limit)).map(({ id }) => id);
      expect(await idsOf({})).toEqual(['$d', 'C', 'a', 'b', 'e.f']);
      expect(await idsOf({}, 2)).toEqual(['$d', 'C']);
      expect(await idsOf({ after: 'C' }, 2)).toEqual(['a', 'b']);
      expect(await idsOf({ after: 'aa' })).toEqual(['b', 'e.f']);
      expect(await idsOf({ api: 'party' })).toEqual(['C', 'a']);
      expect(await idsOf({ api: '$api' }, 1)).toEqual(['$d']);
      expect(await idsOf({ api: '$api', after: '$d' })).toEqual(['b', 'e.f']);
      expect([await idsOf({ api: 'unknown' }), await idsOf({}, 0)]).toEqual([[], []]);
      expect(await hub().subscriptions({ after: 'b' }, 1)).toStrictEqual([await found('e.f')]);
      expect(await Promise.all([undefined, '$api', 'party', 'unknown'].map((api) => hub().countSubscriptions(api)))).toEqual([5, 3, 2, 0]);
    });

    it('are deleted with their parked deliveries, and begin anew when they come again', async () => {
      await register('a', 'a:', 'b');
      await heldBy('h');
      await hub().recordProgress('h', [{ id: 'a', epoch: 0, cursor: 9, health: health({ waiting: 3 }) }]);
      await hub().parkDeliveries([parkedDelivery('a', '1'), parkedDelivery('a', '2', { at: new Date('2126-02-03') }), parkedDelivery('a:', '1'), parkedDelivery('b', '1')]);
      expect(await hub().unregister('a')).toBe(true);
      expect(await hub().subscription('a')).toBeUndefined();
      expect((await hub().parkedDeliveries({}, 10)).map(({ id }) => id)).toEqual(['a::1', 'b:1']);
      expect(await hub().parkedDeliveries({ ids: ['a:1'] }, 10)).toEqual([]);
      expect([await hub().unregister('a'), await hub().unregister('unknown')]).toEqual([false, false]);
      expect((await heldBy('h')).map(({ id }) => id)).toEqual(['a:', 'b']);
      expect(await hub().register(newSubscription('a'))).toMatchObject({ isNew: true, subscription: { epoch: 0, cursor: 0, health: { waiting: 0 } } });
    });

    it('are deleted as they were read: not once they were resumed or registered anew, whoever holds them', async () => {
      await register('a', 'b', 'c');
      const [a, b, c] = [await found('a'), await found('b'), await found('c')];
      await heldBy('h');
      await hub().suspend('b', 'moving', 'operator');
      await hub().resume('b');
      await hub().unregister('c');
      await setTimeout(5);
      await register('c');
      await hub().parkDeliveries([parkedDelivery('a', '1'), parkedDelivery('b', '1'), parkedDelivery('c', '1')]);
      expect([await hub().unregister(a), await hub().unregister(b), await hub().unregister(c), await hub().unregister(a)]).toEqual([true, false, false, false]);
      expect((await hub().subscriptions({}, 10)).map(({ id }) => id)).toEqual(['b', 'c']);
      expect((await hub().parkedDeliveries({}, 10)).map(({ id }) => id)).toEqual(['b:1', 'c:1']);
    });

    it('have their secrets replaced, all of them', async () => {
      await hub().register(full);
      const secrets = { signing: [{ secret: 'bmV3' }, { secret: '$c2VjcmV0', until: new Date(5) }] };
      expect(await hub().setSecrets('full', secrets, full.secrets)).toBe(true);
      const { health: state, registeredAt, epoch, ...rest } = await found('full');
      expect(rest).toStrictEqual({ ...full, secrets });
      expect([state, registeredAt, epoch]).toEqual([{ waiting: 0 }, expect.any(Date), 0]);
      // The same again is no other answer.
      expect([await hub().setSecrets('full', secrets, secrets), await hub().setSecrets('unknown', secrets, secrets)]).toEqual([true, false]);
    });

    it('keep secrets that somebody else has replaced meanwhile', async () => {
      await hub().register(full);
      const { oauth, signing } = full.secrets;
      for (const other of [{ signing }, { oauth, signing: signing.slice(1) }, { oauth, signing: [] }, { signing: [] }]) expect(await hub().setSecrets('full', { signing: [] }, other as SubscriptionSecrets)).toBe(false);
      expect((await found('full')).secrets).toStrictEqual(full.secrets);
      const wanted = ['a', 'b', 'c', 'd', 'e'].map((secret) => ({ signing: [{ secret, until: new Date(5) }, ...signing] }));
      const { secrets } = await found('full');
      const answers = await Promise.all(wanted.map((one) => hub().setSecrets('full', one, secrets)));
      expect(answers.filter((isSet) => isSet)).toHaveLength(1);
      const stored = (await found('full')).secrets;
      expect(stored).toStrictEqual(wanted[answers.indexOf(true)]);
      expect(await hub().setSecrets('full', { signing: [] }, stored)).toBe(true);
    });
  });

  describe('suspended subscriptions of the hub', () => {
    it('are held by nobody until they are resumed, with the first reason', async () => {
      await register('a', 'b');
      await heldBy('h');
      const before = Date.now();
      expect(await hub().suspend('a', '$reason', 'hub')).toBe(true);
      const { suspended } = await found('a');
      const at = suspended?.at ?? new Date(0);
      expect(suspended).toStrictEqual({ reason: '$reason', by: 'hub', at });
      expect(Math.abs(at.getTime() - before)).toBeLessThan(10_000);
      expect([await hub().suspend('a', 'second', 'hub'), await hub().suspend('unknown', 'test', 'hub')]).toEqual([false, false]);
      await hub().recordProgress('h', [{ id: 'a', epoch: 0, cursor: 5, health: health({ waiting: 1 }) }]);
      expect(await found('a')).toMatchObject({ suspended, cursor: 0, health: { waiting: 0 } });
      const { held, share } = await hub().claim('h', 60_000);
      expect([held.map(({ id }) => id), share]).toEqual([['b'], 1]);
    });

    it('are for an operator to suspend, whatever the hub said before or says then', async () => {
      await register('a', 'b');
      await heldBy('h');
      await hub().suspend('a', 'fails', 'hub');
      expect([await hub().suspend('a', 'moving', 'operator'), await hub().suspend('b', 'moving', 'operator')]).toEqual([true, true]);
      const before = [await found('a'), await found('b')];
      for (const { suspended } of before) expect(suspended).toStrictEqual({ reason: 'moving', by: 'operator', at: expect.any(Date) as Date });
      for (const id of ['a', 'b', 'unknown']) expect([await hub().suspend(id, 'fails', 'hub'), await hub().suspend(id, 'again', 'operator')]).toEqual([false, false]);
      expect([await found('a'), await found('b')]).toStrictEqual(before);
      expect(await heldBy('h')).toEqual([]);
      await hub().resume('a');
      expect((await found('a')).suspended).toBeUndefined();
    });

    it('go on where they stopped, in a new epoch, with nothing that failed before, from the next claim on', async () => {
      await register('a');
      await heldBy('h');
      const failing = health({ waiting: 7, lastError: { at: new Date(2), text: '500' }, failingSince: new Date(1) });
      await hub().recordProgress('h', [{ id: 'a', epoch: 0, cursor: 5, health: failing }]);
      await hub().suspend('a', 'fails', 'hub');
      expect((await found('a')).health).toStrictEqual(failing);
      expect(await hub().resume('a')).toBe(true);
      const { lastError: _error, failingSince: _since, ...rest } = failing;
      const { registeredAt } = await found('a');
      const resumed = { ...newSubscription('a'), cursor: 5, registeredAt, epoch: 1, health: rest };
      expect(await found('a')).toStrictEqual(resumed);
      expect(await heldBy('h')).toStrictEqual([resumed]);
      await hub().suspend('a', 'again', 'hub');
      await hub().resume('a', 3);
      expect(await found('a')).toMatchObject({ epoch: 2, cursor: 3 });
      await hub().resume('a', 0);
      expect(await found('a')).toMatchObject({ epoch: 3, cursor: 0 });
      expect(await hub().resume('unknown', 1)).toBe(false);
    });

    it('may be active: then their holder goes on in the new epoch', async () => {
      await register('a', 'b');
      await heldBy('h');
      await hub().recordProgress('h', [{ id: 'a', epoch: 0, cursor: 8, health: health() }]);
      expect(await hub().resume('a', 2)).toBe(true);
      await hub().recordProgress('h', [{ id: 'a', epoch: 0, cursor: 9, health: health({ waiting: 9 }) }]);
      expect((await heldBy('h')).map(({ id, epoch, cursor }) => [id, epoch, cursor])).toEqual([['a', 1, 2], ['b', 0, 0]]);
      await hub().recordProgress('h', [{ id: 'a', epoch: 1, cursor: 4, health: health() }]);
      expect(await found('a')).toMatchObject({ epoch: 1, cursor: 4 });
    });
  });

  describe('what a hub does to a subscription that it holds', () => {
    const delivery = parkedDelivery('a', '1');

    /** What the hub `h` can do with it from now on. */
    async function tenureOf(id: string): Promise<Tenure> {
      await heldBy('h');
      const { epoch, registeredAt } = await found(id);
      return { id, holder: 'h', epoch, registeredAt };
    }

    it('is done while it holds it', async () => {
      await register('a', 'b');
      const [a, b] = [await tenureOf('a'), await tenureOf('b')];
      expect(await hub().parkDeliveries([delivery], a)).toBe(true);
      expect(await hub().parkDeliveries([{ ...delivery, error: 'again' }], a)).toBe(true);
      expect(await hub().parkedDeliveries({}, 10)).toEqual([{ ...delivery, error: 'again' }]);
      expect((await heldBy('h')).map((one) => Object.keys(one).sort())).toEqual([1, 2].map(() => [...Object.keys(newSubscription('a')), 'registeredAt', 'epoch', 'health'].sort()));
      expect([await hub().suspend(b, 'fails', 'hub'), await hub().unregister(a)]).toEqual([true, true]);
      expect(await found('b')).toMatchObject({ suspended: { reason: 'fails', by: 'hub' } });
      expect([await hub().subscription('a'), await hub().parkedDeliveries({}, 10)]).toEqual([undefined, []]);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['gave it up', () => hub().release('h', ['a'])],
      ['left', () => hub().leaveHub('h')],
      ['it was suspended', () => hub().suspend('a', 'moving', 'operator')],
      ['it was resumed', () => hub().resume('a')],
      ['it was suspended and resumed, and is held again', async () => {
        await hub().suspend('a', 'moving', 'operator');
        await hub().resume('a');
        await heldBy('h');
      }],
      ['another one took it', async () => {
        await hub().leaveHub('h');
        await heldBy('other');
      }],
      ['it was registered anew, and is held again', async () => {
        await hub().unregister('a');
        await setTimeout(5);
        await register('a');
        await heldBy('h');
      }],
    ])('is not done any more after %s', async (_what, change) => {
      await register('a');
      const tenure = await tenureOf('a');
      await change();
      await hub().parkDeliveries([parkedDelivery('a', 'of another time')]);
      const before = [await found('a'), await hub().parkedDeliveries({}, 10)];
      expect(await hub().parkDeliveries([delivery], tenure)).toBe(false);
      expect([await hub().suspend(tenure, 'fails', 'hub'), await hub().unregister(tenure)]).toEqual([false, false]);
      expect([await found('a'), await hub().parkedDeliveries({}, 10)]).toStrictEqual(before);
    });

    it('is not done when it was deleted, or just then', async () => {
      await register('gone');
      const over = await tenureOf('gone');
      await hub().unregister('gone');
      expect([await hub().parkDeliveries([parkedDelivery('gone', '1')], over), await hub().suspend(over, 'fails', 'hub'), await hub().unregister(over)]).toEqual([false, false, false]);
      for (let round = 0; round < 10; round += 1) {
        await register('a');
        const tenure = await tenureOf('a');
        const parked = Array.from({ length: 3 }, (_, number) => hub().parkDeliveries([parkedDelivery('a', String(number))], tenure));
        await Promise.all([...parked, hub().unregister('a')]);
        expect(await hub().parkedDeliveries({}, 10)).toEqual([]);
      }
    });
  });

  hubClaimsContract(hub);
  hubDeliveriesContract(hub);

  describe('what the hub keeps', () => {
    it('outlives the process', async () => {
      await hub().register(full);
      await register('suspended');
      await heldBy('h');
      const state = health({ waiting: 2, lastSuccess: new Date(1), oldestWaiting: new Date(2), lastError: { at: new Date(3), text: '$error' }, failingSince: new Date(4) });
      await hub().recordProgress('h', [{ id: 'full', epoch: 0, cursor: 2 ** 45 + 1, health: state }]);
      await hub().suspend('suspended', 'test', 'hub');
      await hub().parkDeliveries([parkedDelivery('full', '1')]);
      const before = [await found('full'), await found('suspended')];
      await reopen();
      expect([await found('full'), await found('suspended')]).toStrictEqual(before);
      expect(before[0]).toMatchObject({ cursor: 2 ** 45 + 1, health: state });
      expect(await hub().parkedDeliveries({}, 10)).toStrictEqual([parkedDelivery('full', '1')]);
      expect(await heldBy('h')).toHaveLength(1);
    });

    const uses: Record<keyof HubStore, (closed: HubStore) => Promise<unknown>> = {
      register: (closed) => closed.register(newSubscription('a')),
      subscription: (closed) => closed.subscription('a'),
      subscriptions: (closed) => closed.subscriptions({}, 1),
      countSubscriptions: (closed) => closed.countSubscriptions(),
      unregister: (closed) => closed.unregister('a'),
      setSecrets: (closed) => closed.setSecrets('a', { signing: [] }, { signing: [] }),
      suspend: (closed) => closed.suspend('a', 'test', 'hub'),
      resume: (closed) => closed.resume('a'),
      claim: (closed) => closed.claim('h', 1),
      release: (closed) => closed.release('h', ['a']),
      leaveHub: (closed) => closed.leaveHub('h'),
      recordProgress: (closed) => closed.recordProgress('h', [{ id: 'a', epoch: 0, cursor: 1, health: health() }]),
      parkDeliveries: (closed) => closed.parkDeliveries([parkedDelivery('a', '1')]),
      parkedDeliveries: (closed) => closed.parkedDeliveries({}, 1),
      countParkedDeliveries: (closed) => closed.countParkedDeliveries({}),
      dropDeliveries: (closed) => closed.dropDeliveries(['a:1']),
    };

    it('cannot be had while the database cannot be reached: every method throws', async () => {
      const closed = hub();
      await current().close();
      const results = await Promise.allSettled(Object.values(uses).map((use) => use(closed)));
      expect(results.map(({ status }) => status)).toEqual(results.map(() => 'rejected'));
    });
  });
}
