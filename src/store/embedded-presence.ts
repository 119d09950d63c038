import type { Database } from 'lmdb';

/** From the name to the time until which it is alive, in milliseconds, as text. */
export type Presence = Database<string, string>;

/** Inside a transaction. See `Store.beat`; `now` in milliseconds. Whoever beats forgets the dead. */
export function beat(presence: Presence, name: string, now: number, ttlMs: number): string[] {
  for (const { key, value } of [...presence.getRange()]) if (Number(value) <= now) presence.removeSync(key);
  presence.putSync(name, String(now + ttlMs));
  return [...presence.getKeys()].sort();
}

/** Inside a transaction. See `Store.leave`. */
export function leave(presence: Presence, name: string): void {
  presence.removeSync(name);
}

/** Inside a transaction. Nobody is alive any more. */
export function forgetAll(presence: Presence): void {
  for (const name of [...presence.getKeys()]) presence.removeSync(name);
}
