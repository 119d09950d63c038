import type { JsonObject } from '../json.js';
import type { HubStore, Subscription } from '../store/hub-store.js';
import { subscriptionView } from './subscription-view.js';

/** Where the API is that a subscription belongs to: `/tmf-api/partyRoleManagement/v4`, with the public base URL. */
export type AddressOf = (api: string) => string;

/** As the consumer sees it, and how far it has come in the log. @param parked how many deliveries were set aside, by subscription */
export function operatorView(subscription: Subscription, addressOf: AddressOf, parked: ReadonlyMap<string, number>): JsonObject {
  const { id, api, cursor } = subscription;
  return { ...subscriptionView(subscription, `${addressOf(api)}/hub/${id}`, parked.get(id) ?? 0), position: cursor };
}

/** One as it is now. */
export async function operatorViewOf(subscription: Subscription, addressOf: AddressOf, hub: Pick<HubStore, 'countParkedDeliveries'>): Promise<JsonObject> {
  return operatorView(subscription, addressOf, await hub.countParkedDeliveries({ subscription: subscription.id }));
}
