import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Backoff } from './backoff.js';
import { PermanentStoreError, textOf } from './errors.js';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Tries until it works: whoever holds keeps its place, so nothing is overtaken while a dependency is away.
 * Gives up only on a permanent error, or when the signal is aborted (then it throws the signal's reason).
 */
export async function hold<T>(what: string, attempt: () => Promise<T>, signal: AbortSignal, log: Logger, onFailure?: (what: string, error: unknown) => void): Promise<T> {
  let backoff: Backoff | undefined;
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      const result = await attempt();
      if (failures > 0) log.info({ failures }, `${what}: works again`);
      return result;
    } catch (error) {
      if (error instanceof PermanentStoreError) throw error;
      signal.throwIfAborted();
      onFailure?.(what, error);
      log.warn({ failures: failures + 1, reason: textOf(error) }, `${what}: failed, trying again`);
      backoff ??= new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
      await pause(backoff.next(), undefined, { signal });
    }
  }
}
