import fc from 'fast-check';
import type { JsonObject } from '../../src/json.js';
import { StartError } from '../../src/errors.js';
import { commitId, type Commit, type Store } from '../../src/store/store.js';
import { anyJson } from './any-json.js';
import { hubStoreContract } from './hub-store.contract.js';
import { listsContract } from './store-lists.contract.js';
import { operationsContract } from './store-operations.contract.js';
import { referencesContract } from './store-references.contract.js';
import { announcing, batch, change, creation, deletion, entry, event, nextSerial, parkedMessage, query, TYPE } from './store-fixtures.js';

/** How the contract reaches one kind of store. */
export interface StoreHarness {
  /** Opens a database of this name, made when it is missing, and waits until it can be used. */
  open(database: string): Promise<Store>;
  /** Everything in it as text, while a store has it open. */
  contents(database: string): Promise<string>;
  /** Makes it look as if a newer version had written it, while no store has it open. */
  makeNewer(database: string): Promise<void>;
}

/** Every promise of the port `Store`; the same cases for every adapter. */
export function storeContract(harness: StoreHarness): void {
  const opened: Store[] = [];
  let store: Store;
  let database: string;

  async function open(name: string): Promise<Store> {
    const one = await harness.open(name);
    opened.push(one);
    return one;
  }

  async function expectConflict(commit: Commit): Promise<void> {
    const before = await harness.contents(database);
    expect(await store.commit(commit)).toBe('conflict');
    expect(await harness.contents(database)).toBe(before);
  }

  async function stored(id: string): Promise<unknown> {
    return (await store.load(TYPE, [id])).get(id);
  }

  async function positions(): Promise<[number, string][]> {
    return (await store.readLog(0, 1000)).map(({ position, id }) => [position, id]);
  }

  beforeEach(async () => {
    database = `contract-${process.pid}-${nextSerial()}`;
    store = await open(database);
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
  });

  operationsContract(() => store);
  listsContract(() => store);
  referencesContract(() => store);
  hubStoreContract(
    () => store,
    async () => {
      await store.close();
      store = await open(database);
    },
  );

  describe('commit and load', () => {
    it('keeps resources, and load leaves out the unknown', async () => {
      const commit = batch({ writes: [creation('1', { name: 'a' }), creation('2')] });
      expect(await store.commit(commit)).toBe('committed');
      const found = await store.load(TYPE, ['1', '2', '3']);
      expect([...found.keys()].sort()).toEqual(['1', '2']);
      expect(found.get('1')).toEqual({ id: '1', revision: 1, commit: commit.id, at: commit.at, resource: { id: '1', name: 'a' }, deleted: false });
    });

    it('keeps types apart', async () => {
      await store.commit(batch({ writes: [creation('1'), { ...creation('1', { name: 'other' }), type: 'party' }] }));
      expect((await store.load('party', ['1'])).get('1')?.resource).toEqual({ id: '1', name: 'other' });
      expect((await store.load(TYPE, ['1'])).get('1')?.resource).toEqual({ id: '1', name: 'n' });
    });

    it('loads nothing for no ids', async () => {
      expect(await store.load(TYPE, [])).toEqual(new Map());
      expect(await store.receipts([])).toEqual(new Map());
    });

    it('replaces a resource by the revision it was decided on, several steps at once too', async () => {
      await store.commit(batch({ writes: [creation('1')] }));
      expect(await store.commit(batch({ writes: [{ ...change('1', 1, { a: 1 }), revision: 4 }] }))).toBe('committed');
      expect(await stored('1')).toMatchObject({ revision: 4, resource: { id: '1', a: 1 } });
      expect(await stored('1')).not.toHaveProperty('resource.name');
    });

    it('writes nothing when a resource to create exists', async () => {
      await store.commit(batch({ writes: [creation('1')] }));
      await expectConflict(batch({ writes: [creation('0'), creation('1')], entries: [entry('c', [event('e')])], parked: [parkedMessage('p')] }));
    });

    it('writes nothing when a resource has another revision, or is not there', async () => {
      await store.commit(batch({ writes: [creation('1'), creation('2')] }));
      await expectConflict(batch({ writes: [change('1', 1), change('2', 2)], entries: [entry('c')], parked: [parkedMessage('p')] }));
      await expectConflict(batch({ writes: [change('1', 1), change('3', 1)], entries: [entry('c')] }));
    });

    it('writes nothing when a command has a receipt', async () => {
      await store.commit(batch({ entries: [entry('c')] }));
      await expectConflict(batch({ writes: [creation('1')], entries: [entry('d', [event('e')]), entry('c')], parked: [parkedMessage('p')] }));
    });

    it('refuses a command that came without event the first time', async () => {
      await store.commit(batch({ entries: [entry('c', [event('e')])] }));
      await expectConflict(batch({ entries: [entry('c')] }));
    });

    it('takes any number of entries without command, beside others and alone', async () => {
      const { command: _, ...nameless } = entry('');
      expect(await store.commit(batch({ entries: [entry('a'), nameless, nameless] }))).toBe('committed');
      expect(await store.commit(batch({ entries: [entry('b'), nameless] }))).toBe('committed');
      expect(await store.commit(batch({ entries: [nameless] }))).toBe('committed');
      expect(await store.commit(batch({ entries: [nameless] }))).toBe('committed');
    });

    it('takes a whole batch', async () => {
      const ids = Array.from({ length: 300 }, (_, i) => `r${i}`);
      await store.commit(batch({ writes: ids.slice(0, 150).map((id) => creation(id)) }));
      const writes = ids.map((id, i) => (i < 150 ? change(id, 1) : creation(id)));
      expect(await store.commit(batch({ writes, entries: ids.map((id) => entry(id, [event(id)])) }))).toBe('committed');
      expect((await store.load(TYPE, ids)).size).toBe(300);
      expect((await store.receipts(ids)).size).toBe(300);
    });
  });

  describe('guards', () => {
    it('let a commit pass while what it relied on is unchanged, again and again', async () => {
      await store.commit(batch({ writes: [creation('1')] }));
      const guards = [{ type: TYPE, id: '1', revision: 1 }];
      expect(await store.commit(batch({ guards, writes: [creation('2')] }))).toBe('committed');
      expect(await store.commit(batch({ guards, writes: [creation('3')] }))).toBe('committed');
      expect(await stored('1')).toMatchObject({ revision: 1 });
    });

    it('stop a commit when it changed or is not there', async () => {
      await store.commit(batch({ writes: [creation('1')] }));
      await expectConflict(batch({ guards: [{ type: TYPE, id: '1', revision: 2 }], writes: [creation('2')] }));
      await expectConflict(batch({ guards: [{ type: TYPE, id: '9', revision: 1 }], writes: [creation('2')] }));
      await expectConflict(batch({ guards: [{ type: TYPE, id: '9', revision: 0 }], writes: [creation('2')] }));
      await expectConflict(batch({ guards: [{ type: 'party', id: '1', revision: 1 }], writes: [creation('2')] }));
    });

    it('stop a deletion that was decided before them, and no other change', async () => {
      await store.commit(batch({ writes: [creation('1')] }));
      const first = batch({ guards: [{ type: TYPE, id: '1', revision: 1 }], writes: [creation('2')] });
      await store.commit(first);
      expect(await stored('1')).toMatchObject({ revision: 1, guard: first.id });
      await expectConflict(batch({ writes: [deletion('1', 1)] }));
      await expectConflict(batch({ writes: [{ ...deletion('1', 1), guard: 'before' }, creation('3')] }));
      expect(await store.commit(batch({ writes: [change('1', 1)] }))).toBe('committed');
      // It outlives the change, whoever made that.
      await expectConflict(batch({ writes: [deletion('1', 2), change('2', 1)] }));
      const second = batch({ guards: [{ type: TYPE, id: '1', revision: 2 }] });
      await store.commit(second);
      await expectConflict(batch({ writes: [{ ...deletion('1', 2), guard: first.id }] }));
      expect(await store.commit(batch({ writes: [{ ...deletion('1', 2), guard: second.id }, change('2', 1)] }))).toBe('committed');
      expect(await stored('1')).toMatchObject({ revision: 3, deleted: true });
    });

    it('look at the state before the commit', async () => {
      await store.commit(batch({ writes: [creation('1')] }));
      expect(await store.commit(batch({ guards: [{ type: TYPE, id: '1', revision: 1 }], writes: [change('1', 1)] }))).toBe('committed');
      expect(await stored('1')).toMatchObject({ revision: 2 });
    });
  });

  describe('tombstones', () => {
    it('are loaded, not found, and continued by a new creation', async () => {
      await store.commit(batch({ writes: [creation('1'), creation('2')] }));
      await store.commit(batch({ writes: [deletion('1', 1)] }));
      expect(await stored('1')).toMatchObject({ revision: 2, deleted: true, resource: { id: '1', name: 'changed' } });
      expect(await store.find(TYPE, query())).toMatchObject({ total: 1, items: [{ id: '2' }] });
      await expectConflict(batch({ writes: [creation('1')] }));
      expect(await store.commit(batch({ writes: [change('1', 2, { name: 'again' })] }))).toBe('committed');
      expect(await stored('1')).toMatchObject({ revision: 3, deleted: false });
      expect((await store.find(TYPE, query())).items.map(({ id }) => id)).toEqual(['1', '2']);
    });
  });

  describe('receipts', () => {
    it('give back the entry with its reply, and only those asked for', async () => {
      const reply = { status: 409, headers: { ETag: '"1"' }, body: JSON.parse('{"$ref":1,"a.b":{"":[]},"__proto__":2}') as JsonObject };
      const full = { ...entry('a', [event('e')]), authid: 'u', channel: 'web', correlationid: 'k', reply };
      const commit = batch({ entries: [full, entry('b'), entry('c')] });
      await store.commit(commit);
      const found = await store.receipts(['c', 'a', 'nobody']);
      expect([...found.keys()].sort()).toEqual(['a', 'c']);
      expect(found.get('a')).toEqual({ commit: commit.id, entry: full });
      expect(JSON.stringify(found.get('a')?.entry.reply)).toBe(JSON.stringify(reply));
    });

    it('read names that look like operators as text', async () => {
      await store.commit(batch({ entries: [entry('$command')] }));
      expect((await store.receipts(['$command', '$$ROOT'])).size).toBe(1);
    });

    it('give the first entry of a command that is twice in a batch', async () => {
      await store.commit(batch({ entries: [entry('a'), { ...entry('a'), status: 500 }] }));
      expect((await store.receipts(['a'])).get('a')?.entry.status).toBe(201);
    });
  });

  describe('parked messages', () => {
    it('come back byte for byte, oldest first', async () => {
      const body = Uint8Array.from({ length: 256 }, (_, i) => 255 - i);
      const headers = JSON.parse('{"$a":1,"a.b":"x","__proto__":{"y":null}}') as JsonObject;
      const late = parkedMessage('a', { at: new Date('2026-03-01T00:00:00Z') });
      const early = parkedMessage('b', { body, headers, type: 't', subject: 's', attempts: 3, origin: { bus: 'jetstream', queue: 'q', lane: 2, sequence: 9 } });
      await store.commit(batch({ parked: [late, early] }));
      expect(await store.parked({}, 10)).toEqual([early, late]);
      expect((await store.parked({}, 1)).map(({ id }) => id)).toEqual(['b']);
      expect(JSON.stringify((await store.parked({}, 1))[0]?.headers)).toBe(JSON.stringify(headers));
    });

    it('stay as first seen when they come again', async () => {
      await store.commit(batch({ parked: [parkedMessage('a', { error: 'first' })] }));
      expect(await store.commit(batch({ parked: [parkedMessage('a', { error: 'second', at: new Date() })] }))).toBe('committed');
      expect((await store.parked({}, 10)).map(({ error }) => error)).toEqual(['first']);
    });
  });

  describe('pending commits', () => {
    it('have events; a commit without is published at once, without a position', async () => {
      await store.commit(batch({ entries: [entry('quiet')] }));
      const commit = batch({ entries: [entry('a', [event('1'), event('2', 'partyRole/2')]), entry('b', [event('3')])] });
      await store.commit(commit);
      const pending = await store.pending({ before: new Date(Date.now() + 1000), limit: 10 });
      expect(pending).toEqual([{ id: commit.id, at: commit.at, events: [event('1'), event('2', 'partyRole/2'), event('3')] }]);
      expect(await positions()).toEqual([]);
    });

    it('up to a commit are those of its incarnation alone, in serial order', async () => {
      const ids = [commitId('b', 2), commitId('b', 1), commitId('b', 11), commitId('a', 1), commitId('c', 1), commitId(commitId('b', 1), 1)];
      for (const id of ids) await store.commit(announcing(id));
      expect((await store.pending({ upTo: commitId('b', 2) })).map(({ id }) => id)).toEqual([commitId('b', 1), commitId('b', 2)]);
    });

    it('before a time come oldest first, in serial order within an incarnation', async () => {
      await store.commit(announcing(commitId('a', 1), new Date(5000)));
      await store.commit(announcing(commitId('a', 2), new Date(3000)));
      await store.commit(announcing(commitId('b', 1), new Date(4000)));
      await store.commit(announcing(commitId('b', 2), new Date(9000)));
      const ids = async (before: number, limit: number): Promise<string[]> => (await store.pending({ before: new Date(before), limit })).map(({ id }) => id);
      expect(await ids(9000, 10)).toEqual([commitId('a', 1), commitId('b', 1), commitId('a', 2)]);
      expect(await ids(10_000, 2)).toHaveLength(2);
      expect(await ids(3000, 10)).toEqual([]);
      expect(await ids(9000, 0)).toEqual([]);
    });
  });

  describe('positions', () => {
    it('follow the order given, from 1, and end being pending', async () => {
      const commits = [announcing(), announcing(), announcing()];
      for (const commit of commits) await store.commit(commit);
      const [a = '', b = '', c = ''] = commits.map(({ id }) => id);
      await store.markPublished([b, a]);
      await store.markPublished([c]);
      expect(await positions()).toEqual([[1, b], [2, a], [3, c]]);
      expect(await store.pending({ upTo: c })).toEqual([]);
    });

    it('are not spent on commits that are marked, unknown, named twice or without events', async () => {
      const [a, b, quiet] = [announcing(), announcing(), batch()];
      for (const commit of [a, b, quiet]) await store.commit(commit);
      await store.markPublished([a.id]);
      await store.markPublished([a.id, 'unknown', quiet.id, b.id, b.id]);
      await store.markPublished([a.id, b.id]);
      await store.markPublished([]);
      expect(await positions()).toEqual([[1, a.id], [2, b.id]]);
    });

    it('have no gaps when several mark the same at the same moment', async () => {
      const commits = Array.from({ length: 12 }, () => announcing());
      for (const commit of commits) await store.commit(commit);
      const ids = commits.map(({ id }) => id);
      await Promise.all([0, 3, 6].map((from) => store.markPublished(ids.slice(from, from + 6))));
      const found = await positions();
      expect(found.map(([position]) => position)).toEqual(ids.map((_, i) => i + 1));
      expect(found.map(([, id]) => id).sort()).toEqual([...ids].sort());
    });

    it('are what the log is read by', async () => {
      const commits = [announcing(), announcing(), announcing()];
      for (const commit of commits) await store.commit(commit);
      await store.markPublished(commits.map(({ id }) => id));
      const [, second] = commits;
      expect(await store.readLog(1, 1)).toEqual([{ id: second?.id, position: 2, at: second?.at, entries: second?.entries }]);
      expect(await store.readLog(3, 10)).toEqual([]);
    });
  });

  describe('close and open', () => {
    it('keeps everything', async () => {
      const commit = batch({ writes: [creation('1')], entries: [entry('c', [event('e')])], parked: [parkedMessage('p')] });
      const published = announcing();
      await store.commit(commit);
      await store.commit(published);
      await store.markPublished([published.id]);
      await store.recordSetting('lanes', '8');
      const before = await harness.contents(database);
      await store.close();
      store = await open(database);
      expect(await harness.contents(database)).toBe(before);
      expect(await stored('1')).toMatchObject({ revision: 1 });
      expect([await positions(), await store.lastPosition()]).toEqual([[[1, published.id]], 1]);
      expect(store.status()).toEqual({ up: true });
    });

    it('refuses what a newer version wrote', async () => {
      await store.close();
      await harness.makeNewer(database);
      await expect(open(database)).rejects.toThrow(StartError);
    });

    it('answers nothing after close, and closes twice', async () => {
      await store.close();
      await store.close();
      expect(store.status().up).toBe(false);
    });

    it.each<[keyof Store, () => Promise<unknown>]>([
      ['load', () => store.load(TYPE, ['1'])],
      ['receipts', () => store.receipts(['c'])],
      ['commit', () => store.commit(batch())],
      ['find', () => store.find(TYPE, query())],
      ['pending', () => store.pending({ before: new Date(), limit: 1 })],
      ['markPublished', () => store.markPublished(['c'])],
      ['readLog', () => store.readLog(0, 1)],
      ['lastPosition', () => store.lastPosition()],
      ['readCommit', () => store.readCommit('c')],
      ['scan', () => store.scan(TYPE, '', 1)],
      ['parked', () => store.parked({}, 1)],
      ['countParked', () => store.countParked({})],
      ['recordRetry', () => store.recordRetry('p', 0, { at: new Date(), command: 'c', edited: false })],
      ['dropParked', () => store.dropParked(['p'])],
      ['notes', () => store.notes(['m'])],
      ['writeNotes', () => store.writeNotes(['m'], 'alone')],
      ['removeNotes', () => store.removeNotes(['m'])],
      ['takeLease', () => store.takeLease('lane', 'a', 1)],
      ['releaseLease', () => store.releaseLease('lane', 'a')],
      ['beat', () => store.beat('a', 1)],
      ['leave', () => store.leave('a')],
      ['setting', () => store.setting('lanes')],
      ['recordSetting', () => store.recordSetting('lanes', '1')],
    ])('throws where %s cannot reach the database', async (_method, use) => {
      await store.close();
      await expect(use()).rejects.toThrow();
    });
  });

  it('gives back any JSON exactly as it was given', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyJson, { minLength: 1, maxLength: 5 }), async (resources) => {
        const writes = resources.map((resource) => ({ ...creation(`any-${(count += 1)}`), resource }));
        expect(await store.commit(batch({ writes }))).toBe('committed');
        const found = await store.load(TYPE, writes.map(({ id }) => id));
        for (const { id, resource } of writes) expect(JSON.stringify(found.get(id)?.resource)).toBe(JSON.stringify(resource));
      }),
      { numRuns: 150 },
    );
    expect((await store.find(TYPE, query({ limit: 1 }))).total).toBe(count);
  });
}
