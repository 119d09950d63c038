import fc from 'fast-check';
import { lanesOf, shareLanes } from '../src/lane-share.js';

const workers = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 });
const lanes = fc.integer({ min: 1, max: 40 });

describe('shared lanes', () => {
  it('are each for exactly one of the workers, and their counts differ by at most one', () => {
    fc.assert(
      fc.property(workers, lanes, (all, count) => {
        const owners = shareLanes(all, count);
        expect(owners).toHaveLength(count);
        const counts = all.map((worker) => owners.filter((owner) => owner === worker).length);
        expect(counts.reduce((sum, own) => sum + own, 0)).toBe(count);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are the same for all who ask, in whatever order they know the workers', () => {
    fc.assert(
      fc.property(workers, lanes, (all, count) => {
        expect(shareLanes([...all].reverse(), count)).toEqual(shareLanes(all, count));
        const taken = all.flatMap((worker) => [...lanesOf(worker, all, count)]);
        expect(taken.sort((one, other) => one - other)).toEqual(Array.from({ length: count }, (_, lane) => lane));
      }),
    );
  });

  it('are all for a worker that is alone, and none for one that is not in the list', () => {
    expect(lanesOf('a', ['a'], 3)).toEqual(new Set([0, 1, 2]));
    expect(lanesOf('b', ['a'], 3)).toEqual(new Set());
  });

  // Names that are always the same, so that this does not depend on luck.
  it.each([
    [1, 8],
    [2, 8],
    [3, 8],
    [4, 16],
    [7, 16],
    [3, 64],
    [7, 64],
  ])('stay where they are when a worker joins %i others or leaves them: of %i few move', (count, all) => {
    const rounds = 200;
    let moved = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = Array.from({ length: count }, (_, number) => `${round}-${number}`);
      const [without, joined] = [shareLanes(before, all), shareLanes([...before, `${round}-new`], all)];
      moved += without.filter((owner, lane) => owner !== joined[lane]).length;
    }
    expect(moved / rounds).toBeLessThan((2 * all) / (count + 1) + 1);
  });
});
