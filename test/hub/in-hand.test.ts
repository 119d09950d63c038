import { InHand } from '../../src/hub/in-hand.js';
import type { LoggedEvent } from '../../src/hub/logged-event.js';
import { loggedEvent, timeOf } from './logged-events.js';

const SOON_MS = 1_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const ignore = (): void => undefined;

/** All that can be given out now. */
function takeAll(inHand: InHand): LoggedEvent[] {
  const taken: LoggedEvent[] = [];
  for (let event = inHand.take(); event; event = inHand.take()) taken.push(event);
  return taken;
}

function fill(inHand: InHand, upTo: number, ...events: readonly LoggedEvent[]): void {
  for (const event of events) inHand.put(event);
  inHand.sawUpTo(upTo);
}

function filled(upTo: number, ...events: readonly LoggedEvent[]): InHand {
  const inHand = new InHand(0);
  fill(inHand, upTo, ...events);
  return inHand;
}

describe('order', () => {
  it('gives out one event of a resource at a time, and the next one when that is done', () => {
    const [first, second, third] = [loggedEvent('a', 1), loggedEvent('a', 2), loggedEvent('a', 3)];
    const inHand = filled(3, first, second, third);
    expect(takeAll(inHand)).toEqual([first]);
    inHand.done(first);
    expect(takeAll(inHand)).toEqual([second]);
    inHand.done(second);
    expect(takeAll(inHand)).toEqual([third]);
    inHand.done(third);
    expect([inHand.take(), inHand.count, inHand.size]).toEqual([undefined, 0, 0]);
  });

  it('gives out events of several resources beside each other, as they come', () => {
    const [a1, b1, a2, c1] = [loggedEvent('a', 1, 0), loggedEvent('b', 1, 1), loggedEvent('a', 2), loggedEvent('c', 3)];
    const inHand = filled(3, a1, b1, a2, c1);
    expect(takeAll(inHand)).toEqual([a1, b1, c1]);
    inHand.done(a1);
    expect(takeAll(inHand)).toEqual([a2]);
  });

  it('gives out what is added later, unless an earlier one of the resource is still out', () => {
    const inHand = filled(1, loggedEvent('a', 1));
    const [out] = takeAll(inHand);
    const [a2, b2] = [loggedEvent('a', 2, 0), loggedEvent('b', 2, 1)];
    fill(inHand, 2, a2, b2);
    expect(takeAll(inHand)).toEqual([b2]);
    inHand.done(out as LoggedEvent);
    expect(takeAll(inHand)).toEqual([a2]);
  });
});

describe('what was put back', () => {
  it('is given out again after its time, and the one behind it waits as long', () => {
    const [first, second, other] = [loggedEvent('a', 1), loggedEvent('a', 2), loggedEvent('b', 3)];
    const inHand = filled(3, first, second, other);
    takeAll(inHand);
    const whenReady = jest.fn();
    inHand.putBack(first, SOON_MS, whenReady);
    jest.advanceTimersByTime(SOON_MS - 1);
    expect([takeAll(inHand), whenReady.mock.calls.length]).toEqual([[], 0]);
    jest.advanceTimersByTime(1);
    expect([takeAll(inHand), whenReady.mock.calls.length]).toEqual([[first], 1]);
  });

  it('does not come before what is ready already, so that it is not all that is ever tried', () => {
    const [refused, other] = [loggedEvent('a', 1), loggedEvent('b', 2)];
    const inHand = filled(2, refused, other);
    inHand.take();
    inHand.putBack(refused, SOON_MS, ignore);
    jest.advanceTimersByTime(SOON_MS);
    expect(takeAll(inHand)).toEqual([other, refused]);
  });

  it('is ready at once when it is woken, and not a second time when its time comes', () => {
    const first = loggedEvent('a', 1);
    const inHand = filled(1, first);
    takeAll(inHand);
    const whenReady = jest.fn();
    inHand.putBack(first, SOON_MS, whenReady);
    inHand.wake();
    expect(takeAll(inHand)).toEqual([first]);
    jest.advanceTimersByTime(2 * SOON_MS);
    expect([takeAll(inHand), whenReady.mock.calls.length]).toEqual([[], 0]);
  });

  it('blocks when nothing else is here', () => {
    const inHand = new InHand(0);
    expect(inHand.isBlocked).toBe(false);
    const [a1, a2, b3] = [loggedEvent('a', 1), loggedEvent('a', 2), loggedEvent('b', 3)];
    fill(inHand, 2, a1, a2);
    takeAll(inHand);
    expect(inHand.isBlocked).toBe(false);
    inHand.putBack(a1, SOON_MS, ignore);
    expect(inHand.isBlocked).toBe(true);
    fill(inHand, 3, b3);
    expect(inHand.isBlocked).toBe(false);
  });

  it('does not come any more after the end', () => {
    const inHand = filled(2, loggedEvent('a', 1), loggedEvent('b', 2));
    inHand.putBack(inHand.take() as LoggedEvent, SOON_MS, ignore);
    inHand.close();
    jest.advanceTimersByTime(2 * SOON_MS);
    expect([takeAll(inHand), jest.getTimerCount()]).toEqual([[], 0]);
  });
});

describe('cursor', () => {
  it('is where the log was read up to while nothing is wanted of it', () => {
    const inHand = new InHand(41);
    expect([inHand.cursor, inHand.oldest]).toEqual([41, undefined]);
    inHand.sawUpTo(99);
    expect(inHand.cursor).toBe(99);
  });

  it('stays before the oldest event that is not done, whatever is done behind it', () => {
    const [a3, b5, c7] = [loggedEvent('a', 3), loggedEvent('b', 5), loggedEvent('c', 7)];
    const inHand = filled(9, a3, b5, c7);
    expect([inHand.cursor, inHand.oldest]).toEqual([2, timeOf(3)]);
    takeAll(inHand);
    inHand.done(c7);
    inHand.done(b5);
    expect([inHand.cursor, inHand.count]).toEqual([2, 1]);
    inHand.done(a3);
    expect([inHand.cursor, inHand.oldest]).toEqual([9, undefined]);
  });

  it('stays before a commit until its last event is done', () => {
    const events = [0, 1, 2].map((number) => loggedEvent(`role-${number}`, 4, number));
    const inHand = filled(4, ...events);
    takeAll(inHand);
    const cursors = events.map((event) => {
      inHand.done(event);
      return inHand.cursor;
    });
    expect(cursors).toEqual([3, 3, 4]);
  });
});

it('counts events and their texts', () => {
  const [small, large] = [loggedEvent('a', 1), loggedEvent('b', 2, 0, 5_000)];
  const inHand = filled(2, small, large);
  expect([inHand.count, inHand.size]).toEqual([2, small.recorded.content.length + large.recorded.content.length]);
  inHand.done(inHand.take() as LoggedEvent);
  expect([inHand.count, inHand.size]).toEqual([1, large.recorded.content.length]);
});
