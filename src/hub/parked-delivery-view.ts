import { withoutUndefined, type JsonObject } from '../json.js';
import type { ParkedDelivery } from '../store/hub-store.js';
import type { DeliveryOutcome, ParkedHead } from './parked-deliveries.js';

/** How parked deliveries look to an operator, on the command line and over HTTP alike. */

/** One in a list: everything but its contents. */
export function deliverySummary({ id, subscription, at, event, key, order, position, attempts, error }: ParkedHead): JsonObject {
  return { id, at: at.toISOString(), subscription, event, type: key, resource: order, position, attempts, error };
}

/** With the event as it is in the log. */
export function deliveryDetails(delivery: ParkedDelivery): JsonObject {
  return { ...deliverySummary(delivery), content: JSON.parse(delivery.content) as JsonObject };
}

export function deliveryOutcomeView({ id, outcome, delivery, problem }: DeliveryOutcome): JsonObject {
  return withoutUndefined({ id, outcome, subscription: delivery?.subscription, type: delivery?.key, resource: delivery?.order, problem }) as JsonObject;
}
