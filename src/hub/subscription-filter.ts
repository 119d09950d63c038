import type { ResourceDefinition } from '../handlers/definition.js';
import type { Subscription } from '../store/hub-store.js';
import { parseEventQuery, type EventFilter } from './event-filter.js';

/** What a subscription wants, of its API. @throws Refusal when this version does not understand its query. */
export function subscriptionFilter({ api, query }: Pick<Subscription, 'api' | 'query'>, definitions: readonly ResourceDefinition[]): EventFilter {
  return parseEventQuery(query, definitions.filter((definition) => definition.api === api));
}
