import type { ParkReason } from '../message.js';
import { fromText, toText, type ParkedRow, type Tables } from './embedded-tables.js';
import type { ParkedFilter, ParkedMessage, Retry } from './store.js';

/** See `Store.parked`. */
export function findParked(tables: Tables, filter: ParkedFilter, limit: number): ParkedMessage[] {
  const found: ParkedMessage[] = [];
  for (const message of candidates(tables, filter)) {
    if (found.length === limit) break;
    if (fits(message, filter)) found.push(message);
  }
  return found;
}

/** See `Store.countParked`. */
export function countParked(tables: Tables, filter: ParkedFilter): Map<ParkReason, number> {
  const counts = new Map<ParkReason, number>();
  for (const message of candidates(tables, filter)) {
    if (fits(message, filter)) counts.set(message.reason, (counts.get(message.reason) ?? 0) + 1);
  }
  return counts;
}

/** See `Store.recordRetry`. */
export function recordRetry(tables: Tables, id: string, number: number, retry: Retry): Promise<boolean> {
  return tables.write(() => {
    const key = keyOf(tables, id);
    const text = key && tables.parked.get(key);
    if (!key || text === undefined) return false;
    const row = fromText(text);
    const retries = row.retries ?? [];
    if (retries.length !== number) return false;
    const last = retries.at(-1);
    if (last) tables.retried.removeSync([last.at, id]);
    const at = retry.at.getTime();
    tables.retried.putSync([at, id], '');
    tables.parked.putSync(key, toText({ ...row, retries: [...retries, { ...retry, at }] }));
    return true;
  });
}

/** See `Store.dropParked`. */
export function dropParked(tables: Tables, ids: readonly string[]): Promise<number> {
  return tables.write(() => [...new Set(ids)].filter((id) => removeParked(tables, id)).length);
}

/** Inside a transaction. False when it is gone already. */
export function removeParked(tables: Tables, id: string): boolean {
  const key = keyOf(tables, id);
  const text = key && tables.parked.get(key);
  if (!key || text === undefined) return false;
  const last = fromText(text).retries?.at(-1);
  if (last) tables.retried.removeSync([last.at, id]);
  tables.parked.removeSync(key);
  tables.parkedIds.removeSync(id);
  return true;
}

function keyOf(tables: Tables, id: string): [number, string] | undefined {
  const at = tables.parkedIds.get(id);
  return at === undefined ? undefined : [Number(at), id];
}

/** In order: those that are named, else from where the filter can begin to where it ends. */
function* candidates(tables: Tables, { ids, from, to, after }: ParkedFilter): Generator<ParkedMessage> {
  if (ids) {
    const keys = [...new Set(ids)].map((id) => keyOf(tables, id)).filter((key) => key !== undefined);
    for (const key of keys.sort(([at, id], [otherAt, otherId]) => at - otherAt || (id < otherId ? -1 : 1))) {
      const text = tables.parked.get(key);
      if (text !== undefined) yield messageOf(key, fromText(text));
    }
    return;
  }
  const start = Math.max(from?.getTime() ?? 0, after?.at.getTime() ?? 0);
  const end = to ? { end: [to.getTime() + 1, ''] as [number, string] } : {};
  for (const { key, value } of tables.parked.getRange({ start: [start, ''], ...end })) yield messageOf(key, fromText(value));
}

function messageOf([at, id]: [number, string], { body, retries, attributes = {}, ...rest }: ParkedRow): ParkedMessage {
  return {
    id,
    at: new Date(at),
    ...rest,
    attributes,
    body: new Uint8Array(Buffer.from(body, 'base64')),
    ...(retries ? { retries: retries.map((retry) => ({ ...retry, at: new Date(retry.at) })) } : {}),
  };
}

function fits(message: ParkedMessage, { reason, type, subject, from, to, state, after }: ParkedFilter): boolean {
  return (
    (reason === undefined || message.reason === reason) &&
    (type === undefined || message.type === type) &&
    (subject === undefined || message.subject === subject) &&
    (from === undefined || message.at >= from) &&
    (to === undefined || message.at <= to) &&
    (state === undefined || (message.retries !== undefined) === (state === 'retried')) &&
    (after === undefined || message.at > after.at || (message.at.getTime() === after.at.getTime() && message.id > after.id))
  );
}
