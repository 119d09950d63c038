/** As long as the writes under way may take to end. */
const PATIENCE_MS = 2_000;

const writes = new Set<Promise<unknown>>();
let isExiting = false;

/**
 * Begins a write whose content a thread of the pool asks this thread for. `process.exit` waits for the pool, and would amid such a
 * write wait for ever. None begins any more once the process is to exit: then the promise stays open.
 */
export function holdingUpExit<T>(begin: () => Promise<T>): Promise<T> {
  if (isExiting) return new Promise(() => undefined);
  const write = begin();
  writes.add(write);
  const done = (): boolean => writes.delete(write);
  write.then(done, done);
  return write;
}

/** As `process.exit`, once the writes under way have ended. One that does not end is cut off with the process, by SIGKILL. */
export function exitProcess(code: number): void {
  if (isExiting) return;
  isExiting = true;
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), PATIENCE_MS);
  void Promise.allSettled(writes).then(() => process.exit(code));
}
