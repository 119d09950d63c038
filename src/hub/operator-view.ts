import type { JsonObject } from '../json.js';
import type { HubStore, Subscription } from '../store/hub-store.js';
import { subscriptionView, subscriptionViewOf } from './subscription-view.js';

/** Where the API is that a subscription belongs to: `/tmf-api/partyRoleManagement/v4`, with the public base URL. */
export type AddressOf = (api: string) => string;

/** As the consumer sees it, and how far it has come in the log. @param parked how many deliveries were set aside, by subscription */
export function operatorView(subscription: Subscription, addressOf: AddressOf, parked: ReadonlyMap<string, number>): JsonObject {
  return { ...subscriptionView(subscription, hrefOf(subscription, addressOf), parked), position: subscription.cursor };
}

/** One as it is now. */
export async function operatorViewOf(subscription: Subscription, addressOf: AddressOf, hub: Pick<HubStore, 'countParkedDeliveries'>): Promise<JsonObject> {
  return { ...(await subscriptionViewOf(subscription, hrefOf(subscription, addressOf), hub)), position: subscription.cursor };
}

function hrefOf({ id, api }: Subscription, addressOf: AddressOf): string {
  return `${addressOf(api)}/hub/${id}`;
}
