import { errorBody, QueryTooCostly, Refusal, TimeoutError, TooLargeError, UnavailableError, UnroutableError } from '../errors.js';
import type { Reply } from '../message.js';

export const RETRY_AFTER_SECONDS = '5';

/** A refusal whose answer needs headers: `Allow`, `Accept-Patch`, … */
export class RefusalWithHeaders extends Refusal {
  constructor(
    status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>>,
  ) {
    super(status, message);
  }
}

/** The TM Forum error answer to anything that was thrown; what is not foreseen becomes a 500 that tells nothing. */
export function errorResponse(error: unknown): Reply {
  if (error instanceof Refusal) {
    const headers = error instanceof RefusalWithHeaders ? error.headers : {};
    return { status: error.status, headers, body: errorBody(error.status, error.message, error.faults) };
  }
  if (error instanceof TimeoutError) return plain(504, NO_ANSWER);
  if (error instanceof TooLargeError) return plain(413, 'The message bus does not carry a body as large as this');
  if (error instanceof UnavailableError) return unavailable('The message bus or the database is away');
  if (error instanceof QueryTooCostly) return unavailable('The query takes too long');
  if (error instanceof UnroutableError) return unavailable('No queue takes this command');
  const status = requestFault(error);
  return status === undefined ? plain(500, 'Internal error') : plain(status, REQUEST_FAULTS[status] ?? 'The request cannot be read');
}

const NO_ANSWER =
  'No answer in time; the command may still be applied. The same request may safely be sent again with the same Idempotency-Key, if it had one.';

/** 503: nothing was done, and the same request may work soon. */
export function unavailable(reason: string): Reply {
  return { status: 503, headers: { 'Retry-After': RETRY_AFTER_SECONDS }, body: errorBody(503, reason) };
}

function plain(status: number, reason: string): Reply {
  return { status, headers: {}, body: errorBody(status, reason) };
}

const REQUEST_FAULTS: Readonly<Record<number, string>> = {
  413: 'The request body is too large',
  415: 'This Content-Encoding is not supported',
};

/** The status of an error that Express or its body reader blames on the request: a path or body that cannot be decoded. */
function requestFault(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}
