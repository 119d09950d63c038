import { placeOf } from '../parked-selection.js';
import type { ParkedDeliveryFilter } from '../store/hub-store.js';

/** What an operator may say to choose parked deliveries, as text; each is a parameter of its own. */
export const DELIVERY_SELECTORS = ['subscription', 'cursor'] as const;
export type DeliverySelectors = Readonly<Partial<Record<(typeof DELIVERY_SELECTORS)[number], string>>>;

/** @throws Refusal 400 that names the parameter. */
export function deliveryFilter({ subscription, cursor }: DeliverySelectors, ids?: readonly string[]): ParkedDeliveryFilter {
  return {
    ...(ids === undefined ? {} : { ids }),
    ...(subscription === undefined ? {} : { subscription }),
    ...(cursor === undefined ? {} : { after: placeOf(cursor) }),
  };
}
