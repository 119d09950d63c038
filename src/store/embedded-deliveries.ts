import { fromText, toText, type Tables } from './embedded-tables.js';
import type { ParkedDelivery, ParkedDeliveryFilter } from './hub-store.js';

/** Inside a transaction. See `HubStore.parkDeliveries`. */
export function parkDelivery(tables: Tables, { id, at, ...rest }: ParkedDelivery): void {
  removeDelivery(tables, id);
  const time = at.getTime();
  tables.deliveries.putSync(id, toText({ ...rest, at: time }));
  tables.deliveriesByTime.putSync([time, id], rest.subscription);
  tables.deliveriesOf.putSync([rest.subscription, time, id], '');
}

/** See `HubStore.parkedDeliveries`. */
export function findDeliveries(tables: Tables, filter: ParkedDeliveryFilter, limit: number): ParkedDelivery[] {
  const found: ParkedDelivery[] = [];
  for (const place of places(tables, filter)) {
    if (found.length === limit) break;
    const text = fits(place, filter) ? tables.deliveries.get(place.id) : undefined;
    if (text !== undefined) found.push({ ...fromText(text), id: place.id, at: new Date(place.at) });
  }
  return found;
}

/** See `HubStore.countParkedDeliveries`. */
export function countDeliveries(tables: Tables, filter: ParkedDeliveryFilter): Map<string, number> {
  const counts = new Map<string, number>();
  for (const place of places(tables, filter)) {
    if (fits(place, filter)) counts.set(place.subscription, (counts.get(place.subscription) ?? 0) + 1);
  }
  return counts;
}

/** Inside a transaction. False when it is not there. */
export function removeDelivery(tables: Tables, id: string): boolean {
  const [place] = placeOf(tables, id);
  if (!place) return false;
  tables.deliveriesByTime.removeSync([place.at, id]);
  tables.deliveriesOf.removeSync([place.subscription, place.at, id]);
  return tables.deliveries.removeSync(id);
}

/** Inside a transaction. */
export function removeDeliveriesOf(tables: Tables, subscription: string): void {
  for (const { id } of [...places(tables, { subscription })]) removeDelivery(tables, id);
}

/** Where a delivery stands, as the keys say it: contents may be large. */
interface Place {
  readonly id: string;
  readonly subscription: string;
  /** Milliseconds. */
  readonly at: number;
}

/** In order: those that are named, else from where the filter can begin. */
function* places(tables: Tables, { ids, subscription, after }: ParkedDeliveryFilter): Generator<Place> {
  const start = after?.at.getTime() ?? 0;
  if (ids) {
    const named = [...new Set(ids)].flatMap((id) => placeOf(tables, id));
    yield* named.sort((one, other) => one.at - other.at || (one.id < other.id ? -1 : 1));
  } else if (subscription !== undefined) {
    const keys = tables.deliveriesOf.getKeys({ start: [subscription, start, ''], end: [subscription, Infinity, ''] });
    for (const [, at, id] of keys) yield { id, subscription, at };
  } else {
    for (const { key, value } of tables.deliveriesByTime.getRange({ start: [start, ''] })) yield { id: key[1], subscription: value, at: key[0] };
  }
}

/** None or one. */
function placeOf(tables: Tables, id: string): Place[] {
  const text = tables.deliveries.get(id);
  if (text === undefined) return [];
  const { subscription, at } = fromText(text);
  return [{ id, subscription, at }];
}

function fits({ id, subscription, at }: Place, filter: ParkedDeliveryFilter): boolean {
  const { after } = filter;
  const time = after?.at.getTime() ?? 0;
  return (filter.subscription === undefined || subscription === filter.subscription) && (after === undefined || at > time || (at === time && id > after.id));
}
