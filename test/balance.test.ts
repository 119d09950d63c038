import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { Balance, type BalanceOptions } from '../src/balance.js';
import type { SharedLanes } from '../src/bus/bus.js';
import { UnavailableError } from '../src/errors.js';
import { lanesOf } from '../src/lane-share.js';
import { openEmbeddedStore } from '../src/store/embedded-store.js';
import type { Store } from '../src/store/store.js';
import { until } from './support/service.js';

const log = pino({ level: 'silent' });
const COUNT = 8;

class Lanes implements SharedLanes {
  readonly count = COUNT;
  readonly preferred: number[][] = [];

  prefer(lanes: ReadonlySet<number>): void {
    this.preferred.push([...lanes]);
  }
}

describe('balance', () => {
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  let store: Store;
  let lanes: Lanes;
  let balance: Balance;

  beforeEach(async () => {
    store = await openEmbeddedStore({ path: undefined, retentionMs: 60_000, log });
    lanes = new Lanes();
  });
  afterEach(async () => {
    await balance.close();
    await store.close();
  });

  function start(options: Partial<BalanceOptions> = {}): void {
    balance = new Balance({ store, lanes, worker: 'me', isUsable: () => true, beatMs: 20, aliveMs: 60_000, returnMs: 60_000, log, ...options });
    balance.start();
  }

  const preferred = (count: number): Promise<void> => until(`lanes were preferred ${count} times`, () => lanes.preferred.length >= count);

  it('of a worker that is alone: no lanes before it said that it is there, and all from then on', async () => {
    start();
    expect(lanes.preferred).toEqual([[]]);
    await preferred(2);
    expect(lanes.preferred[1]).toEqual(all);
    expect(await store.beat('other', 60_000)).toEqual(['me', 'other']);
    await preferred(3);
    expect(lanes.preferred[2]).toEqual([...lanesOf('me', ['me', 'other'], COUNT)]);
  });

  it('gives the lanes to the others at its end', async () => {
    start();
    await preferred(2);
    await balance.close();
    expect(await store.beat('other', 60_000)).toEqual(['other']);
  });

  it('of a worker that cannot serve: it is not there, and keeps what it has', async () => {
    let usable = false;
    let asked = 0;
    start({ isUsable: () => (asked++, usable) });
    await until('it looked several times', () => asked >= 3);
    expect(lanes.preferred).toEqual([[]]);
    expect(await store.beat('other', 1)).toEqual(['other']);
    usable = true;
    await preferred(2);
    expect(lanes.preferred[1]).toEqual(all);
  });

  it('stays as it is while the store is away', async () => {
    let away = false;
    let failed = 0;
    const beat: Store['beat'] = async (worker, ttlMs) => {
      if (!away) return store.beat(worker, ttlMs);
      failed += 1;
      throw new UnavailableError('away');
    };
    start({ store: { beat, leave: (worker) => store.leave(worker) } });
    await preferred(2);
    away = true;
    await store.beat('other', 60_000);
    await until('it tried', () => failed >= 1);
    expect(lanes.preferred).toHaveLength(2);
    away = false;
    await preferred(3);
  });

  it('of a worker that was away for long: it keeps what it has until the others could return', async () => {
    let [usable, beats, alive] = [true, 0, ['me', 'other']];
    const beat: Store['beat'] = () => Promise.resolve((beats++, alive));
    start({ isUsable: () => usable, store: { beat, leave: () => Promise.resolve() }, aliveMs: 100, returnMs: 1_000 });
    await preferred(2);
    usable = false;
    await pause(200);
    [usable, alive, beats] = [true, ['me'], 0];
    await until('it beats again', () => beats >= 2);
    expect(lanes.preferred).toHaveLength(2);
    await preferred(3);
    expect(lanes.preferred[2]).toEqual(all);
  });
});
