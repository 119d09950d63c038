import type { IncomingMessage } from 'node:http';
import { Refusal } from '../errors.js';

/**
 * The value of a header that may be given once. Node would join repetitions with a comma, and a caller could so
 * add to what a trusted proxy set.
 * @throws Refusal 400 when it is repeated.
 */
export function singleHeader(request: IncomingMessage, name: string): string | undefined {
  const values = request.headersDistinct[name.toLowerCase()];
  if (values && values.length > 1) throw badHeader(name, 'must be given once');
  return values?.[0];
}

export function badHeader(name: string, problem: string): Refusal {
  return new Refusal(400, 'A request header is not valid', [{ at: name, problem }]);
}
