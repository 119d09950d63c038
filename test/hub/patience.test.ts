import { Patience, type PatienceOptions, type Verdict } from '../../src/hub/patience.js';
import type { Failed } from '../../src/hub/sending.js';
import type { Health } from '../../src/store/hub-store.js';

const OPTIONS: PatienceOptions = { firstMs: 100, longestMs: 1_000, attempts: 4, suspendMs: 60_000 };
const NEW: Health = { waiting: 0 };
const START = Date.now();
const at = (ms: number): Date => new Date(START + ms);

function patient(before: Health = NEW, options: Partial<PatienceOptions> = {}): Patience {
  return new Patience(before, { ...OPTIONS, ...options });
}

/** A failure of that event, at the start. */
const fail = (patience: Patience, event = 'e', parts: Partial<Failed> = {}): Verdict => patience.failed(event, { error: 'answered 500', ...parts }, at(0));

function pauseOf(verdict: Verdict): { ms: number; allMs: number } {
  if (verdict.kind !== 'again') throw new Error(`it is ${verdict.kind}`);
  return verdict;
}

describe('pauses', () => {
  it('double from attempt to attempt, up to the longest, each less than half a pause shorter', () => {
    const patience = patient();
    for (const full of [100, 200, 400, 800, 1_000, 1_000]) {
      const { ms, allMs } = pauseOf(fail(patience));
      expect(ms).toBeGreaterThanOrEqual(full / 2);
      expect(ms).toBeLessThanOrEqual(full);
      expect(allMs).toBe(0);
    }
  });

  it('differ, so that listeners that failed together are not tried together', () => {
    const pauses = Array.from({ length: 20 }, () => pauseOf(fail(patient())).ms);
    expect(new Set(pauses).size).toBeGreaterThan(1);
  });

  it('begin anew for an event that was taken', () => {
    const patience = patient();
    for (let times = 0; times < 3; times += 1) fail(patience);
    patience.succeeded('e', at(0));
    expect(pauseOf(fail(patience)).ms).toBeLessThanOrEqual(100);
  });

  it('are as long as the listener asked, for everything', () => {
    const { ms, allMs } = pauseOf(fail(patient(), 'e', { retryAfterMs: 7_000 }));
    expect([ms, allMs]).toEqual([7_000, 7_000]);
    expect(pauseOf(fail(patient(), 'e', { retryAfterMs: 1 })).ms).toBeGreaterThanOrEqual(50);
  });

  it('stay within the longest for ever', () => {
    const patience = patient();
    for (let times = 0; times < 2_000; times += 1) expect(pauseOf(fail(patience, `e${times % 3}`)).ms).toBeLessThanOrEqual(1_000);
  });
});

describe('a listener', () => {
  it('is down when different events fail five times in a row, and then everything pauses, longer each time', () => {
    const patience = patient();
    for (const event of ['a', 'b', 'c', 'd']) expect(pauseOf(fail(patience, event)).allMs).toBe(0);
    expect(patience.isDown).toBe(false);
    for (const full of [100, 200, 400]) {
      const { ms, allMs } = pauseOf(fail(patience, 'e'));
      expect(patience.isDown).toBe(true);
      expect(allMs).toBeGreaterThanOrEqual(full / 2);
      expect(allMs).toBeLessThanOrEqual(full);
      expect(ms).toBeGreaterThan(0);
    }
  });

  it('is up again after one success', () => {
    const patience = patient();
    for (const event of ['a', 'b', 'c', 'd', 'e']) fail(patience, event);
    patience.succeeded('a', at(0));
    expect(patience.isDown).toBe(false);
    expect(pauseOf(fail(patience, 'b')).allMs).toBe(0);
  });

  it('is not down for one event that fails again and again', () => {
    const patience = patient();
    for (let times = 0; times < 20; times += 1) expect(pauseOf(fail(patience, 'poison')).allMs).toBe(0);
    expect(patience.isDown).toBe(false);
  });

  it('is not down while others succeed in between', () => {
    const patience = patient(NEW, { attempts: 1_000 });
    for (let times = 0; times < 20; times += 1) {
      fail(patience, 'poison');
      patience.succeeded(`good-${times}`, at(0));
      fail(patience, 'poison-too');
    }
    expect(patience.isDown).toBe(false);
  });
});

describe('an event', () => {
  it('is parked after its attempts while others are taken', () => {
    const patience = patient();
    fail(patience, 'poison');
    patience.succeeded('good', at(0));
    for (let times = 0; times < 3; times += 1) expect(fail(patience, 'poison').kind).toBe('again');
    expect(fail(patience, 'poison')).toEqual({ kind: 'park', attempts: 5 });
  });

  it('is not parked for what succeeded before it, nor at once when others are taken', () => {
    const patience = patient();
    patience.succeeded('good', at(0));
    for (let times = 0; times < 10; times += 1) expect(fail(patience, 'poison').kind).toBe('again');
    patience.succeeded('good too', at(0));
    for (let times = 0; times < 3; times += 1) expect(fail(patience, 'poison').kind).toBe('again');
    expect(fail(patience, 'poison')).toEqual({ kind: 'park', attempts: 14 });
  });

  it('is not parked for what it failed at while the listener was down, in however many outages', () => {
    const patience = patient();
    for (let outage = 0; outage < 3; outage += 1) {
      for (let times = 0; times < 60; times += 1) fail(patience, `e${times % 5}`);
      patience.succeeded('e0', at(0));
      for (const event of ['e1', 'e2', 'e3', 'e4']) expect(fail(patience, event).kind).toBe('again');
    }
  });

  it('is not parked for an answer that says that the listener is busy, which pauses everything', () => {
    const patience = patient();
    fail(patience, 'e', { busy: true });
    for (let times = 0; times < 20; times += 1) {
      patience.succeeded('good', at(0));
      const { ms, allMs } = pauseOf(fail(patience, 'e', { busy: true }));
      expect([ms >= 50, allMs >= 50, allMs <= 100]).toEqual([true, true, true]);
    }
    expect(pauseOf(fail(patience, 'e', { busy: true, retryAfterMs: 7_000 }))).toEqual({ kind: 'again', ms: 7_000, allMs: 7_000 });
  });

  it('is never parked while nothing succeeds', () => {
    const patience = patient();
    for (let times = 0; times < 50; times += 1) expect(fail(patience, `e${times % 5}`).kind).toBe('again');
  });
});

describe('suspension', () => {
  it('comes when nothing succeeded for so long, with the reason', () => {
    const patience = patient();
    expect(patience.failed('e', { error: 'answered 500' }, at(0)).kind).toBe('again');
    expect(patience.failed('e', { error: 'answered 500' }, at(59_999)).kind).toBe('again');
    const reason = `nothing could be delivered since ${at(0).toISOString()}: answered 503`;
    expect(patience.failed('f', { error: 'answered 503' }, at(60_000))).toEqual({ kind: 'suspend', reason });
  });

  it('is put off by one success', () => {
    const patience = patient();
    patience.failed('e', { error: 'x' }, at(0));
    patience.succeeded('f', at(50_000));
    expect(patience.failed('e', { error: 'x' }, at(100_000)).kind).toBe('again');
    expect(patience.failed('e', { error: 'x' }, at(160_000)).kind).toBe('suspend');
  });

  it('counts what another process saw fail', () => {
    const before: Health = { waiting: 1, failingSince: at(-59_000), lastError: { at: at(-10), text: 'x' } };
    expect(patient(before).failed('e', { error: 'x' }, at(1_000)).kind).toBe('suspend');
  });

  it('does not count the time when no hub was there', () => {
    const before: Health = { waiting: 1, failingSince: at(-3_600_000), lastError: { at: at(-1_800_000), text: 'x' } };
    expect(patient(before).failed('e', { error: 'x' }, at(0)).kind).toBe('again');
  });
});

describe('health', () => {
  it('of a listener that was never tried has nothing', () => {
    expect(patient().health).toEqual({});
  });

  it('says the last success and the last error, and since when everything fails', () => {
    const patience = patient();
    patience.succeeded('a', at(1));
    patience.failed('b', { error: 'answered 500' }, at(2));
    patience.failed('b', { error: 'answered 503' }, at(3));
    expect(patience.health).toEqual({ lastSuccess: at(1), lastError: { at: at(3), text: 'answered 503' }, failingSince: at(2) });
    patience.succeeded('b', at(4));
    expect(patience.health).toEqual({ lastSuccess: at(4), lastError: { at: at(3), text: 'answered 503' } });
  });

  it('goes on from what was known before', () => {
    const before = { lastSuccess: at(-9), lastError: { at: at(-8), text: 'x' }, failingSince: at(-8), waiting: 3 };
    expect(patient(before).health).toEqual({ lastSuccess: at(-9), lastError: { at: at(-8), text: 'x' }, failingSince: at(-8) });
  });
});
