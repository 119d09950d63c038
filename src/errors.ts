import type { Json } from './json.js';
import type { ParkReason } from './message.js';

/** One thing that is wrong with a request or a command. */
export interface Fault {
  /** JSON pointer of the attribute, or the name of the parameter or header. */
  readonly at: string;
  readonly problem: string;
}

/**
 * What was asked is understood and refused; asking again gives the same answer.
 * `status` is the HTTP status that the caller sees, over REST and in a reply alike.
 */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly faults: readonly Fault[] = [],
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** @param what `partyRole`, `parked message` */
export function notFound(what: string, id: string): Refusal {
  return new Refusal(404, `No ${what} has this id`, [{ at: 'id', problem: id }]);
}

/** A message that can never become a command: it is parked as it came. */
export class Unacceptable extends Error {
  constructor(
    readonly reason: ParkReason,
    message: string,
  ) {
    super(message);
    this.name = 'Unacceptable';
  }
}

/** The database will never take this write, whoever tries: the commit is cut until the culprit stands alone. */
export class PermanentStoreError extends Error {
  override readonly name = 'PermanentStoreError';
}

/** Start is impossible until an operator acts: wrong topology, newer stored format, no replica set. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The broker took the command but no queue did: nothing was kept. */
export class UnroutableError extends Error {
  override readonly name = 'UnroutableError';
}

/** A dependency is known to be away; nothing was sent. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** No reply, or no confirmation, within the time allowed or before the connection was lost: the command may still be applied. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** More than the broker carries in one message; nothing was sent. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** A list query took longer than it may. */
export class QueryTooCostly extends Error {
  override readonly name = 'QueryTooCostly';
}

/** The text of anything that was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const MAX_AT = 200;
const MAX_PROBLEM = 300;
const MAX_MESSAGE = 16_000;

/** TM Forum error body (TMF630 part 1, error representation; `Error` in the TMF669 v4 specification). */
export function errorBody(status: number, reason: string, faults: readonly Fault[] = []): Json {
  // Bounded, since an answer must fit whatever carries it.
  const details = faults.map((fault) => `${fault.at.slice(0, MAX_AT)}: ${fault.problem.slice(0, MAX_PROBLEM)}`).join('; ').slice(0, MAX_MESSAGE);
  return {
    '@type': 'Error',
    code: String(status),
    reason: reason.slice(0, MAX_PROBLEM),
    message: details === '' ? reason.slice(0, MAX_PROBLEM) : details,
    status: String(status),
    referenceError: `https://www.rfc-editor.org/rfc/rfc9110#status.${status}`,
  };
}
