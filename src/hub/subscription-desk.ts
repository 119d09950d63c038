import { notFound, Refusal } from '../errors.js';
import type { HubStore, Subscription } from '../store/hub-store.js';
import type { Store } from '../store/store.js';
import { logBounds, outside } from './log-bounds.js';

/** Where a subscription goes on: behind what was published last, with the oldest commit that is kept, with the first since a time, or behind a position. */
export type ResumeFrom = 'now' | 'oldest' | Date | number;

/** Why a subscription is suspended when an operator says nothing else. */
export const OPERATOR_REASON = 'by an operator';

/** Subscriptions in memory at a time. */
const PAGE = 100;

/** What an operator does about subscriptions: one implementation for the command line and for HTTP. */
export class SubscriptionDesk {
  private readonly hub: HubStore;

  constructor(private readonly store: Pick<Store, 'hub' | 'readLog' | 'lastPosition'>) {
    this.hub = store.hub;
  }

  /** All, in order of id. */
  async *all(): AsyncGenerator<Subscription> {
    let after: string | undefined;
    for (;;) {
      const page = await this.hub.subscriptions(after === undefined ? {} : { after }, PAGE);
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)?.id;
    }
  }

  /** @throws Refusal 404. */
  async find(id: string): Promise<Subscription> {
    const subscription = await this.hub.subscription(id);
    if (!subscription) throw notFound('subscription', id);
    return subscription;
  }

  /** Its answer is as it is then; one that an operator suspended before keeps its reason. @throws Refusal 404. */
  async suspend(id: string, reason: string): Promise<Subscription> {
    await this.hub.suspend(id, reason, 'operator');
    return this.find(id);
  }

  /**
   * One that is active begins again there, too.
   * @param from absent: where it stopped
   * @throws Refusal 404, 409 when the log does not have what comes next.
   */
  async resume(id: string, from?: ResumeFrom): Promise<Subscription> {
    const { cursor } = await this.find(id);
    const position = await this.positionOf(from ?? cursor);
    const isThere = await this.hub.resume(id, from === undefined ? undefined : position);
    if (!isThere) throw notFound('subscription', id);
    return this.find(id);
  }

  /** With what was parked for it. @throws Refusal 404. */
  async remove(id: string): Promise<void> {
    if (!(await this.hub.unregister(id))) throw notFound('subscription', id);
  }

  private async positionOf(from: ResumeFrom): Promise<number> {
    const bounds = await logBounds(this.store);
    if (from === 'now') return bounds.last;
    if (from === 'oldest') return bounds.first;
    if (from instanceof Date) return this.positionAt(from, bounds.last);
    const problem = outside(from, bounds);
    if (problem !== undefined) throw new Refusal(409, 'It cannot go on there', [{ at: 'from', problem }]);
    return from;
  }

  /** Before the first commit of this time or later. */
  private async positionAt(time: Date, last: number): Promise<number> {
    const [since] = await this.store.readLog(0, 1, { from: time });
    return since ? since.position - 1 : last;
  }
}
