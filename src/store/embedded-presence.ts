import type { Tables } from './embedded-tables.js';

/** See `Store.beat`; `now` in milliseconds. Whoever beats forgets the dead. */
export function beat(tables: Tables, worker: string, now: number, ttlMs: number): Promise<string[]> {
  return tables.write(() => {
    for (const { key, value } of [...tables.presence.getRange()]) if (Number(value) <= now) tables.presence.removeSync(key);
    tables.presence.putSync(worker, String(now + ttlMs));
    return [...tables.presence.getKeys()].sort();
  });
}

/** See `Store.leave`. */
export async function leave(tables: Tables, worker: string): Promise<void> {
  await tables.write(() => {
    tables.presence.removeSync(worker);
  });
}
