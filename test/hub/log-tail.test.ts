import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { PermanentStoreError } from '../../src/errors.js';
import { LogAhead, LogGone, type LogPage, LogTail } from '../../src/hub/log-tail.js';
import type { JsonObject } from '../../src/json.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { EmbeddedHarness } from '../store/embedded-harness.js';
import { type Faults, faulty } from '../support/faults.js';
import { until } from '../support/service.js';
import { announced, append, appendMany, changed } from './append.js';

const POLL_MS = 10;
const MEBIBYTE = 1024 * 1024;
const never = new AbortController().signal;
setMaxListeners(0, never);

const harness = new EmbeddedHarness();
let databases = 0;
let store: Store;
let lines: JsonObject[];
const tails: LogTail[] = [];

beforeEach(async () => {
  store = await harness.open(`log-${(databases += 1)}`);
  lines = [];
});
afterEach(async () => {
  for (const tail of tails.splice(0)) await tail.close();
  await store.close();
});
afterAll(() => harness.remove());

function tailOn(faults: Faults<Store> = {}, maxBytes = MEBIBYTE): LogTail {
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as JsonObject) });
  const tail = new LogTail({ store: faulty(store, faults), pollMs: POLL_MS, maxBytes, log });
  tails.push(tail);
  return tail;
}

const placesOf = ({ events }: LogPage): string[] => events.map(({ place: { position, number } }) => `${position}.${number}`);

/** Everything behind a position. */
async function all(tail: LogTail, after = 0): Promise<string[]> {
  const places: string[] = [];
  for (let page = await tail.read(after); page.upTo > after; page = await tail.read(after)) {
    places.push(...placesOf(page));
    after = page.upTo;
  }
  return places;
}

/** Everything that was published so far is not kept any more. */
async function expire(): Promise<void> {
  await store.close();
  await pause(5);
  const path = harness.pathOf(`log-${databases}`);
  await (await openEmbeddedStore({ path, retentionMs: 1, log: pino({ level: 'silent' }) })).close();
  store = await harness.open(`log-${databases}`);
}

describe('reading', () => {
  it('goes through the log page by page, in order, and ends with an empty page', async () => {
    await appendMany(store, 45);
    const tail = tailOn();
    const ends: number[] = [];
    for (const after of [0, 1, 3, 7, 15, 31]) ends.push((await tail.read(after)).upTo);
    // It begins with one commit, and reads twice as many each time, up to 20.
    expect(ends).toEqual([1, 3, 7, 15, 31, 45]);
    expect(await tail.read(45)).toEqual({ events: [], upTo: 45 });
    expect(await all(tail)).toEqual(Array.from({ length: 45 }, (_, index) => `${index + 1}.0`));
    expect(await tail.end()).toBe(45);
  });

  it('has notifications alone, numbered by their place among all events of the commit, and passes commits without any', async () => {
    await append(store, [changed('a'), announced(), changed('b')], [announced()]);
    const tail = tailOn();
    const page = await tail.read(0);
    expect([placesOf(page), page.upTo]).toEqual([['1.0', '1.2'], 1]);
    expect(await tail.read(1)).toEqual({ events: [], upTo: 2 });
    expect(page.events.map(({ resource, envelope }) => [resource, envelope['eventType']])).toEqual([['partyRole', 'PartyRoleAttributeValueChangeEvent'], ['partyRole', 'PartyRoleAttributeValueChangeEvent']]);
  });

  it('knows a position that is not there yet', async () => {
    const tail = tailOn();
    await expect(tail.read(1)).rejects.toThrow(LogAhead);
    await appendMany(store, 2);
    await expect(tail.read(3)).rejects.toMatchObject({ name: 'LogAhead', last: 2 });
    await expect(tail.next(3, never)).rejects.toThrow(LogAhead);
    expect(await tail.read(2)).toEqual({ events: [], upTo: 2 });
  });

  it('passes on what the store throws', async () => {
    await expect(tailOn({ readLog: () => Promise.reject(new Error('away')) }).read(0)).rejects.toThrow('away');
  });
});

describe('what is read at a time', () => {
  it('is little text, also behind small commits, and soon the smaller for large ones', async () => {
    await appendMany(store, 40);
    await appendMany(store, 40, 'x'.repeat(150_000));
    const limits: number[] = [];
    const tail = tailOn({
      readLog: (real, after, limit) => {
        limits.push(limit);
        return real(after, limit);
      },
    });
    let after = 0;
    let most = 0;
    while (after < 80) {
      const page = await tail.read(after);
      most = Math.max(most, page.events.reduce((sum, { recorded }) => sum + recorded.content.length, 0));
      after = page.upTo;
    }
    expect(most).toBeLessThan(1.2 * MEBIBYTE);
    expect([Math.max(...limits), limits.at(-1)]).toEqual([20, 6]);
  });

  it('is for few readers, though many are at different places', async () => {
    await appendMany(store, 60);
    let [now, most] = [0, 0];
    const tail = tailOn({
      readLog: async (real, ...args) => {
        most = Math.max(most, (now += 1));
        await pause(2);
        now -= 1;
        return real(...args);
      },
    }, 1);
    const pages = await Promise.all(Array.from({ length: 60 }, (_, after) => tail.next(after, never)));
    expect(pages.map(({ events }) => events[0]?.place.position)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    expect(most).toBe(3);
  });
});

describe('what is not kept any more', () => {
  it('is said, with the beginning of what is kept', async () => {
    await appendMany(store, 3);
    await expire();
    const tail = tailOn();
    await expect(tail.read(0)).rejects.toMatchObject({ name: 'LogGone', oldest: 4 });
    expect(await tail.read(3)).toEqual({ events: [], upTo: 3 });
    await appendMany(store, 2);
    await expect(tail.read(2)).rejects.toMatchObject({ name: 'LogGone', oldest: 4 });
    await expect(tail.next(2, never)).rejects.toThrow(LogGone);
    expect(await all(tail, 3)).toEqual(['4.0', '5.0']);
  });

  it('is found in the middle of a page, after what comes before it', async () => {
    await appendMany(store, 5);
    const tail = tailOn({ readLog: async (real, ...args) => (await real(...args)).filter(({ position }) => position !== 3) });
    expect([(await tail.read(0)).upTo, (await tail.read(1)).upTo]).toEqual([1, 2]);
    await expect(tail.read(2)).rejects.toMatchObject({ name: 'LogGone', oldest: 4 });
  });

  it('is found by whoever waits', async () => {
    await appendMany(store, 1);
    let hidden = 0;
    const tail = tailOn({ readLog: async (real, after, ...args) => real(Math.max(after, hidden), ...args) });
    const waiting = tail.next(1, never);
    hidden = 2;
    await Promise.all([expect(waiting).rejects.toMatchObject({ name: 'LogGone', oldest: 3 }), appendMany(store, 2)]);
  });

  it('what comes between two looks is no loss', async () => {
    const tail = tailOn({
      lastPosition: async (real) => {
        await appendMany(store, 1);
        return real();
      },
    });
    expect(placesOf(await tail.read(0))).toEqual(['1.0']);
  });
});

describe('waiting', () => {
  it('ends with what comes', async () => {
    const tail = tailOn();
    const waiting = tail.next(0, never);
    await pause(3 * POLL_MS);
    await append(store, [announced()]);
    expect(await waiting).toEqual({ events: [], upTo: 1 });
    const next = tail.next(1, never);
    await append(store, [changed('a')]);
    expect(placesOf(await next)).toEqual(['2.0']);
  });

  it('costs one read and one parse, however many wait', async () => {
    let reads = 0;
    const tail = tailOn({
      readLog: (real, ...args) => {
        reads += 1;
        return real(...args);
      },
    });
    const waiting = Array.from({ length: 100 }, () => tail.next(0, never));
    await pause(3 * POLL_MS);
    reads = 0;
    await append(store, [changed('a')]);
    const pages = await Promise.all(waiting);
    expect(new Set(pages.map(({ events }) => events[0])).size).toBe(1);
    expect(new Set(pages.map(({ events }) => events[0]?.cloudEvent)).size).toBe(1);
    expect(reads).toBe(1);
  });

  it('asks nothing of the store while nobody waits', async () => {
    let looks = 0;
    const tail = tailOn({
      lastPosition: (real) => {
        looks += 1;
        return real();
      },
    });
    const leaving = new AbortController();
    const waiting = tail.next(0, leaving.signal);
    await until('it polls', () => looks > 3);
    leaving.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await pause(3 * POLL_MS);
    const before = looks;
    await pause(5 * POLL_MS);
    expect(looks).toBe(before);
    await Promise.all([tail.next(0, never), appendMany(store, 1)]);
  });

  it('is over at once for a signal that is aborted, and when the tail is closed', async () => {
    const tail = tailOn();
    await expect(tail.next(0, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    const waiting = tail.next(0, never);
    await tail.close();
    await expect(waiting).rejects.toThrow('not read any more');
    await expect(tail.next(0, never)).rejects.toThrow('not read any more');
  });

  it('outlasts a store that is away, and is said once for all who wait', async () => {
    let away = true;
    const fail = async <T>(real: () => Promise<T>): Promise<T> => {
      if (away) throw new Error('the database is away');
      return real();
    };
    const tail = tailOn({ readLog: (real, ...args) => fail(() => real(...args)), lastPosition: (real) => fail(real) });
    await appendMany(store, 3);
    const waiting = Array.from({ length: 100 }, (_, index) => tail.next(index % 3, never));
    await until('it was tried', () => lines.length > 2);
    expect(lines.length).toBeLessThan(10);
    const late = new AbortController();
    const leaving = tail.next(0, late.signal);
    late.abort(new Error('enough'));
    await expect(leaving).rejects.toThrow('enough');
    away = false;
    expect((await Promise.all(waiting)).filter(({ upTo }, index) => upTo <= index % 3)).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ msg: 'reading the log: works again' });
  });

  it('ends with a fault that waiting does not mend', async () => {
    const tail = tailOn({ lastPosition: () => Promise.reject(new PermanentStoreError('broken')) });
    await expect(tail.next(0, never)).rejects.toThrow('broken');
  });
});

describe('what is kept for others', () => {
  it.each([1, 3_000, MEBIBYTE])('with %d bytes, every reader reads the same', async (maxBytes) => {
    await appendMany(store, 50);
    let reads = 0;
    const tail = tailOn({
      readLog: (real, ...args) => {
        reads += 1;
        return real(...args);
      },
    }, maxBytes);
    const expected = Array.from({ length: 90 }, (_, index) => `${index + 1}.0`);
    const reader = async (after: number): Promise<string[]> => {
      const places: string[] = [];
      while (after < 90) {
        const page = await tail.next(after, never);
        places.push(...placesOf(page));
        after = page.upTo;
        await pause(Math.random() * 5);
      }
      return places;
    };
    const starts = Array.from({ length: 40 }, (_, index) => index);
    const readers = starts.map(reader);
    for (let round = 0; round < 8; round += 1) {
      await appendMany(store, 5);
      await pause(Math.random() * 20);
    }
    expect(await Promise.all(readers)).toEqual(starts.map((after) => expected.slice(after)));
    // Alone, each reader would need more than ten.
    if (maxBytes === MEBIBYTE) expect(reads).toBeLessThan(160);
  });

  it('is the end of the log, also when somebody begins far behind it', async () => {
    await appendMany(store, 100);
    const froms: number[] = [];
    const tail = tailOn({
      readLog: (real, after, ...args) => {
        froms.push(after);
        return real(after, ...args);
      },
    });
    await tail.read(90);
    await all(tail, 0);
    froms.length = 0;
    await tail.read(95);
    await tail.read(90);
    expect(froms).toEqual([]);
  });
});
