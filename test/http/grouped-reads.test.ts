import { GroupedReads } from '../../src/http/grouped-reads.js';
import type { StoredResource } from '../../src/store/store.js';

const stored = (id: string): StoredResource => ({ id, revision: 1, commit: 'c', resource: { id }, deleted: false });

/** Reads that end when they are told to. */
function slowReads(): { readonly reads: GroupedReads; readonly asked: string[][]; readonly answer: () => void; readonly fail: () => void } {
  const asked: string[][] = [];
  const ends: { resolve(found: ReadonlyMap<string, StoredResource>): void; reject(error: Error): void; ids: readonly string[] }[] = [];
  const reads = new GroupedReads((ids) => {
    asked.push([...ids]);
    return new Promise((resolve, reject) => ends.push({ resolve, reject, ids }));
  });
  return {
    reads,
    asked,
    answer: () => {
      const end = ends.shift();
      end?.resolve(new Map(end.ids.filter((id) => id !== 'absent').map((id) => [id, stored(id)])));
    },
    fail: () => ends.shift()?.reject(new Error('no primary')),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('reads at once, and together what is asked for meanwhile, each id once', async () => {
  const { reads, asked, answer } = slowReads();
  const first = reads.get('a');
  await turn();
  const others = [reads.get('b'), reads.get('c'), reads.get('b'), reads.get('a'), reads.get('absent')];
  await turn();
  expect(asked).toEqual([['a']]);
  answer();
  expect(await first).toEqual(stored('a'));
  await turn();
  expect(asked).toEqual([['a'], ['b', 'c', 'a', 'absent']]);
  answer();
  expect(await Promise.all(others)).toEqual([stored('b'), stored('c'), stored('b'), stored('a'), undefined]);
});

it('tells a failure to those who waited for that read, and reads on', async () => {
  const { reads, answer, fail } = slowReads();
  const first = expect(reads.get('a')).rejects.toThrow('no primary');
  await turn();
  const second = reads.get('b');
  fail();
  await first;
  await turn();
  answer();
  expect(await second).toEqual(stored('b'));
});
