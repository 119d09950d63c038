import { fromText, toText, type Tables } from './embedded-tables.js';
import type { ParkedDelivery, ParkedDeliveryFilter } from './hub-store.js';

/** See `HubStore.parkDeliveries`. */
export async function parkDeliveries(tables: Tables, deliveries: readonly ParkedDelivery[]): Promise<void> {
  await tables.write(() => {
    for (const { id, at, ...rest } of deliveries) {
      removeDelivery(tables, id);
      const time = at.getTime();
      tables.deliveries.putSync(id, toText({ ...rest, at: time }));
      tables.deliveriesByTime.putSync([time, id], '');
      tables.deliveriesOf.putSync([rest.subscription, time, id], '');
    }
  });
}

/** See `HubStore.parkedDeliveries`. */
export function findDeliveries(tables: Tables, filter: ParkedDeliveryFilter, limit: number): ParkedDelivery[] {
  const found: ParkedDelivery[] = [];
  for (const delivery of candidates(tables, filter)) {
    if (found.length === limit) break;
    if (fits(delivery, filter)) found.push(delivery);
  }
  return found;
}

/** See `HubStore.countParkedDeliveries`. */
export function countDeliveries(tables: Tables, filter: ParkedDeliveryFilter): Map<string, number> {
  const counts = new Map<string, number>();
  for (const delivery of candidates(tables, filter)) {
    if (fits(delivery, filter)) counts.set(delivery.subscription, (counts.get(delivery.subscription) ?? 0) + 1);
  }
  return counts;
}

/** Inside a transaction. False when it is not there. */
export function removeDelivery(tables: Tables, id: string): boolean {
  const text = tables.deliveries.get(id);
  if (text === undefined) return false;
  const { subscription, at } = fromText(text);
  tables.deliveriesByTime.removeSync([at, id]);
  tables.deliveriesOf.removeSync([subscription, at, id]);
  return tables.deliveries.removeSync(id);
}

/** In order: those that are named, else from where the filter can begin. */
function* candidates(tables: Tables, { ids, subscription, after }: ParkedDeliveryFilter): Generator<ParkedDelivery> {
  const start = after?.at.getTime() ?? 0;
  if (ids) {
    const named = [...new Set(ids)].flatMap((id) => read(tables, id));
    yield* named.sort((one, other) => one.at.getTime() - other.at.getTime() || (one.id < other.id ? -1 : 1));
  } else if (subscription !== undefined) {
    for (const [, , id] of tables.deliveriesOf.getKeys({ start: [subscription, start, ''], end: [subscription, Infinity, ''] })) yield* read(tables, id);
  } else {
    for (const [, id] of tables.deliveriesByTime.getKeys({ start: [start, ''] })) yield* read(tables, id);
  }
}

/** None or one. */
function read(tables: Tables, id: string): ParkedDelivery[] {
  const text = tables.deliveries.get(id);
  if (text === undefined) return [];
  const { at, ...rest } = fromText(text);
  return [{ id, at: new Date(at), ...rest }];
}

function fits({ id, at, subscription }: ParkedDelivery, filter: ParkedDeliveryFilter): boolean {
  const { after } = filter;
  return (
    (filter.subscription === undefined || subscription === filter.subscription) &&
    (after === undefined || at > after.at || (at.getTime() === after.at.getTime() && id > after.id))
  );
}
