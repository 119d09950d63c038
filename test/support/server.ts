/** A real server that tests talk to. */
export interface Server {
  /** What a client connects to. */
  readonly url: string;
  /** Its process, where it is one of this machine's own. */
  readonly pid?: number | undefined;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** Sends the signal (default SIGKILL) to the server's own process and, unless it is SIGSTOP or SIGCONT, waits for its end. Its data stay. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it with SIGTERM if it runs, starts it on the same port and data, and waits until it serves. */
  restart(): Promise<void>;
}

export type Kind = 'mongo' | 'rabbit' | 'nats';

export const kinds: readonly Kind[] = ['mongo', 'rabbit', 'nats'];

/** How long a server may take to serve after its start, in milliseconds; a busy two-core machine needs some of it. */
export const START_LIMIT_MS = 90_000;

/** How long one attempt may take: a client can wait for ever for a server that dies during the handshake. */
const ATTEMPT_LIMIT_MS = 10_000;

/** Calls `attempt` until it succeeds or `check` throws. @throws with the last failure when the time is over. */
export async function eventually(what: string, attempt: () => Promise<void>, check: () => void = () => undefined): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    check();
    try {
      return await within(ATTEMPT_LIMIT_MS, attempt());
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} does not serve after ${START_LIMIT_MS} ms`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
