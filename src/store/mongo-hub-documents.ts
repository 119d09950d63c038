import type { Filter } from 'mongodb';
import type { ParkedDelivery, Subscription, SubscriptionLife, Tenure } from './hub-store.js';
import { FORMAT } from './store.js';

/** The `hold` of what nobody has. */
export const FREE = '';

export interface SubscriptionDocument extends Omit<Subscription, 'id'> {
  readonly _id: string;
  readonly format: number;
  /** There unless it is suspended. */
  readonly active?: true;
  /** Who delivers; absent: nobody. */
  readonly holder?: string;
  /** In which of its lives it took this, see `HubsDocument`; `FREE`: nobody holds it. */
  readonly hold: string;
  /** Counts how often deliveries of it were set aside; absent: never. */
  readonly parkings?: number;
}

/**
 * One for all hubs, so that a claim is counted in one step and all see the same. Each has a life that begins when it joins and is
 * over once it is not in the list: a life that was seen and is not there any more never comes back, so what it held is free.
 */
export interface HubsDocument {
  readonly _id: 'hubs';
  readonly alive: readonly { readonly hub: string; readonly life: string; readonly until: Date }[];
}

export interface DeliveryDocument extends Omit<ParkedDelivery, 'id'> {
  readonly _id: string;
  readonly format: number;
}

export function fromSubscriptionDocument({ _id, format: _format, active: _active, holder: _holder, hold: _hold, parkings: _parkings, ...rest }: SubscriptionDocument): Subscription {
  return { id: _id, ...rest };
}

/** Finds the subscription as long as this life, or this tenure, lasts. */
export function toLifeFilter({ id, epoch, registeredAt, ...held }: SubscriptionLife | Tenure): Filter<SubscriptionDocument> {
  return { _id: id, epoch, registeredAt, ...('holder' in held ? { holder: held.holder } : {}) };
}

export function toDeliveryDocument({ id, ...rest }: ParkedDelivery): DeliveryDocument {
  return { _id: id, ...rest, format: FORMAT };
}

export function fromDeliveryDocument({ _id, format: _format, ...rest }: DeliveryDocument): ParkedDelivery {
  return { id: _id, ...rest };
}
