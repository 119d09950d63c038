import type { ParkReason } from '../../src/message.js';
import type { ParkedFilter, Retry, Store } from '../../src/store/store.js';
import { announcing, batch, change, creation, deletion, entry, event, parkedMessage, TYPE } from './store-fixtures.js';

/** The promises of the port `Store` that the operator's tools, and workers among themselves, rest on. */
export function operationsContract(current: () => Store): void {
  const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));
  const retry = (command: string, at = new Date()): Retry => ({ at, command, edited: false });

  describe('parked messages, chosen', () => {
    beforeEach(async () => {
      const kinds: [string, number, ParkReason, string, string][] = [
        ['w-2', 2, 'refused', 'create', 'r1'],
        ['w-1', 2, 'refused', 'patch', 'r2'],
        ['v-9', 1, 'malformed', 'create', 'r1'],
        ['x-0', 3, 'refused', 'create', 'r1'],
      ];
      await current().commit(batch({ parked: kinds.map(([id, at, reason, type, subject]) => parkedMessage(id, { at: day(at), reason, type, subject })) }));
    });

    const idsOf = async (filter: ParkedFilter, limit = 10): Promise<string[]> => (await current().parked(filter, limit)).map(({ id }) => id);

    it.each<[string, ParkedFilter, string[]]>([
      ['all', {}, ['v-9', 'w-1', 'w-2', 'x-0']],
      ['by reason', { reason: 'refused' }, ['w-1', 'w-2', 'x-0']],
      ['by type', { type: 'patch' }, ['w-1']],
      ['by subject', { subject: 'r1' }, ['v-9', 'w-2', 'x-0']],
      ['by time, both ends included', { from: day(1), to: day(2) }, ['v-9', 'w-1', 'w-2']],
      ['from a time on', { from: day(3) }, ['x-0']],
      ['by id, in their order and not in that asked', { ids: ['x-0', 'v-9', 'unknown'] }, ['v-9', 'x-0']],
      ['by several together', { reason: 'refused', subject: 'r1', to: day(2) }, ['w-2']],
      ['after one of them', { after: { at: day(2), id: 'w-1' } }, ['w-2', 'x-0']],
      ['after one of them, and a later time', { after: { at: day(2), id: 'w-1' }, from: day(3) }, ['x-0']],
      ['none', { subject: '$subject' }, []],
    ])('%s, in order of time and then id', async (_what, filter, ids) => {
      expect(await idsOf(filter)).toEqual(ids);
      expect([...(await current().countParked(filter)).values()].reduce((sum, count) => sum + count, 0)).toBe(ids.length);
    });

    it('page by page', async () => {
      const [first, second] = [await current().parked({}, 3), await current().parked({}, 0)];
      expect(second).toEqual([]);
      const last = first.at(-1);
      if (!last) throw new Error('no page');
      expect(await idsOf({ after: last })).toEqual(['x-0']);
    });

    it('are counted by reason', async () => {
      expect(await current().countParked({})).toEqual(new Map([['refused', 3], ['malformed', 1]]));
    });

    it('record how they were sent again, each number once', async () => {
      const [first, second] = [retry('c1', day(4)), { ...retry('c2', day(5)), edited: true }];
      expect(await current().recordRetry('w-1', 1, first)).toBe(false);
      expect(await Promise.all([current().recordRetry('w-1', 0, first), current().recordRetry('w-1', 0, first)])).toEqual(expect.arrayContaining([true, false]));
      expect(await current().recordRetry('w-1', 0, second)).toBe(false);
      expect(await current().recordRetry('w-1', 1, second)).toBe(true);
      expect(await current().recordRetry('unknown', 0, first)).toBe(false);
      expect(await current().parked({ state: 'retried' }, 10)).toMatchObject([{ id: 'w-1', retries: [first, second] }]);
      expect(await idsOf({ state: 'waiting' })).toEqual(['v-9', 'w-2', 'x-0']);
      expect((await current().parked({ state: 'waiting' }, 1))[0]?.retries).toBeUndefined();
    });

    it('are dropped, retried or not', async () => {
      await current().recordRetry('w-1', 0, retry('c1'));
      expect(await current().dropParked(['w-1', 'x-0', 'unknown', 'x-0'])).toBe(2);
      expect(await current().dropParked(['w-1'])).toBe(0);
      expect(await current().dropParked([])).toBe(0);
      expect(await idsOf({})).toEqual(['v-9', 'w-2']);
      expect(await current().recordRetry('w-1', 1, retry('c2'))).toBe(false);
    });

    it('keep attributes of any name, and the content type', async () => {
      const attributes = JSON.parse('{"id":"1","a.b":"x","$c":"y","__proto__":"z"}') as Record<string, string>;
      await current().commit(batch({ parked: [parkedMessage('with', { attributes, contentType: 'application/json' })] }));
      const [found] = await current().parked({ ids: ['with'] }, 1);
      expect([JSON.stringify(found?.attributes), found?.contentType]).toEqual([JSON.stringify(attributes), 'application/json']);
    });
  });

  describe('one commit', () => {
    it('is read with what the resources were written by before', async () => {
      const first = batch({ writes: [creation('1')], entries: [entry('a', [event('e1')])] });
      await current().commit(first);
      const second = batch({ writes: [{ ...change('1', 1), previous: first.id }, creation('2')], entries: [{ ...entry('b'), id: 'b', retryof: 'parked' }] });
      await current().commit(second);
      expect(await current().readCommit(first.id)).toEqual({ id: first.id, at: first.at, entries: first.entries, previous: new Map() });
      expect(await current().readCommit(second.id)).toEqual({ id: second.id, at: second.at, entries: second.entries, previous: new Map([[`${TYPE}/1`, first.id]]) });
      expect(await current().readCommit('worker-000000000000')).toBeUndefined();
    });
  });

  describe('the log between two times', () => {
    it('has what was committed in it, both ends included', async () => {
      const commits = [announcing(undefined, day(1)), announcing(undefined, day(2)), announcing(undefined, day(3))];
      for (const commit of commits) await current().commit(commit);
      await current().markPublished(commits.map(({ id }) => id));
      const found = async (from?: Date, to?: Date): Promise<number[]> =>
        (await current().readLog(0, 10, { ...(from ? { from } : {}), ...(to ? { to } : {}) })).map(({ position }) => position);
      expect(await found()).toEqual([1, 2, 3]);
      expect(await found(day(2))).toEqual([2, 3]);
      expect(await found(undefined, day(2))).toEqual([1, 2]);
      expect(await found(day(2), day(2))).toEqual([2]);
      expect((await current().readLog(2, 10, { from: day(1) })).map(({ position }) => position)).toEqual([3]);
      expect((await current().readLog(0, 1, { from: day(2) })).map(({ position }) => position)).toEqual([2]);
      expect(await current().readLog(0, 0, { from: day(2) })).toEqual([]);
    });
  });

  describe('the last position', () => {
    it('is that of the last commit that was published', async () => {
      expect(await current().lastPosition()).toBe(0);
      const commits = [announcing(), announcing(), announcing()];
      for (const commit of commits) await current().commit(commit);
      expect(await current().lastPosition()).toBe(0);
      const ids = commits.map(({ id }) => id);
      await current().markPublished(ids.slice(0, 2));
      expect(await current().lastPosition()).toBe(2);
      await current().markPublished(ids);
      expect(await current().lastPosition()).toBe(3);
      await current().markPublished(ids);
      expect(await current().lastPosition()).toBe(3);
    });
  });

  describe('a scan', () => {
    it('goes through what lives, in order of id', async () => {
      const ids = ['B', 'a', 'a.b', 'a-b', 'a~', '1', 'gone', 'z:@_'];
      await current().commit(batch({ writes: ids.map((id) => creation(id)) }));
      await current().commit(batch({ writes: [deletion('gone', 1)] }));
      const living = ids.filter((id) => id !== 'gone').sort();
      expect((await current().scan(TYPE, '', 100)).map(({ id }) => id)).toEqual(living);
      expect((await current().scan(TYPE, living[1] ?? '', 2)).map(({ id }) => id)).toEqual(living.slice(2, 4));
      expect((await current().scan(TYPE, 'a/', 2)).map(({ id }) => id)).toEqual(['a~', 'z:@_']);
      expect(await current().scan(TYPE, living.at(-1) ?? '', 2)).toEqual([]);
      expect(await current().scan(TYPE, '', 0)).toEqual([]);
      expect(await current().scan('party', '', 2)).toEqual([]);
      expect((await current().scan(TYPE, '', 1))[0]).toMatchObject({ id: '1', revision: 1, deleted: false, resource: { id: '1' } });
    });
  });

  describe('crash notes', () => {
    it('are kept until they are removed, the last one counts', async () => {
      const store = current();
      expect(await store.notes(['a'])).toEqual(new Map());
      await store.writeNotes(['a', 'b'], 'together');
      await store.writeNotes(['b'], 'alone');
      await store.writeNotes([], 'alone');
      expect(await store.notes(['a', 'b', 'c'])).toEqual(new Map([['a', 'together'], ['b', 'alone']]));
      await store.removeNotes(['a', 'c']);
      await store.removeNotes([]);
      expect(await store.notes(['a', 'b'])).toEqual(new Map([['b', 'alone']]));
    });
  });

  describe('leases', () => {
    it('belong to one holder, who may renew them', async () => {
      expect(await current().takeLease('lane-0', 'a', 60_000)).toBe(true);
      expect(await current().takeLease('lane-0', 'b', 60_000)).toBe(false);
      expect(await current().takeLease('lane-0', 'a', 60_000)).toBe(true);
      expect(await current().takeLease('lane-1', 'b', 60_000)).toBe(true);
    });

    it('end with their time', async () => {
      await current().takeLease('lane', 'a', 50);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await current().takeLease('lane', 'b', 60_000)).toBe(true);
      expect(await current().takeLease('lane', 'a', 60_000)).toBe(false);
    });

    it('are given back by their holder alone', async () => {
      await current().takeLease('lane', 'a', 60_000);
      await current().releaseLease('lane', 'b');
      expect(await current().takeLease('lane', 'b', 60_000)).toBe(false);
      await current().releaseLease('lane', 'a');
      expect(await current().takeLease('lane', 'b', 60_000)).toBe(true);
      await current().releaseLease('none', 'b');
    });

    it('go to one of many who ask at the same moment, whatever their names', async () => {
      const answers = await Promise.all(['$holder', 'b', 'c', 'd'].map((holder) => current().takeLease('lane', holder, 60_000)));
      expect(answers.filter((taken) => taken)).toHaveLength(1);
    });
  });

  describe('settings', () => {
    it('keep the first value', async () => {
      expect(await current().recordSetting('lanes', '8')).toBe('8');
      expect(await current().recordSetting('lanes', '9')).toBe('8');
      expect(await current().recordSetting('other', '$x')).toBe('$x');
      expect([await current().setting('lanes'), await current().setting('unknown')]).toEqual(['8', undefined]);
    });

    it('agree when several record at the same moment', async () => {
      const answers = await Promise.all(['1', '2', '3', '4'].map((value) => current().recordSetting('lanes', value)));
      expect(new Set(answers).size).toBe(1);
      expect(await current().recordSetting('lanes', '5')).toBe(answers[0]);
    });
  });

  describe('workers', () => {
    it('are alive for the time that they say, all know of each other, and one that leaves is gone at once', async () => {
      const store = current();
      expect(await store.beat('b', 60_000)).toEqual(['b']);
      expect(await store.beat('a', 60_000)).toEqual(['a', 'b']);
      expect(await store.beat('b', 60_000)).toEqual(['a', 'b']);
      expect(await store.beat('$c', 1)).toEqual(['$c', 'a', 'b']);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await store.beat('b', 60_000)).toEqual(['a', 'b']);
      await store.leave('a');
      await store.leave('unknown');
      expect(await store.beat('b', 60_000)).toEqual(['b']);
      await store.leave('b');
      expect(await store.beat('a', 60_000)).toEqual(['a']);
    });

    it('may all come at the same moment', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      await Promise.all(names.map((name) => current().beat(name, 60_000)));
      expect(await current().beat('a', 60_000)).toEqual(names);
    });
  });
}
