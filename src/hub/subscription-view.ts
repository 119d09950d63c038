import type { JsonObject } from '../json.js';
import type { HubStore, Subscription } from '../store/hub-store.js';

/**
 * What is answered of a subscription (`EventSubscription` of TMF630 part 1, with extensions): never a secret.
 * @param parked how many deliveries were set aside, by subscription
 */
export function subscriptionView(subscription: Subscription, href: string, parked: ReadonlyMap<string, number>): JsonObject {
  const { id, callback, query, type, dialect, secrets } = subscription;
  return {
    id,
    href,
    callback,
    query,
    ...(type === undefined ? {} : { '@type': type }),
    dialect,
    signed: secrets.signing.length > 0,
    oauth: secrets.oauth !== undefined,
    status: { ...stateOf(subscription), ...healthOf(subscription), parked: parked.get(id) ?? 0 },
  };
}

/** One as it is now. */
export async function subscriptionViewOf(subscription: Subscription, href: string, hub: Pick<HubStore, 'countParkedDeliveries'>): Promise<JsonObject> {
  return subscriptionView(subscription, href, await hub.countParkedDeliveries({ subscription: subscription.id }));
}

function stateOf({ suspended }: Subscription): JsonObject {
  return suspended ? { state: 'suspended', reason: suspended.reason, since: suspended.at.toISOString() } : { state: 'active' };
}

function healthOf({ health: { lastSuccess, lastError, waiting, oldestWaiting } }: Subscription): JsonObject {
  return {
    ...(lastSuccess ? { lastSuccess: lastSuccess.toISOString() } : {}),
    ...(lastError ? { lastError: { at: lastError.at.toISOString(), text: lastError.text } } : {}),
    waiting,
    ...(oldestWaiting ? { oldestWaiting: oldestWaiting.toISOString() } : {}),
  };
}
