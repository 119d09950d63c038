import { Filling } from '../../src/hub/filling.js';
import { parseEventQuery } from '../../src/hub/event-filter.js';
import { InHand } from '../../src/hub/in-hand.js';
import type { LoggedEvent } from '../../src/hub/logged-event.js';
import type { LogPage } from '../../src/hub/log-tail.js';
import { SharedRoom } from '../../src/hub/shared-room.js';
import { definition } from '../support/deciding.js';
import { loggedEvent } from './logged-events.js';

const EVENTS = 500;
const COMMITS = 3;

/** A log of large commits, of as many resources as events, and one delivery of it. */
class Filled {
  readonly inHand = new InHand(0);
  readonly patience = { isDown: false };
  readonly reads: number[] = [];
  readonly taken: string[] = [];
  private readonly stopped = new AbortController();
  private readonly filling: Filling;

  constructor(readonly room = new SharedRoom(1_000_000_000), size = 0) {
    const next = (after: number): Promise<LogPage> => {
      this.reads.push(after);
      if (after === COMMITS) return new Promise(() => undefined);
      return Promise.resolve({ events: Array.from({ length: EVENTS }, (_, number) => loggedEvent(`${after}.${number}`, after + 1, number, size)), upTo: after + 1 });
    };
    this.filling = new Filling(this.inHand, { tail: { next }, filter: parseEventQuery('', [definition]), patience: this.patience, room });
    void this.filling.run(this.stopped.signal, () => this.filling.settle());
  }

  /** As many of those in hand are delivered, or all of them. */
  async deliver(count = Infinity): Promise<void> {
    await new Promise(setImmediate);
    for (let event = this.take(count); event; event = this.take(count -= 1)) {
      this.taken.push(event.id);
      this.inHand.done(event);
      this.filling.settle();
    }
    await new Promise(setImmediate);
  }

  async deliverAll(): Promise<void> {
    while (this.taken.length < COMMITS * EVENTS) await this.deliver();
  }

  close(): void {
    this.filling.close();
  }

  settle(): void {
    this.filling.settle();
  }

  private take(count: number): LoggedEvent | undefined {
    return count > 0 ? this.inHand.take() : undefined;
  }
}

const everything = Array.from({ length: COMMITS * EVENTS }, (_, index) => `${Math.floor(index / EVENTS) + 1}.${index % EVENTS}`);

it('reads each commit once for a listener that takes its events, and holds no more than 200 of them', async () => {
  const filled = new Filled();
  await new Promise(setImmediate);
  expect(filled.inHand.count).toBe(200);
  await filled.deliverAll();
  expect(filled.taken).toEqual(everything);
  expect(filled.reads).toEqual([0, 1, 2, 3]);
  expect(filled.inHand.cursor).toBe(3);
});

it('keeps nothing but what is in hand for one that takes nothing, and goes on inside the commit', async () => {
  // Half of it is more than what is in hand, and less than that and what is left of the page.
  const room = new SharedRoom(1_000_000);
  const filled = new Filled(room, 1_000);
  await filled.deliver(10);
  expect([filled.inHand.count, room.isTaken(0.5)]).toEqual([190, true]);
  filled.patience.isDown = true;
  filled.settle();
  expect([filled.inHand.count, room.isTaken(0.5)]).toEqual([190, false]);
  filled.patience.isDown = false;
  await filled.deliverAll();
  expect(filled.taken).toEqual(everything);
  expect(filled.reads.slice(0, 3)).toEqual([0, 0, 1]);
});

it('holds little when all together hold too much, and still gets on', async () => {
  const room = new SharedRoom(100_000);
  const filled = new Filled(room, 1_000);
  const others = Array.from({ length: 20 }, () => new Filled(room, 1_000));
  await new Promise(setImmediate);
  const held = [filled, ...others].reduce((sum, { inHand }) => sum + inHand.size, 0);
  expect(held).toBeLessThan(100_000 + 21 * 64 * 1024);
  expect(room.isTaken(1)).toBe(true);
  await filled.deliverAll();
  expect(filled.taken).toEqual(everything);
});

it('gives back what it held when it is closed', async () => {
  const room = new SharedRoom(1_000_000);
  const filled = new Filled(room, 5_000);
  await new Promise(setImmediate);
  expect(room.isTaken(0.5)).toBe(true);
  filled.close();
  room.take(499_999);
  expect(room.isTaken(0.5)).toBe(false);
});
