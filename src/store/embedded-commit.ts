import { PermanentStoreError, textOf } from '../errors.js';
import { currentRow } from './embedded-rows.js';
import { fromText, toText, type CommitRow, type ParkedRow, type ResourceRow, type Tables, type Text } from './embedded-tables.js';
import { isRangeError } from './range-error.js';
import type { Commit, Guard, ResourceWrite } from './store.js';

interface Prepared {
  readonly rows: readonly { readonly write: ResourceWrite; readonly text: Text<ResourceRow> }[];
  readonly parked: readonly { readonly id: string; readonly at: number; readonly text: Text<ParkedRow> }[];
  readonly commitText: Text<CommitRow>;
}

/** Applies one batch as one transaction, see `Store.commit`. */
export async function commitBatch(tables: Tables, commit: Commit): Promise<'committed' | 'conflict'> {
  const { rows, parked, commitText } = prepare(commit);
  for (const { type } of [...commit.writes, ...commit.guards]) tables.type(type);
  return tables.write(() => {
    if (!isUpToDate(tables, commit)) return 'conflict';
    for (const guard of commit.guards) leaveGuard(tables, guard, commit.id);
    for (const { write, text } of rows) writeResource(tables, write, text);
    for (const { id, at, text } of parked) {
      // A message that is set aside a second time under the same id stays as it was first seen.
      if (tables.parkedIds.doesExist(id)) continue;
      tables.parkedIds.putSync(id, String(at));
      tables.parked.putSync([at, id], text);
    }
    tables.commits.putSync(commit.id, commitText);
    for (const { command } of commit.entries) if (command !== undefined) tables.receipts.putSync(command, commit.id);
    const at = commit.at.getTime();
    if (commit.entries.some(({ events }) => events.length > 0)) tables.pending.putSync(commit.id, String(at));
    else tables.published.putSync([at, commit.id], '');
    return 'committed';
  });
}

/** All rows as text, before anything is written. @throws PermanentStoreError when one is too large or too deeply nested for JSON. */
function prepare(commit: Commit): Prepared {
  try {
    return {
      rows: commit.writes.map((write) => ({ write, text: toText(toRow(write, commit)) })),
      parked: commit.parked.map(({ id, at, body, retries: _retries, ...rest }) => ({ id, at: at.getTime(), text: toText({ ...rest, body: Buffer.from(body).toString('base64') }) })),
      commitText: toText({ at: commit.at.getTime(), entries: commit.entries, previous: commit.writes.flatMap(previousOf) }),
    };
  } catch (error) {
    if (isRangeError(error)) throw new PermanentStoreError(textOf(error), { cause: error });
    throw error;
  }
}

function previousOf({ type, id, previous }: ResourceWrite): [string, string][] {
  return previous === undefined ? [] : [[`${type}/${id}`, previous]];
}

function toRow({ revision, resource, deleted, expires }: ResourceWrite, { id: commit, at }: Commit): ResourceRow {
  return { revision, commit, at: at.getTime(), resource, ...(deleted ? { expires: expires?.getTime() ?? 0 } : {}) };
}

/** Checks everything before anything is written. */
function isUpToDate(tables: Tables, commit: Commit): boolean {
  if (tables.commits.doesExist(commit.id)) return false;
  return (
    commit.guards.every(({ type, id, revision }) => currentRow(tables, type, id)?.revision === revision) &&
    commit.writes.every((write) => isAsRead(currentRow(tables, write.type, write.id), write)) &&
    commit.entries.every(({ command }) => command === undefined || !tables.receipts.doesExist(command))
  );
}

function isAsRead(row: ResourceRow | undefined, { expected, deleted, guard }: ResourceWrite): boolean {
  return (row?.revision ?? 0) === expected && (!deleted || row?.guard === guard);
}

function leaveGuard(tables: Tables, { type, id }: Guard, commit: string): void {
  const { live, tombstones } = tables.type(type);
  for (const table of [live, tombstones]) {
    const text = table.get(id);
    if (text !== undefined) table.putSync(id, toText({ ...fromText(text), guard: commit }));
  }
}

/** A guard outlives every change, so that none goes unseen by a deletion. */
function writeResource(tables: Tables, { type, id, deleted, expires }: ResourceWrite, text: Text<ResourceRow>): void {
  const { live, tombstones } = tables.type(type);
  const guard = currentRow(tables, type, id)?.guard;
  (deleted ? live : tombstones).removeSync(id);
  (deleted ? tombstones : live).putSync(id, guard === undefined ? text : toText({ ...fromText(text), guard }));
  if (deleted) tables.expiring.putSync([expires?.getTime() ?? 0, type, id], '');
}
