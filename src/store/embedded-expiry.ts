import { removeDelivery } from './embedded-deliveries.js';
import { removeParked } from './embedded-parked.js';
import { currentRow } from './embedded-rows.js';
import { fromText, type Tables } from './embedded-tables.js';

/** How many rows one transaction deletes. */
const STRIDE = 500;
/** A day, see `Store.writeNotes`. */
const NOTES_MS = 24 * 60 * 60 * 1000;

/**
 * Deletes tombstones that may vanish, old notes, and what is longer ago than the retention: commits that were published, with their
 * receipts, parked messages that were sent again, and parked deliveries.
 */
export async function sweep(tables: Tables, now: number, retentionMs: number): Promise<void> {
  while ((await tables.write(() => sweepTombstones(tables, now))) === STRIDE);
  while ((await tables.write(() => sweepCommits(tables, now - retentionMs))) === STRIDE);
  while ((await tables.write(() => sweepRetried(tables, now - retentionMs))) === STRIDE);
  while ((await tables.write(() => sweepDeliveries(tables, now - retentionMs))) === STRIDE);
  await tables.write(() => sweepNotes(tables, now - NOTES_MS));
}

function sweepTombstones(tables: Tables, now: number): number {
  const due = [...tables.expiring.getKeys({ end: [now, '', ''], limit: STRIDE })];
  for (const key of due) {
    const [, type, id] = key;
    const row = currentRow(tables, type, id);
    // It may have been created again since, or deleted again until later.
    if (row?.expires !== undefined && row.expires <= now) tables.type(type).tombstones.removeSync(id);
    tables.expiring.removeSync(key);
  }
  return due.length;
}

function sweepCommits(tables: Tables, before: number): number {
  const due = [...tables.published.getRange({ end: [before, ''], limit: STRIDE })];
  for (const { key, value: position } of due) {
    const [, id] = key;
    const text = tables.commits.get(id);
    for (const { command } of text === undefined ? [] : fromText(text).entries) if (command !== undefined) tables.receipts.removeSync(command);
    if (position !== '') tables.log.removeSync(Number(position));
    tables.commits.removeSync(id);
    tables.published.removeSync(key);
  }
  return due.length;
}

function sweepRetried(tables: Tables, before: number): number {
  const due = [...tables.retried.getKeys({ end: [before, ''], limit: STRIDE })];
  for (const [, id] of due) removeParked(tables, id);
  return due.length;
}

function sweepDeliveries(tables: Tables, before: number): number {
  const due = [...tables.deliveriesByTime.getKeys({ end: [before, ''], limit: STRIDE })];
  for (const [, id] of due) removeDelivery(tables, id);
  return due.length;
}

function sweepNotes(tables: Tables, before: number): void {
  for (const { key, value } of [...tables.notes.getRange()]) if (fromText(value).at < before) tables.notes.removeSync(key);
}
