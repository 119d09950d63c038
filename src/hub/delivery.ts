import type { Logger } from 'pino';
import { hold } from '../hold.js';
import { textOf } from '../errors.js';
import type { HubStore, ParkedDelivery, Progress, Subscription, Tenure } from '../store/hub-store.js';
import type { EventFilter } from './event-filter.js';
import { Filling } from './filling.js';
import { InHand } from './in-hand.js';
import { LogAhead, LogGone, type LogTail } from './log-tail.js';
import type { LoggedEvent } from './logged-event.js';
import { Patience, type PatienceOptions } from './patience.js';
import { sendEvent } from './send-event.js';
import type { Failed, Sender } from './sending.js';
import type { SharedRoom } from './shared-room.js';

export interface DeliveryOptions extends PatienceOptions {
  readonly store: Pick<HubStore, 'parkDeliveries' | 'suspend' | 'unregister'>;
  readonly tail: Pick<LogTail, 'next'>;
  readonly sender: Sender;
  /** This process, as the other hubs know it. */
  readonly holder: string;
  readonly room: SharedRoom;
  /** Deliveries under way to one listener. */
  readonly concurrency: number;
  readonly log: Logger;
}

/**
 * One subscription's way from the log to its listener: each event that it wants at least once, in order for each resource, several
 * resources at a time. What it has of memory is bounded, and it waits for nobody else.
 */
export class Delivery {
  private readonly inHand: InHand;
  private readonly patience: Patience;
  private readonly filling: Filling;
  private readonly stopped = new AbortController();
  private readonly underWay = new Set<Promise<void>>();
  private reading: Promise<void> | undefined;
  private pause: NodeJS.Timeout | undefined;
  /** By `performance.now()`. */
  private pausedUntil = 0;

  constructor(
    private current: Subscription,
    private readonly filter: EventFilter,
    private readonly options: DeliveryOptions,
  ) {
    this.inHand = new InHand(current.cursor);
    this.patience = new Patience(current.health, options);
    this.filling = new Filling(this.inHand, { tail: options.tail, filter, patience: this.patience, room: options.room });
  }

  get subscription(): Subscription {
    return this.current;
  }

  /** The same subscription with what may have been changed of it: its secrets. */
  refresh(subscription: Subscription): void {
    this.current = subscription;
  }

  private get tenure(): Tenure {
    const { id, epoch, registeredAt } = this.subscription;
    return { id, epoch, registeredAt, holder: this.options.holder };
  }

  start(): void {
    this.reading = this.read();
  }

  get progress(): Progress {
    const { id, epoch } = this.subscription;
    const { cursor, count, oldest } = this.inHand;
    return { id, epoch, cursor, health: { ...this.patience.health, waiting: count, ...(oldest ? { oldestWaiting: oldest } : {}) } };
  }

  /** Begins no further attempt; resolves when those under way have ended, so that `progress` is the last word. */
  async stop(): Promise<void> {
    this.halt();
    await this.reading;
    await Promise.all(this.underWay);
  }

  private halt(): void {
    this.stopped.abort();
    this.inHand.close();
    clearTimeout(this.pause);
    this.filling.close();
  }

  private async read(): Promise<void> {
    const { signal } = this.stopped;
    try {
      await this.filling.run(signal, () => this.pump());
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof LogGone || error instanceof LogAhead) await this.suspend(`it cannot go on: ${error.message}`);
      else this.options.log.error({ err: error, subscription: this.subscription.id }, 'a subscription cannot be read for');
    }
  }

  /** Begins as many attempts as may be under way. */
  private pump(): void {
    const most = this.patience.isDown ? 1 : this.options.concurrency;
    while (this.underWay.size < most && !this.stopped.signal.aborted && performance.now() >= this.pausedUntil) {
      const event = this.inHand.take();
      if (!event) break;
      const attempt = this.attempt(event).finally(() => {
        this.underWay.delete(attempt);
        this.pump();
      });
      this.underWay.add(attempt);
    }
    this.filling.settle();
  }

  private async attempt(event: LoggedEvent): Promise<void> {
    const outcome = await sendEvent(event, this.subscription, this.filter, this.options.sender);
    if (outcome.kind === 'delivered') {
      if (this.patience.isDown) this.inHand.wake();
      this.patience.succeeded(event.id, new Date());
      this.inHand.done(event);
    } else if (outcome.kind === 'gone') {
      await this.unregister();
    } else {
      await this.failed(event, outcome);
    }
  }

  private async failed(event: LoggedEvent, outcome: Failed): Promise<void> {
    // It may have been cut off, for which the listener is not to blame.
    if (this.stopped.signal.aborted) return;
    const { error } = outcome;
    const verdict = this.patience.failed(event.id, outcome, new Date());
    this.options.log.debug({ subscription: this.subscription.id, event: event.id, reason: error, verdict: verdict.kind }, 'event not delivered');
    if (this.patience.isWorthAWarning) this.options.log.warn({ subscription: this.subscription.id, reason: error }, 'a listener takes nothing; it is tried again and again');
    if (verdict.kind === 'suspend') await this.suspend(verdict.reason);
    else if (verdict.kind === 'park') await this.park(event, error, verdict.attempts);
    else this.wait(event, verdict.ms, verdict.allMs);
  }

  private wait(event: LoggedEvent, ms: number, allMs: number): void {
    const pump = (): void => this.pump();
    this.inHand.putBack(event, Math.max(ms, allMs), pump);
    if (allMs === 0) return;
    this.pausedUntil = Math.max(this.pausedUntil, performance.now() + allMs);
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      this.pausedUntil = 0;
      this.pump();
    }, this.pausedUntil - performance.now());
  }

  private async park(event: LoggedEvent, error: string, attempts: number): Promise<void> {
    const { store, log } = this.options;
    const { id } = this.subscription;
    const { recorded, place } = event;
    const parked: ParkedDelivery = {
      id: `${id}:${event.id}`,
      subscription: id,
      at: new Date(),
      event: event.id,
      key: recorded.key,
      order: recorded.order,
      position: place.position,
      attempts,
      error,
      content: recorded.content,
    };
    try {
      // Else it is delivered by another hub, or begins anew, or is not there any more.
      if (!(await hold('setting a delivery aside', () => store.parkDeliveries([parked], this.tenure), this.stopped.signal, log))) return;
    } catch {
      // Stopped: it was not set aside, and comes again.
      return;
    }
    log.warn({ subscription: id, event: event.id, key: recorded.key, attempts, reason: error }, 'delivery parked');
    this.inHand.done(event);
  }

  private async suspend(reason: string): Promise<void> {
    await this.ended('suspending a subscription', reason, () => this.options.store.suspend(this.tenure, reason, 'hub'));
  }

  private async unregister(): Promise<void> {
    await this.ended('removing a subscription', 'the listener answered 410', () => this.options.store.unregister(this.tenure));
  }

  /** Nothing more is to be delivered. */
  private async ended(what: string, reason: string, record: () => Promise<boolean>): Promise<void> {
    const { log } = this.options;
    const { id, callback } = this.subscription;
    try {
      const recorded = await hold(what, record, this.stopped.signal, log);
      if (recorded) log.warn({ subscription: id, host: new URL(callback).host, reason }, what);
    } catch (error) {
      if (!this.stopped.signal.aborted) log.error({ subscription: id, reason: textOf(error) }, what);
    }
    this.halt();
  }
}
