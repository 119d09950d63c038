import { textOf } from '../errors.js';
import type { Subscription } from '../store/hub-store.js';
import { outgoingOf } from './dialect.js';
import type { EventFilter } from './event-filter.js';
import type { LoggedEvent } from './logged-event.js';
import type { Outcome, Sender } from './sending.js';

/** One attempt to deliver an event as the subscription wants it. Never rejects. */
export async function sendEvent(event: LoggedEvent, subscription: Pick<Subscription, 'callback' | 'dialect' | 'secrets'>, filter: EventFilter, sender: Sender): Promise<Outcome> {
  const { callback, dialect, secrets } = subscription;
  try {
    const outgoing = outgoingOf(event, dialect, filter.slim(event.envelope));
    return await sender.send({ callback, ...outgoing, id: event.id, ...secrets });
  } catch (error) {
    return { kind: 'failed', error: `it cannot be sent: ${textOf(error)}` };
  }
}
