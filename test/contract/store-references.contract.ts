import type { JsonObject } from '../../src/json.js';
import type { DatedPlace, Store } from '../../src/store/store.js';
import { batch, change, creation, deletion, entry, event, TYPE } from './store-fixtures.js';

/** The promises of the port `Store` about who refers to whom, and what the log has of some of them. */
export function referencesContract(current: () => Store): void {
  const party = (...ids: string[]): JsonObject => ({ relatedParty: ids.map((id) => ({ id })) });
  const PATHS = [['relatedParty'], ['item', 'party']];

  async function keep(resources: Readonly<Record<string, JsonObject>>): Promise<void> {
    await current().commit(batch({ writes: Object.entries(resources).map(([id, resource]) => creation(id, resource)) }));
  }

  describe('referrers', () => {
    beforeEach(async () => {
      await keep({ d: party('a', 'b'), c: { item: [{ party: { id: 'a' } }, { party: [{ id: 'x' }] }] }, b: party('b'), a: party('other'), gone: party('a'), e: { note: ['a', { id: 'a' }], relatedParty: [{ name: 'a' }] } });
      await current().commit(batch({ writes: [{ ...deletion('gone', 1), resource: { id: 'gone', ...party('a') } }] }));
    });

    const idsOf = async (paths: readonly (readonly string[])[], ids: string[], limit = 10): Promise<string[]> => (await current().referrers(TYPE, paths, ids, limit)).map(({ id }) => id);

    it('are found by any of the ids at any of the paths, through arrays, each once and in order of id', async () => {
      expect(await idsOf(PATHS, ['a'])).toEqual(['c', 'd']);
      expect(await idsOf(PATHS, ['a', 'b', 'x'])).toEqual(['b', 'c', 'd']);
      expect(await idsOf([['item', 'party']], ['x', 'b'])).toEqual(['c']);
      expect((await current().referrers(TYPE, PATHS, ['b'], 1))[0]).toMatchObject({ id: 'b', revision: 1, deleted: false, resource: { id: 'b', ...party('b') } });
    });

    it('are no more than asked for, and none where nothing is asked', async () => {
      expect(await idsOf(PATHS, ['a', 'b'], 2)).toEqual(['b', 'c']);
      expect([await idsOf(PATHS, ['a'], 0), await idsOf([], ['a']), await idsOf(PATHS, []), await idsOf(PATHS, ['nobody'])]).toEqual([[], [], [], []]);
      expect(await current().referrers('party', PATHS, ['a'], 10)).toEqual([]);
    });
  });

  describe('the latest that refer to one', () => {
    const DATE = ['when', 'start'];
    const on = (day: number, ...ids: string[]): JsonObject => ({ ...party(...ids), when: { start: new Date(Date.UTC(2026, 0, day)).toISOString() } });
    const day = (number: number): string => new Date(Date.UTC(2026, 0, number)).toISOString();

    beforeEach(async () => {
      await keep({ m: on(3, 'a'), n: on(3, 'a', 'b'), o: on(3, 'b'), z: on(1, 'a'), y: { ...on(5), item: { party: { id: 'a' } } }, p: party('a'), q: { ...party('a'), when: null }, r: on(4, 'c'), gone: on(9, 'a') });
      await current().commit(batch({ writes: [{ ...deletion('gone', 1), resource: { id: 'gone', ...on(9, 'a') } }] }));
    });

    const idsOf = async (ids: string[], limit: number, before?: DatedPlace): Promise<string[]> => (await current().latest(TYPE, PATHS, ids, DATE, limit, before)).map(({ id }) => id);

    it('come by their date, then by id, and those without a date last', async () => {
      expect(await idsOf(['a'], 10)).toEqual(['y', 'n', 'm', 'z', 'q', 'p']);
      expect(await idsOf(['a', 'b'], 10)).toEqual(['y', 'o', 'n', 'm', 'z', 'q', 'p']);
      expect(await idsOf(['a', 'b'], 3)).toEqual(['y', 'o', 'n']);
      expect([await idsOf(['a'], 0), await idsOf([], 5), await idsOf(['nobody'], 5), await current().latest('party', PATHS, ['a'], DATE, 5)]).toEqual([[], [], [], []]);
    });

    it.each<[string, DatedPlace, string[]]>([
      ['among equal dates', { date: day(3), id: 'n' }, ['m', 'z', 'q', 'p']],
      ['before all of a date', { date: day(3), id: '\uffff' }, ['n', 'm', 'z', 'q', 'p']],
      ['behind all of a date', { date: day(3), id: '' }, ['z', 'q', 'p']],
      ['of nobody', { date: day(2), id: 'x' }, ['z', 'q', 'p']],
      ['among those without a date', { date: undefined, id: 'q' }, ['p']],
      ['at the end', { date: undefined, id: 'p' }, []],
    ])('go on behind a place: %s', async (_where, before, ids) => {
      expect(await idsOf(['a'], 10, before)).toEqual(ids);
      expect(await idsOf(['a'], 1, before)).toEqual(ids.slice(0, 1));
    });
  });

  describe('what commits have of some resources', () => {
    it('is their entries with their events alone, and what wrote them before', async () => {
      const of = (id: string, name: string): ReturnType<typeof event> => event(name, `${TYPE}/${id}`);
      const first = batch({ writes: [creation('1'), creation('2')], entries: [entry('a', [of('1', 'e1')]), entry('b', [of('2', 'e2')])] });
      await current().commit(first);
      const both = { ...entry('c', [of('1', 'e3'), of('2', 'e4'), of('3', 'e5')]), channel: 'web' };
      const writes = ['1', '2'].map((id) => ({ ...change(id, 1), previous: first.id }));
      const second = batch({ writes: [...writes, creation('3')], entries: [both, entry('d'), { ...entry('f', [of('3', 'e6')]), reply: { status: 200, headers: {}, body: { a: 1 } } }] });
      await current().commit(second);

      const past = await current().readPast([
        { commit: second.id, order: `${TYPE}/1` },
        { commit: first.id, order: `${TYPE}/2` },
        { commit: 'worker-999999999999', order: `${TYPE}/1` },
      ]);
      expect([...past.keys()].sort()).toEqual([first.id, second.id].sort());
      expect(past.get(second.id)).toEqual({ id: second.id, at: second.at, entries: [{ ...both, events: [of('1', 'e3')] }], previous: new Map([[`${TYPE}/1`, first.id]]) });
      expect(past.get(first.id)).toEqual({ id: first.id, at: first.at, entries: [entry('b', [of('2', 'e2')])], previous: new Map() });

      const together = await current().readPast([{ commit: second.id, order: `${TYPE}/3` }, { commit: second.id, order: `${TYPE}/2` }]);
      expect(together.get(second.id)?.entries.map(({ command, events }) => [command, events.map(({ id }) => id)])).toEqual([['c', ['e4', 'e5']], ['f', ['e6']]]);
      expect(together.get(second.id)?.previous).toEqual(new Map([[`${TYPE}/2`, first.id]]));
      expect(together.get(second.id)?.entries[1]?.reply).toEqual({ status: 200, headers: {}, body: { a: 1 } });
    });

    it('is nothing where nothing of them is in it, or nothing is asked', async () => {
      const commit = batch({ writes: [creation('1')], entries: [entry('a', [event('e1', `${TYPE}/1`)])] });
      await current().commit(commit);
      expect(await current().readPast([])).toEqual(new Map());
      expect((await current().readPast([{ commit: commit.id, order: '$other' }])).get(commit.id)).toEqual({ id: commit.id, at: commit.at, entries: [], previous: new Map() });
    });
  });
}
