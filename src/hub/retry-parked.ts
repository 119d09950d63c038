import { textOf } from '../errors.js';
import type { ParkedDelivery, Subscription } from '../store/hub-store.js';
import type { EventFilter } from './event-filter.js';
import { LoggedEvent } from './logged-event.js';
import { sendEvent } from './send-event.js';
import type { Outcome, Sender } from './sending.js';

/** One attempt to deliver what was set aside, exactly as the hub would, as the subscription is now. Never rejects. */
export async function retryParked(parked: ParkedDelivery, subscription: Subscription, filterOf: (subscription: Subscription) => EventFilter, sender: Sender): Promise<Outcome> {
  const { position, at, event: id, key, order, content } = parked;
  let filter: EventFilter;
  try {
    filter = filterOf(subscription);
  } catch (error) {
    return { kind: 'failed', error: `the subscription cannot be understood: ${textOf(error)}` };
  }
  // Its number in the commit is not known any more, and nothing that is sent depends on it.
  const event = new LoggedEvent({ position, number: 0 }, at, { topic: 'events', id, key, order, content });
  return sendEvent(event, subscription, filter, sender);
}
