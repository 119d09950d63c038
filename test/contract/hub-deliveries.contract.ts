import type { HubStore, ParkedDeliveryFilter } from '../../src/store/hub-store.js';
import { parkedDelivery } from './hub-fixtures.js';

/** The promises of the port `HubStore` about deliveries that were set aside. */
export function hubDeliveriesContract(hub: () => HubStore): void {
  const day = (number: number): Date => new Date(Date.UTC(2126, 0, number));
  const idsOf = async (filter: ParkedDeliveryFilter, limit = 10): Promise<string[]> => (await hub().parkedDeliveries(filter, limit)).map(({ id }) => id);

  describe('parked deliveries', () => {
    beforeEach(async () => {
      await hub().parkDeliveries([
        parkedDelivery('s', '3', { at: day(2) }),
        parkedDelivery('t', '1', { at: day(2) }),
        parkedDelivery('s', '9', { at: day(1) }),
        parkedDelivery('$u', '0', { at: day(3) }),
        parkedDelivery('s', '1', { at: day(2) }),
      ]);
    });

    it.each<[string, ParkedDeliveryFilter, string[]]>([
      ['all', {}, ['s:9', 's:1', 's:3', 't:1', '$u:0']],
      ['of a subscription', { subscription: 's' }, ['s:9', 's:1', 's:3']],
      ['of a subscription whose name looks like an operator', { subscription: '$u' }, ['$u:0']],
      ['by id, in their order and not in that asked', { ids: ['t:1', '$u:0', 's:9', 'unknown', 't:1'] }, ['s:9', 't:1', '$u:0']],
      ['by no ids', { ids: [] }, []],
      ['by id and subscription', { ids: ['t:1', 's:9'], subscription: 't' }, ['t:1']],
      ['after one of them', { after: { at: day(2), id: 's:1' } }, ['s:3', 't:1', '$u:0']],
      ['after a place where none is', { after: { at: day(2), id: 's:2' } }, ['s:3', 't:1', '$u:0']],
      ['of a subscription, after one of them', { subscription: 's', after: { at: day(2), id: 's:1' } }, ['s:3']],
      ['by id, after one of them', { ids: ['s:9', 't:1'], after: { at: day(1), id: 's:9' } }, ['t:1']],
      ['of an unknown subscription', { subscription: 'unknown' }, []],
    ])('%s, in order of time and then id', async (_what, filter, ids) => {
      expect(await idsOf(filter)).toEqual(ids);
      const counts = new Map<string, number>();
      for (const id of ids) counts.set(id.replace(/:.*/, ''), (counts.get(id.replace(/:.*/, '')) ?? 0) + 1);
      const counted = await hub().countParkedDeliveries(filter);
      expect([...counted].sort()).toEqual([...counts].sort());
    });

    it('page by page', async () => {
      const pages: string[][] = [];
      for (let after: ParkedDeliveryFilter['after']; ; ) {
        const page = await hub().parkedDeliveries(after ? { after } : {}, 2);
        if (page.length === 0) break;
        pages.push(page.map(({ id }) => id));
        after = page.at(-1);
      }
      expect(pages).toEqual([['s:9', 's:1'], ['s:3', 't:1'], ['$u:0']]);
      expect(await idsOf({}, 0)).toEqual([]);
    });

    it('come back as they were set aside', async () => {
      const delivery = parkedDelivery('v', '$e.f', { key: '$key', order: '__proto__/1', position: 2 ** 45, attempts: 0, error: '', content: '{"$a.b":"\\u0000ü","__proto__":{}}' });
      await hub().parkDeliveries([delivery]);
      expect(await hub().parkedDeliveries({ subscription: 'v' }, 1)).toStrictEqual([delivery]);
    });

    it('are replaced when they come again, at their new time', async () => {
      const again = parkedDelivery('s', '9', { at: day(5), attempts: 9, error: 'again' });
      await hub().parkDeliveries([again]);
      expect(await idsOf({})).toEqual(['s:1', 's:3', 't:1', '$u:0', 's:9']);
      expect(await idsOf({ subscription: 's' })).toEqual(['s:1', 's:3', 's:9']);
      expect(await hub().parkedDeliveries({ ids: ['s:9'] }, 2)).toStrictEqual([again]);
      expect(await hub().countParkedDeliveries({ subscription: 's' })).toEqual(new Map([['s', 3]]));
      await hub().parkDeliveries([]);
      const last = parkedDelivery('w', '1', { error: 'last' });
      await Promise.all([hub().parkDeliveries([parkedDelivery('w', '1'), last]), hub().parkDeliveries([last])]);
      expect(await hub().parkedDeliveries({ subscription: 'w' }, 2)).toStrictEqual([last]);
    });

    it('are dropped, each once', async () => {
      expect(await hub().dropDeliveries(['s:9', '$u:0', 'unknown', 's:9'])).toBe(2);
      expect(await hub().dropDeliveries(['s:9'])).toBe(0);
      expect(await hub().dropDeliveries([])).toBe(0);
      expect(await idsOf({})).toEqual(['s:1', 's:3', 't:1']);
      expect(await hub().countParkedDeliveries({})).toEqual(new Map([['s', 2], ['t', 1]]));
    });
  });
}
