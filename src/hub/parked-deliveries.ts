import type { HubStore, ParkedDelivery, ParkedDeliveryFilter, Subscription } from '../store/hub-store.js';
import { firstOf, pagesOf, type TimedPlace } from '../timed-pages.js';
import type { EventFilter } from './event-filter.js';
import { retryParked } from './retry-parked.js';
import type { Sender } from './sending.js';

/** A listener that takes nothing for so long, one attempt after the other, is left alone. */
const PATIENCE_MS = 30_000;

/** Without its content. */
export type ParkedHead = Omit<ParkedDelivery, 'content'>;

export interface DeliveryPage<View> {
  readonly deliveries: readonly View[];
  /** By subscription, of all that the filter lets through, not of this page alone. */
  readonly counts: ReadonlyMap<string, number>;
  /** The last one, when there are more behind it. */
  readonly next?: TimedPlace;
}

/** What became of one parked delivery. */
export interface DeliveryOutcome {
  readonly id: string;
  /**
   * `delivered`: the listener has it now, and it is not parked any more. `retry` and `drop`: what a dry run would have done.
   * `skipped`: its subscription is suspended. `failed`: it stays as it is, or is not there.
   */
  readonly outcome: 'delivered' | 'dropped' | 'retry' | 'drop' | 'skipped' | 'failed';
  /** Where there is one. */
  readonly delivery?: ParkedHead;
  readonly problem?: string;
}

export interface DeliveryRetryOptions {
  /** Absent: a dry run. */
  readonly sender?: Sender;
  readonly filterOf: (subscription: Subscription) => EventFilter;
  /** Default: half a minute. */
  readonly patienceMs?: number;
}

/** What one run learned. */
interface Run extends DeliveryRetryOptions {
  /** Subscription and resource of which one was not taken: a later one must not overtake it. */
  readonly stuck: Set<string>;
  /** Milliseconds that attempts to a subscription took, since the last that succeeded. */
  readonly spent: Map<string, number>;
}

/** The operator's view of deliveries that were set aside: one implementation for the command line and for HTTP. */
export class ParkedDeliveries {
  constructor(private readonly store: HubStore) {}

  /** One page, each as `view` makes it. */
  async list<View>(filter: ParkedDeliveryFilter, limit: number, view: (delivery: ParkedDelivery) => View): Promise<DeliveryPage<View>> {
    const { after: _, ...all } = filter;
    const counts = await this.store.countParkedDeliveries(all);
    const { items, ...rest } = await firstOf(this.pages(filter, limit + 1), limit, view);
    return { deliveries: items, counts, ...rest };
  }

  async find(id: string): Promise<ParkedDelivery | undefined> {
    const [delivery] = await this.store.parkedDeliveries({ ids: [id] }, 1);
    return delivery;
  }

  /**
   * Delivers the selected ones, at most `limit`, one after the other, in the order of the log for each resource, and deletes those that
   * were taken. Whoever ends between the two delivers it again: the listener knows it by its id. A subscription whose listener answers
   * 410 is removed, with all that was parked for it.
   */
  async *retry(filter: ParkedDeliveryFilter, limit: number, options: DeliveryRetryOptions): AsyncGenerator<DeliveryOutcome> {
    const selected: ParkedHead[] = [];
    for await (const page of this.pages(filter, limit)) selected.push(...page.map(headOf));
    // Two events of one commit keep the order in which they were set aside.
    selected.sort((one, other) => one.position - other.position);
    const run: Run = { ...options, stuck: new Set(), spent: new Map() };
    for (const head of selected) {
      const result = await this.retryOne(head, run);
      if (result.outcome === 'failed') run.stuck.add(placeOf(head));
      yield { id: head.id, delivery: head, ...result };
    }
    yield* unseen(filter, new Set(selected.map(({ id }) => id)));
  }

  /** Deletes the selected ones, at most `limit`, for good. */
  async *drop(filter: ParkedDeliveryFilter, limit: number, { dryRun, now }: { readonly dryRun: boolean; readonly now: () => Date }): AsyncGenerator<DeliveryOutcome> {
    const seen = new Set<string>();
    const began = now();
    for await (const page of this.pages(filter, limit)) {
      // What is set aside meanwhile was seen by nobody.
      const known = filter.ids ? page : page.filter(({ at }) => at <= began);
      if (!dryRun && known.length > 0) await this.store.dropDeliveries(known.map(({ id }) => id));
      for (const delivery of known) {
        seen.add(delivery.id);
        yield { id: delivery.id, outcome: dryRun ? 'drop' : 'dropped', delivery: headOf(delivery) };
      }
      if (known.length < page.length) return;
    }
    yield* unseen(filter, seen);
  }

  private async retryOne(head: ParkedHead, run: Run): Promise<Pick<DeliveryOutcome, 'outcome' | 'problem'>> {
    const { spent, stuck, sender, patienceMs = PATIENCE_MS } = run;
    const subscription = await this.store.subscription(head.subscription);
    if (!subscription) return failed('its subscription is not there any more');
    if (subscription.suspended) return { outcome: 'skipped', problem: 'its subscription is suspended: resume it first' };
    if (stuck.has(placeOf(head))) return failed('an earlier one of the same resource was not taken');
    if ((spent.get(subscription.id) ?? 0) >= patienceMs) return failed('the listener took none for too long, and is left alone');
    if (!sender) return { outcome: 'retry' };
    const delivery = await this.find(head.id);
    return delivery ? this.send(delivery, subscription, sender, run) : failed('somebody else delivered or dropped it meanwhile');
  }

  private async send(delivery: ParkedDelivery, subscription: Subscription, sender: Sender, { filterOf, spent }: Run): Promise<Pick<DeliveryOutcome, 'outcome' | 'problem'>> {
    const began = performance.now();
    const outcome = await retryParked(delivery, subscription, filterOf, sender);
    switch (outcome.kind) {
      case 'delivered':
        spent.delete(subscription.id);
        await this.store.dropDeliveries([delivery.id]);
        return { outcome: 'delivered' };
      case 'gone':
        // Its answer is about the registration that it was sent for.
        if (await this.store.unregister(subscription)) return failed('the listener answered 410: the subscription is removed, with all that was parked for it');
        return failed('the listener answered 410, and its subscription was removed, resumed or registered anew meanwhile: nothing more is removed');
      case 'failed':
        spent.set(subscription.id, (spent.get(subscription.id) ?? 0) + performance.now() - began);
        return failed(outcome.error);
    }
  }

  private pages({ after, ...filter }: ParkedDeliveryFilter, limit: number): AsyncGenerator<readonly ParkedDelivery[]> {
    return pagesOf((size, place) => this.store.parkedDeliveries({ ...filter, ...(place ? { after: place } : {}) }, size), limit, after);
  }
}

function failed(problem: string): Pick<DeliveryOutcome, 'outcome' | 'problem'> {
  return { outcome: 'failed', problem };
}

function headOf({ content: _, ...head }: ParkedDelivery): ParkedHead {
  return head;
}

function placeOf({ subscription, order }: ParkedHead): string {
  return `${subscription} ${order}`;
}

function* unseen({ ids = [] }: ParkedDeliveryFilter, seen: ReadonlySet<string>): Generator<DeliveryOutcome> {
  for (const id of ids) if (!seen.has(id)) yield { id, outcome: 'failed', problem: 'no parked delivery that is selected has this id' };
}
