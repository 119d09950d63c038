import type { Health, NewSubscription, ParkedDelivery } from '../../src/store/hub-store.js';

export function newSubscription(id: string, parts: Partial<NewSubscription> = {}): NewSubscription {
  return { id, api: 'partyRoleManagement', callback: 'https://listener.example/events', query: '', dialect: 'tmf', secrets: { signing: [] }, cursor: 0, ...parts };
}

/** Of a listener to which nothing was delivered yet, but for what is given. */
export function health(parts: Partial<Health> = {}): Health {
  return { waiting: 0, ...parts };
}

/** At a time that is still to come, for what is parked vanishes after the retention. */
export function parkedDelivery(subscription: string, event: string, parts: Partial<ParkedDelivery> = {}): ParkedDelivery {
  return {
    id: `${subscription}:${event}`,
    subscription,
    at: new Date('2126-01-02T03:04:05.678Z'),
    event,
    key: 'partyRole.PartyRoleCreateEvent',
    order: 'partyRole/1',
    position: 7,
    attempts: 3,
    error: '500 Internal Server Error',
    content: `{"id":"${event}"}`,
    ...parts,
  };
}
