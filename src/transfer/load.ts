import { setTimeout as pause } from 'node:timers/promises';
import { Backoff } from '../backoff.js';
import { errorBody, Refusal, TimeoutError, UnavailableError, textOf } from '../errors.js';
import { isObject } from '../json.js';
import { REPLAYED, type Reply } from '../message.js';
import { ToolError } from '../tool-error.js';
import type { Line } from './lines.js';
import { isBlank, recordOf, type ImportRecord, type Origin } from './record.js';
import type { Target } from './target.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
/** So many runs may have refused a record before this one; then their answer stays. */
const MAX_ATTEMPTS = 100;
const BURST_MS = 50;
const WARNING = 'warning';

/** What became of a line. */
export interface Outcome {
  readonly line: Line;
  /** `alreadyThere`: an earlier run, or an earlier line, created it. `blank`: there is nothing in it. */
  readonly kind: 'created' | 'alreadyThere' | 'refused' | 'blank';
  readonly id?: string;
  readonly status?: number;
  /** Why it was refused: every attribute with what is wrong with it. */
  readonly fault?: string;
  /** What the service said though it accepted it. */
  readonly warning?: string;
}

export interface LoadOptions {
  readonly origin: Origin;
  readonly target: Target;
  /** Records without an answer at a time. */
  readonly concurrency: number;
  /** Records in a second, at most. */
  readonly rate?: number;
  /** How long nobody may answer anything before this gives up: at first, and once there were answers. */
  readonly patienceMs: readonly [number, number];
  /** The longest line, for the texts of errors. */
  readonly maxBytes: number;
  /** Told why nobody answers, and with undefined that somebody does again. */
  readonly onWaiting?: (why: string | undefined) => void;
}

/**
 * Creates a resource for each line, and waits for each answer. Yields in the order of the lines.
 * @throws ToolError when it cannot go on; what was yielded before is done.
 */
export async function* load(lines: AsyncIterable<Line>, options: LoadOptions): AsyncGenerator<Outcome> {
  const loader = new Loader(options);
  const underWay: Promise<Outcome>[] = [];
  for await (const line of paced(lines, options.rate)) {
    const outcome = loader.load(line);
    // It is waited for in its turn.
    outcome.catch(() => undefined);
    underWay.push(outcome);
    if (underWay.length >= options.concurrency) yield underWay.shift() as Promise<Outcome>;
  }
  for (const outcome of underWay) yield outcome;
}

/** The same, at most so many in a second. */
async function* paced<T>(items: AsyncIterable<T>, rate: number | undefined): AsyncGenerator<T> {
  let due = 0;
  for await (const item of items) {
    if (rate !== undefined) {
      const now = performance.now();
      // Timers are late: what became due meanwhile goes at once.
      due = Math.max(due, now - BURST_MS);
      if (due - now >= 1) await pause(due - now);
      due += 1_000 / rate;
    }
    yield item;
  }
}

class Loader {
  private answeredAt = 0;

  constructor(private readonly options: LoadOptions) {}

  async load(line: Line): Promise<Outcome> {
    const { bytes } = line;
    if (bytes && isBlank(bytes)) return { line, kind: 'blank' };
    let record: ImportRecord;
    try {
      if (!bytes) throw new Refusal(413, 'The line is too long', [{ at: '/', problem: `is longer than ${this.options.maxBytes} bytes` }]);
      record = recordOf(bytes, this.options.origin);
    } catch (error) {
      if (error instanceof Refusal) return { line, kind: 'refused', status: error.status, fault: faultIn(errorBody(error.status, error.message, error.faults)) };
      throw error;
    }
    return outcomeOf(line, record, await this.decided(record));
  }

  /** An earlier run's refusal is no answer to this one: what was wrong may be mended. So it is asked anew. */
  private async decided(record: ImportRecord): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const reply = await this.answered(record, attempt);
      if (reply.status === 201 || headerOf(reply, REPLAYED) === undefined || attempt === MAX_ATTEMPTS) return reply;
    }
  }

  private async answered(record: ImportRecord, attempt: number): Promise<Reply> {
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    const begun = performance.now();
    for (;;) {
      try {
        const reply = await this.options.target.create(record, attempt);
        this.answeredAt = performance.now();
        this.options.onWaiting?.(undefined);
        return reply;
      } catch (error) {
        if (!(error instanceof UnavailableError || error instanceof TimeoutError)) throw error;
        const silentMs = performance.now() - Math.max(begun, this.answeredAt);
        const [first, later] = this.options.patienceMs;
        if (silentMs > (this.answeredAt === 0 ? first : later)) throw new ToolError(`no answer for ${Math.round(silentMs / 1_000)} s: ${textOf(error)}`);
        this.options.onWaiting?.(textOf(error));
        await pause(backoff.next());
      }
    }
  }
}

function outcomeOf(line: Line, { id }: ImportRecord, reply: Reply): Outcome {
  if (reply.status !== 201) return { line, kind: 'refused', id, status: reply.status, fault: faultIn(reply.body) };
  const warning = headerOf(reply, WARNING);
  const kind = headerOf(reply, REPLAYED) === undefined ? 'created' : 'alreadyThere';
  return { line, kind, id, ...(warning === undefined ? {} : { warning }) };
}

/** The text of a TM Forum error body that names the attributes. */
function faultIn(body: Reply['body']): string {
  const { message, reason } = isObject(body) ? body : {};
  return [message, reason].find((text) => typeof text === 'string') ?? 'no reason was given';
}

/** A reply on the bus has the usual spelling, one over HTTP small letters. */
function headerOf({ headers }: Reply, name: string): string | undefined {
  return Object.entries(headers).find(([header]) => header.toLowerCase() === name.toLowerCase())?.[1];
}
