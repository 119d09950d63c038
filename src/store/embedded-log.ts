import { fromText, type CommitRow, type Tables } from './embedded-tables.js';
import { inSerialOrder } from './serial-order.js';
import { commitId, incarnationOf, type Between, type LoggedCommit, type PastPlace, type PendingCommit, type PendingFilter, type Receipt, type StoredCommit } from './store.js';

/** See `Store.receipts`. */
export function findReceipts(tables: Tables, commands: readonly string[]): Map<string, Receipt> {
  const entriesOf = new Map<string, CommitRow['entries']>();
  const receipts = new Map<string, Receipt>();
  for (const command of commands) {
    const commit = tables.receipts.get(command);
    if (commit === undefined) continue;
    const entries = entriesOf.get(commit) ?? readRow(tables, commit)?.entries ?? [];
    entriesOf.set(commit, entries);
    const entry = entries.find((candidate) => candidate.command === command);
    if (entry) receipts.set(command, { commit, entry });
  }
  return receipts;
}

/** See `Store.pending`. */
export function findPending(tables: Tables, filter: PendingFilter): PendingCommit[] {
  const ids = 'upTo' in filter ? pendingUpTo(tables, filter.upTo) : pendingBefore(tables, filter.before.getTime()).slice(0, filter.limit);
  return ids.flatMap((id) => {
    const row = readRow(tables, id);
    return row ? [{ id, at: new Date(row.at), events: row.entries.flatMap(({ events }) => events) }] : [];
  });
}

function pendingUpTo(tables: Tables, upTo: string): string[] {
  const incarnation = incarnationOf(upTo);
  const ids = [...tables.pending.getKeys({ start: commitId(incarnation, 0), end: upTo, inclusiveEnd: true })];
  // Between two ids of one incarnation there may be those of another whose name continues the first's.
  return ids.filter((id) => incarnationOf(id) === incarnation);
}

function pendingBefore(tables: Tables, before: number): string[] {
  const rows = [...tables.pending.getRange()].map(({ key, value }) => ({ id: key, at: Number(value) }));
  const old = rows.filter(({ at }) => at < before).sort((a, b) => a.at - b.at);
  return inSerialOrder(old, ({ id }) => id).map(({ id }) => id);
}

/** See `Store.markPublished`. */
export function markPublished(tables: Tables, ids: readonly string[]): Promise<void> {
  const now = Date.now();
  return tables.write(() => {
    let position = lastPosition(tables);
    for (const id of ids) {
      if (!tables.pending.removeSync(id)) continue;
      position += 1;
      tables.log.putSync(position, id);
      tables.published.putSync([now, id], String(position));
    }
    tables.meta.putSync('position', String(position));
  });
}

/** See `Store.readLog`. */
export function readLog(tables: Tables, after: number, limit: number, { from, to }: Between): LoggedCommit[] {
  const found: LoggedCommit[] = [];
  for (const { key, value } of tables.log.getRange({ start: after + 1 })) {
    if (found.length === limit) break;
    const row = readRow(tables, value);
    if (!row || (from && row.at < from.getTime()) || (to && row.at > to.getTime())) continue;
    found.push({ id: value, position: key, at: new Date(row.at), entries: row.entries });
  }
  return found;
}

/** See `Store.lastPosition`. */
export function lastPosition(tables: Tables): number {
  return Number(tables.meta.get('position') ?? 0);
}

/** See `Store.readCommit`. */
export function readCommit(tables: Tables, id: string): StoredCommit | undefined {
  const row = readRow(tables, id);
  return row && { id, at: new Date(row.at), entries: row.entries, previous: new Map(row.previous) };
}

/** See `Store.readPast`. */
export function readPast(tables: Tables, places: readonly PastPlace[]): Map<string, StoredCommit> {
  const asked = new Map<string, Set<string>>();
  for (const { commit, order } of places) asked.set(commit, (asked.get(commit) ?? new Set()).add(order));
  const found = new Map<string, StoredCommit>();
  for (const [id, orders] of asked) {
    const commit = readCommit(tables, id);
    if (!commit) continue;
    const entries = commit.entries.map((entry) => ({ ...entry, events: entry.events.filter(({ order }) => orders.has(order)) })).filter(({ events }) => events.length > 0);
    found.set(id, { ...commit, entries, previous: new Map([...commit.previous].filter(([order]) => orders.has(order))) });
  }
  return found;
}

function readRow(tables: Tables, id: string): CommitRow | undefined {
  const text = tables.commits.get(id);
  return text === undefined ? undefined : fromText(text);
}
