import { setTimeout as pause } from 'node:timers/promises';
import { textOf } from '../errors.js';
import type { Status } from '../status.js';
import type { HubStore, Progress, Subscription } from '../store/hub-store.js';
import { Delivery, type DeliveryOptions } from './delivery.js';
import type { EventFilter } from './event-filter.js';
import { SharedRoom } from './shared-room.js';

export interface HubOptions extends Omit<DeliveryOptions, 'store' | 'room'> {
  readonly store: HubStore;
  readonly filterOf: (subscription: Subscription) => EventFilter;
  readonly roundMs: number;
  /** What this process has not claimed for so long is anybody's. */
  readonly holdMs: number;
}

/** What all deliveries together may have in memory, beside what each has at least. */
const ROOM_CHARACTERS = 32 * 1024 * 1024;

/**
 * Delivers to every subscription that this process holds; several hubs share them evenly. Its state is in the store: whoever takes a
 * subscription over goes on at its cursor.
 */
export class Hub {
  private readonly deliveries = new Map<string, Delivery>();
  /** Last recorded, to write only what changed. */
  private readonly recorded = new Map<string, string>();
  /** Being given up: what is under way ends first. */
  private readonly leaving = new Map<string, Promise<void>>();
  /** Said once, not in each round. */
  private readonly notUnderstood = new Set<string>();
  private readonly room = new SharedRoom(ROOM_CHARACTERS);
  private readonly stop = new AbortController();
  private running: Promise<void> | undefined;
  /** When others may have the subscriptions, whatever this process is waiting for. */
  private expiry: NodeJS.Timeout | undefined;
  /** Why the last claim failed; undefined: it did not. */
  private failure: string | undefined;

  constructor(private readonly options: HubOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Whether subscriptions can be claimed, and if not, why not. */
  status(): Status {
    return this.failure === undefined ? { up: true } : { up: false, why: `subscriptions cannot be claimed: ${this.failure}` };
  }

  /** Ends what is under way within the time allowed, and lets others have the subscriptions. */
  async close(graceMs: number): Promise<void> {
    this.stop.abort();
    await this.running;
    clearTimeout(this.expiry);
    const { store, holder, sender, log } = this.options;
    const deliveries = [...this.deliveries.values()];
    const stopped = Promise.all([...deliveries.map((delivery) => delivery.stop()), ...this.leaving.values()]);
    await Promise.race([stopped, pause(graceMs, undefined, { ref: false })]);
    await sender.close();
    await stopped;
    try {
      await store.recordProgress(holder, deliveries.map(({ progress }) => progress));
      await store.leaveHub(holder);
    } catch (error) {
      log.warn({ reason: textOf(error) }, 'the last progress of the hub was not recorded; some events will be delivered again');
    }
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      await this.round();
      await pause(this.options.roundMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async round(): Promise<void> {
    const { store, holder, holdMs, log } = this.options;
    try {
      await this.record();
      const asked = performance.now();
      const claim = await store.claim(holder, holdMs);
      this.holdFor(holdMs - (performance.now() - asked));
      if (this.failure !== undefined) log.info('subscriptions can be claimed again');
      this.failure = undefined;
      if (!this.stop.signal.aborted) this.adjust(claim.held, claim.share);
    } catch (error) {
      const reason = textOf(error);
      if (this.failure === undefined) log.warn({ reason }, 'subscriptions cannot be claimed, trying again');
      this.failure = reason;
    }
  }

  private holdFor(ms: number): void {
    clearTimeout(this.expiry);
    this.expiry = setTimeout(() => this.adjust([], 0), ms);
  }

  private async record(): Promise<void> {
    const { store, holder } = this.options;
    const changed: Progress[] = [];
    const texts = new Map<string, string>();
    for (const { progress } of this.deliveries.values()) {
      const text = JSON.stringify(progress);
      if (this.recorded.get(progress.id) === text) continue;
      changed.push(progress);
      texts.set(progress.id, text);
    }
    if (changed.length === 0) return;
    await store.recordProgress(holder, changed);
    for (const [id, text] of texts) this.recorded.set(id, text);
  }

  private adjust(held: readonly Subscription[], share: number): void {
    const current = new Map(held.map((subscription) => [subscription.id, subscription]));
    for (const [id, delivery] of this.deliveries) {
      const now = current.get(id);
      if (now && isSame(delivery.subscription, now)) delivery.refresh(now);
      else this.end(id, delivery);
    }
    const mine = held.filter(({ id }) => !this.leaving.has(id));
    for (const { id } of mine.slice(share)) this.giveUp(id);
    for (const subscription of mine.slice(0, share)) if (!this.deliveries.has(subscription.id)) this.begin(subscription);
  }

  private begin(subscription: Subscription): void {
    const { filterOf, log } = this.options;
    try {
      const delivery = new Delivery(subscription, filterOf(subscription), { ...this.options, room: this.room });
      this.deliveries.set(subscription.id, delivery);
      delivery.start();
    } catch (error) {
      // A registration of another version, or of an API that is not served any more.
      if (this.notUnderstood.has(subscription.id)) return;
      this.notUnderstood.add(subscription.id);
      log.error({ subscription: subscription.id, reason: textOf(error) }, 'a subscription cannot be understood');
    }
  }

  /** It is somebody else's, suspended, deleted, or to be begun anew, which waits until what is under way has ended. */
  private end(id: string, delivery: Delivery): void {
    this.deliveries.delete(id);
    this.recorded.delete(id);
    this.leave(id, delivery.stop());
  }

  /** Somebody else shall have it. */
  private giveUp(id: string): void {
    const { store, holder } = this.options;
    const delivery = this.deliveries.get(id);
    this.deliveries.delete(id);
    this.recorded.delete(id);
    const given = async (): Promise<void> => {
      await delivery?.stop();
      if (delivery) await store.recordProgress(holder, [delivery.progress]);
      await store.release(holder, [id]);
    };
    this.leave(id, given());
  }

  private leave(id: string, left: Promise<void>): void {
    const done = left
      .catch((error: unknown) => this.options.log.warn({ subscription: id, reason: textOf(error) }, 'a subscription could not be given up yet'))
      .finally(() => this.leaving.delete(id));
    this.leaving.set(id, done);
  }
}

/** Its progress goes on. */
function isSame(mine: Subscription, current: Subscription): boolean {
  return mine.epoch === current.epoch && mine.registeredAt.getTime() === current.registeredAt.getTime();
}
