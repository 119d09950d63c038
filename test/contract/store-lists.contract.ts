import type { JsonObject } from '../../src/json.js';
import type { Condition, Position, Query, SortKey } from '../../src/store/query.js';
import type { Page, Store } from '../../src/store/store.js';
import { batch, change, creation, deletion, query, TYPE } from './store-fixtures.js';

const byName: SortKey[] = [{ path: ['name'], descending: false }];
const named = (...values: string[]): Condition[] => [{ path: ['name'], operator: 'eq', values }];

/** What `Store.find` promises of totals and places. */
export function listsContract(current: () => Store): void {
  const idsOf = (page: Page): string[] => page.items.map(({ id }) => id);

  async function keep(...resources: [id: string, resource: JsonObject][]): Promise<void> {
    await current().commit(batch({ writes: resources.map(([id, resource]) => creation(id, resource)) }));
  }

  async function keepFive(): Promise<void> {
    await keep(...['a', 'b', 'c', 'd', 'e'].map((id): [string, JsonObject] => [id, { name: id === 'c' ? 'other' : 'n' }]));
  }

  /** The ids of all pages from a place on, of two items each. */
  async function walk(sort: readonly SortKey[], after?: Position): Promise<string[]> {
    const page = await current().find(TYPE, query({ sort, limit: 2, ...(after ? { after } : {}) }));
    return [...idsOf(page), ...(page.next ? await walk(sort, page.next) : [])];
  }

  describe('the total', () => {
    it('is exact below the bound and at the end of the list', async () => {
      await keepFive();
      const cases: [string, Partial<Query>, Partial<Page>][] = [
        ['less than the bound', { countMax: 6, limit: 1 }, { total: 5, exact: true }],
        ['the bound', { countMax: 5, limit: 1 }, { total: 5, exact: false }],
        ['more than the bound', { countMax: 3, limit: 1 }, { total: 3, exact: false }],
        ['seen at the end of the page', { countMax: 1, limit: 5 }, { total: 5, exact: true }],
        ['seen at the end of a later page', { countMax: 1, offset: 3, limit: 2 }, { total: 5, exact: true }],
        ['at least what was seen', { countMax: 1, offset: 1, limit: 2 }, { total: 4, exact: false }],
        ['not counted', { countMax: 0, limit: 2 }, { total: 3, exact: false }],
        ['asked for without items', { countMax: 10, limit: 0 }, { total: 5, exact: true }],
        ['asked for behind the end', { countMax: 10, offset: 7, limit: 2 }, { total: 5, exact: true }],
        ['of a filter', { countMax: 5, limit: 2, where: named('n') }, { total: 4, exact: true }],
        ['of a filter, at the bound', { countMax: 4, limit: 2, where: named('n') }, { total: 4, exact: false }],
        ['of nothing', { countMax: 1, limit: 2, where: named('nobody') }, { total: 0, exact: true }],
        ['of a sorted list', { countMax: 2, limit: 1, sort: byName }, { total: 2, exact: false }],
      ];
      for (const [about, parts, total] of cases) expect([about, await current().find(TYPE, query(parts))]).toMatchObject([about, total]);
    });

    it('counts what lies before the page too, and no tombstones', async () => {
      await keepFive();
      await current().commit(batch({ writes: [deletion('e', 1)] }));
      const { next = [] } = await current().find(TYPE, query({ limit: 2 }));
      expect(await current().find(TYPE, query({ after: next, limit: 1 }))).toMatchObject({ total: 4, exact: true });
    });
  });

  describe('the place of the last item', () => {
    it('is there while items follow', async () => {
      await keepFive();
      const find = (limit: number, offset = 0): Promise<Page> => current().find(TYPE, query({ limit, offset }));
      expect((await find(4)).next).toEqual([['d']]);
      expect((await find(2, 2)).next).toEqual([['d']]);
      for (const page of [await find(5), await find(2, 3), await find(0), await find(2, 9)]) expect(page).not.toHaveProperty('next');
    });

    it('leads through the whole list, by all types, in both directions', async () => {
      const values = [[], null, undefined, -1, 5, 5, 'A', 'a', 'a', { a: 1 }, { a: '$b' }, [[1]], false, true, [true, 7], { $ref: 1, 'a.b': 2, '': 3 }];
      await keep(...values.map((value, i): [string, JsonObject] => [`r${String(i).padStart(2, '0')}`, value === undefined ? {} : { size: value }]));
      for (const descending of [false, true]) {
        const sort = [{ path: ['size'], descending }];
        const whole = idsOf(await current().find(TYPE, query({ sort })));
        expect(whole).toHaveLength(values.length);
        expect(await walk(sort)).toEqual(whole);
      }
    });

    it('leads through several attributes and arrays', async () => {
      const party = (id: string, role: string): JsonObject => ({ id, role });
      await keep(
        ...['1', '2', '3', '4', '5', '6'].map((id): [string, JsonObject] => [id, { name: Number(id) % 2 === 0 ? 'even' : 'odd', relatedParty: [party('x', id), party(id, 'y')] }]),
        ['7', { name: 'none', relatedParty: [] }],
        ['8', { name: 'even', relatedParty: [party('x', '0')] }],
        ['9', {}],
      );
      const keys = ['name', 'relatedParty.id', 'relatedParty.role'].map((path) => path.split('.'));
      for (const paths of [keys, keys.slice(1), keys.slice(1).reverse(), [keys[1] ?? []]]) {
        const sort = paths.map((path, i) => ({ path, descending: i % 2 === 0 }));
        const whole = idsOf(await current().find(TYPE, query({ sort })));
        expect(whole).toHaveLength(9);
        expect(await walk(sort)).toEqual(whole);
      }
    });

    it('stays where it is when its resource goes, and others come before and behind it', async () => {
      await keep(['b', { name: 'm' }], ['c', { name: 'm' }], ['d', { name: 'm' }], ['f', { name: 'z' }]);
      for (const sort of [byName, []]) {
        const { next } = await current().find(TYPE, query({ sort, limit: 2 }));
        expect(next?.at(-1)).toEqual(['c']);
      }
      const { next } = await current().find(TYPE, query({ sort: byName, limit: 2 }));
      await current().commit(batch({ writes: [deletion('c', 1), change('d', 1, { name: 'zz' }), creation('a', { name: 'm' }), creation('e', { name: 'm' }), creation('g', { name: 'a' })] }));
      expect(await walk(byName, next)).toEqual(['e', 'f', 'd']);
    });

    it('may be one that nothing ever had', async () => {
      await keepFive();
      const from = async (sort: readonly SortKey[], after: Position): Promise<string[]> => idsOf(await current().find(TYPE, query({ sort, after })));
      expect(await from([], [['bb']])).toEqual(['c', 'd', 'e']);
      expect(await from(byName, [['o'], ['b']])).toEqual(['c']);
      expect(await from(byName, [[{ $gt: '', $where: '1' }], ['b']])).toEqual([]);
      expect(await from(byName, [[], ['']])).toEqual(['a', 'b', 'd', 'e', 'c']);
    });
  });
}
