import type { Collections } from './mongo-documents.js';
import type { Note } from './store.js';

/** See `Store.notes`. */
export async function findNotes({ notes }: Collections, messages: readonly string[]): Promise<Map<string, Note>> {
  const found = await notes.find({ _id: { $in: [...messages] } }, { batchSize: messages.length + 1 }).toArray();
  return new Map(found.map(({ _id, note }) => [_id, note]));
}

/** See `Store.writeNotes`. */
export async function writeNotes({ notes }: Collections, messages: readonly string[], note: Note): Promise<void> {
  if (messages.length === 0) return;
  const at = new Date();
  const operations = messages.map((_id) => ({ replaceOne: { filter: { _id }, replacement: { note, at }, upsert: true } }));
  await notes.bulkWrite(operations, { ordered: false });
}

/** See `Store.removeNotes`. */
export async function removeNotes({ notes }: Collections, messages: readonly string[]): Promise<void> {
  await notes.deleteMany({ _id: { $in: [...messages] } });
}
