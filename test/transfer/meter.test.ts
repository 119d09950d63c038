import { NOTHING_YET, type Totals } from '../../src/transfer/checkpoint.js';
import { Meter } from '../../src/transfer/meter.js';

const CLEAR = '\r\x1b[K';

let totals: Totals;
let shown: string[];
beforeEach(() => {
  jest.useFakeTimers();
  totals = NOTHING_YET.totals;
  shown = [];
});
afterEach(() => jest.useRealTimers());

/** Of a file of 1,000 bytes, ten bytes a line. */
function meterOn(isTTY: boolean): Meter {
  const screen = { isTTY, write: (text: string | Uint8Array) => shown.push(String(text)) > 0 };
  return new Meter(screen, () => ({ totals, bytes: 10 * (totals.created + totals.refused), ofBytes: 1_000 }));
}

const taken = (): string[] => shown.splice(0);

it('is one line on a terminal, which changes in its place, gives way to others and stays at the end', () => {
  const meter = meterOn(true);
  jest.advanceTimersByTime(100);
  expect(taken()).toEqual([]);
  totals = { ...totals, created: 25 };
  jest.advanceTimersByTime(100);
  expect(taken()).toEqual([`${CLEAR}[######------------------] 25 %  25 lines  125/s  created 25  already there 0  refused 0`]);
  meter.clear();
  expect(taken()).toEqual([CLEAR]);
  totals = { ...totals, created: 99, refused: 1 };
  jest.advanceTimersByTime(800);
  const frames = taken();
  expect(frames).toHaveLength(4);
  expect(frames.at(-1)).toBe(`${CLEAR}[########################] 100 %  100 lines  100/s  created 99  already there 0  refused 1`);
  meter.stop();
  expect(taken()).toEqual([`${CLEAR}[########################] 100 %  100 lines  0/s  created 99  already there 0  refused 1`, '\n']);
  jest.advanceTimersByTime(10_000);
  expect(taken()).toEqual([]);
});

it('is a line a second elsewhere, without anything to steer a terminal', () => {
  const meter = meterOn(false);
  totals = { ...totals, created: 10 };
  jest.advanceTimersByTime(999);
  meter.clear();
  expect(taken()).toEqual([]);
  jest.advanceTimersByTime(2_001);
  const bar = '[##----------------------] 10 %';
  expect(taken()).toEqual([`${bar}  10 lines  10/s  created 10  already there 0  refused 0\n`, ...Array.from({ length: 2 }, () => `${bar}  10 lines  0/s  created 10  already there 0  refused 0\n`)]);
  meter.stop();
  expect(taken()).toHaveLength(1);
});
