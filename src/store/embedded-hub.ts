import { isDeepStrictEqual } from 'node:util';
import { countDeliveries, findDeliveries, parkDelivery, removeDeliveriesOf, removeDelivery } from './embedded-deliveries.js';
import { beat, leave } from './embedded-presence.js';
import { toText, type SubscriptionRow, type Tables, type Text } from './embedded-tables.js';
import type { Claim, HubStore, NewSubscription, ParkedDelivery, ParkedDeliveryFilter, Progress, Subscription, SubscriptionLife, SubscriptionSecrets, SuspendedBy, Tenure } from './hub-store.js';

/** What the hub keeps. Whoever is in the table `hubs` is alive, and holds what it is the holder of. */
export class EmbeddedHub implements HubStore {
  /** @param ready rejects once the store is closed */
  constructor(private readonly ready: () => Promise<Tables>) {}

  async register({ id, ...asked }: NewSubscription): Promise<{ subscription: Subscription; isNew: boolean }> {
    const tables = await this.ready();
    const added = toText<SubscriptionRow>({ ...asked, registeredAt: new Date(), epoch: 0, health: { waiting: 0 } });
    return tables.write(() => {
      const found = tables.subscriptions.get(id);
      if (found === undefined) tables.subscriptions.putSync(id, added);
      return { subscription: toSubscription(id, readRow(found ?? added)), isNew: found === undefined };
    });
  }

  async subscription(id: string): Promise<Subscription | undefined> {
    const tables = await this.ready();
    const row = rowOf(tables, id);
    return row && toSubscription(id, row);
  }

  async subscriptions({ api, after }: { readonly api?: string; readonly after?: string }, limit: number): Promise<Subscription[]> {
    const tables = await this.ready();
    const found: Subscription[] = [];
    for (const { key, value } of tables.subscriptions.getRange(after === undefined ? {} : { start: after, exclusiveStart: true })) {
      if (found.length === limit) break;
      const row = readRow(value);
      if (api === undefined || row.api === api) found.push(toSubscription(key, row));
    }
    return found;
  }

  async countSubscriptions(api?: string): Promise<number> {
    const { subscriptions } = await this.ready();
    if (api === undefined) return subscriptions.getKeysCount();
    return [...subscriptions.getRange()].filter(({ value }) => readRow(value).api === api).length;
  }

  async unregister(which: string | SubscriptionLife | Tenure): Promise<boolean> {
    const tables = await this.ready();
    const id = idOf(which);
    return tables.write(() => {
      if (typeof which === 'object' && !lasts(tables, which)) return false;
      removeDeliveriesOf(tables, id);
      return tables.subscriptions.removeSync(id);
    });
  }

  async setSecrets(id: string, secrets: SubscriptionSecrets, expected: SubscriptionSecrets): Promise<boolean> {
    return this.change(id, (row) => (isDeepStrictEqual(row.secrets, expected) ? { ...row, secrets } : undefined));
  }

  async suspend(which: string | Tenure, reason: string, by: SuspendedBy): Promise<boolean> {
    return this.change(which, ({ holder: _holder, ...row }) => {
      const isSuspended = row.suspended !== undefined && (by === 'hub' || row.suspended.by === by);
      return isSuspended ? undefined : { ...row, suspended: { reason, by, at: new Date() } };
    });
  }

  /** Who holds it goes on, and finds the new epoch with its next claim; one that was suspended is free. */
  async resume(id: string, cursor?: number): Promise<boolean> {
    return this.change(id, ({ suspended: _suspended, health: { failingSince: _since, lastError: _error, ...health }, ...row }) => ({
      ...row,
      cursor: cursor ?? row.cursor,
      epoch: row.epoch + 1,
      health,
    }));
  }

  async claim(holder: string, ttlMs: number): Promise<Claim> {
    const tables = await this.ready();
    return tables.write(() => {
      const alive = new Set(beat(tables.hubs, holder, Date.now(), ttlMs));
      const active = activeRows(tables);
      const share = Math.ceil(active.length / alive.size);
      const held = active.filter(({ row }) => row.holder === holder);
      for (const { id, row } of active) {
        if (held.length >= share) break;
        if (row.holder !== undefined && alive.has(row.holder)) continue;
        put(tables, id, { ...row, holder });
        held.push({ id, row });
      }
      return { held: held.map(({ id, row }) => toSubscription(id, row)), share };
    });
  }

  async release(holder: string, ids: readonly string[]): Promise<void> {
    const tables = await this.ready();
    await tables.write(() => {
      for (const id of ids) free(tables, holder, id, rowOf(tables, id));
    });
  }

  async leaveHub(holder: string): Promise<void> {
    const tables = await this.ready();
    await tables.write(() => {
      leave(tables.hubs, holder);
      for (const { id, row } of activeRows(tables)) free(tables, holder, id, row);
    });
  }

  async recordProgress(holder: string, progress: readonly Progress[]): Promise<void> {
    const tables = await this.ready();
    await tables.write(() => {
      for (const { id, epoch, cursor, health } of progress) {
        const row = rowOf(tables, id);
        if (row?.holder === holder && row.epoch === epoch) put(tables, id, { ...row, cursor: Math.max(row.cursor, cursor), health });
      }
    });
  }

  async parkDeliveries(deliveries: readonly ParkedDelivery[], during?: Tenure): Promise<boolean> {
    const tables = await this.ready();
    return tables.write(() => {
      if (during && !lasts(tables, during)) return false;
      for (const delivery of deliveries) parkDelivery(tables, delivery);
      return true;
    });
  }

  async parkedDeliveries(filter: ParkedDeliveryFilter, limit: number): Promise<ParkedDelivery[]> {
    return findDeliveries(await this.ready(), filter, limit);
  }

  async countParkedDeliveries(filter: ParkedDeliveryFilter): Promise<Map<string, number>> {
    return countDeliveries(await this.ready(), filter);
  }

  async dropDeliveries(ids: readonly string[]): Promise<number> {
    const tables = await this.ready();
    return tables.write(() => ids.filter((id) => removeDelivery(tables, id)).length);
  }

  /** False, and nothing is changed, when it is not there or there is nothing to change. */
  private async change(which: string | Tenure, changed: (row: SubscriptionRow) => SubscriptionRow | undefined): Promise<boolean> {
    const tables = await this.ready();
    const id = idOf(which);
    return tables.write(() => {
      if (typeof which === 'object' && !lasts(tables, which)) return false;
      const row = rowOf(tables, id);
      const next = row && changed(row);
      if (next) put(tables, id, next);
      return next !== undefined;
    });
  }
}

function idOf(which: string | SubscriptionLife): string {
  return typeof which === 'string' ? which : which.id;
}

/** Inside a transaction. */
function lasts(tables: Tables, which: SubscriptionLife | Tenure): boolean {
  const row = rowOf(tables, which.id);
  const isHeld = !('holder' in which) || row?.holder === which.holder;
  return isHeld && row?.epoch === which.epoch && row.registeredAt.getTime() === which.registeredAt.getTime();
}

function free(tables: Tables, holder: string, id: string, row: SubscriptionRow | undefined): void {
  if (row?.holder !== holder) return;
  const { holder: _holder, ...rest } = row;
  put(tables, id, rest);
}

function activeRows(tables: Tables): { id: string; row: SubscriptionRow }[] {
  return [...tables.subscriptions.getRange()].map(({ key, value }) => ({ id: key, row: readRow(value) })).filter(({ row }) => !row.suspended);
}

function rowOf(tables: Tables, id: string): SubscriptionRow | undefined {
  const text = tables.subscriptions.get(id);
  return text === undefined ? undefined : readRow(text);
}

function put(tables: Tables, id: string, row: SubscriptionRow): void {
  tables.subscriptions.putSync(id, toText(row));
}

function toSubscription(id: string, { holder: _holder, ...rest }: SubscriptionRow): Subscription {
  return { id, ...rest };
}

/** The attributes that are times, wherever they are in a row; JSON has them as text. */
const TIMES: ReadonlySet<string> = new Set(['registeredAt', 'at', 'until', 'lastSuccess', 'failingSince', 'oldestWaiting']);

function readRow(text: Text<SubscriptionRow>): SubscriptionRow {
  return JSON.parse(text, (name, value: unknown) => (TIMES.has(name) && typeof value === 'string' ? new Date(value) : value)) as SubscriptionRow;
}
