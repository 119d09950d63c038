import { feed } from './feed.js';
import { median, merged, poorOf, reached, table, type Line } from './report.js';

const line = (values: readonly number[], target?: Line['target']): Line => ({ section: 'throughput', what: 'a ÷ b', unit: '×', values, ...(target ? { target } : {}) });

it('takes the median', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});

it('says how much of a target is reached, and nothing where a figure is missing', () => {
  expect(reached(line([0.3], { atLeast: 0.6 }))).toBe(0.5);
  expect(reached(line([3], { atMost: 1.5 }))).toBe(0.5);
  expect(reached(line([1, 2, 3], { atLeast: 2 }))).toBe(1);
  expect(reached(line([NaN], { atLeast: 2 }))).toBe(0);
  expect(reached(line([1]))).toBeUndefined();
});

it('tells what is poor by the target, or by what was reached as yet', () => {
  const lines = [line([0.3], { atLeast: 0.6 }), line([0.5], { atLeast: 0.6 }), line([0.3], { atLeast: 0.6, soFar: 0.35 }), line([0.2], { atLeast: 0.6, soFar: 0.35 }), line([3], { atMost: 2, soFar: 2.5 }), line([0])];
  expect(poorOf(lines, 0.7)).toEqual([lines[0], lines[3]]);
  expect(poorOf(lines, 0)).toEqual([]);
});

it('puts the rounds of a second look behind those of the first', () => {
  const other: Line = { section: 'throughput', what: 'c', unit: '×', values: [9] };
  expect(merged([line([1, 2]), other], [line([3])])).toEqual([line([1, 2, 3]), other]);
});

it('prints median, spread and target', () => {
  expect(table([line([0.5, 0.25, 0.75], { atLeast: 1 })]).split('\n').at(-1)).toBe('| throughput | a ÷ b | 0.5 × | 0.25 to 0.75 | ≥ 1 | 50 % |');
});

it('feeds the same commands for the same arguments, and other ones under another tag', () => {
  const bodies = (tag: string): string[] => [...feed('patches', 50, 10, tag)].map(({ role, body }) => `${role} ${body}`);
  expect(bodies('one')).toEqual(bodies('one'));
  expect(bodies('one').filter((body) => bodies('two').includes(body))).toEqual([]);
  const mixed = [...feed('mixed', 100, 100)].map(({ attributes }) => attributes['type']?.split('.').at(-1));
  expect(['create', 'patch', 'delete'].map((action) => mixed.filter((found) => found === action).length)).toEqual([50, 40, 10]);
});
