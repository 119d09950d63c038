import type { JsonObject } from '../json.js';
import { ref } from './resource-components.js';

const TEXT = { type: 'string' };

/** What `errorBody` makes. */
export const ERROR_SCHEMA: JsonObject = {
  description: 'TM Forum error (TMF630 part 1, error representation).',
  type: 'object',
  properties: {
    '@type': { const: 'Error' },
    code: { ...TEXT, pattern: '^\\d{3}$' },
    reason: { ...TEXT, description: 'What is wrong, for people.' },
    message: { ...TEXT, description: 'Every fault with its place, separated by semicolons; the reason where there is none.' },
    status: { ...TEXT, pattern: '^\\d{3}$' },
    referenceError: { ...TEXT, format: 'uri' },
  },
  required: ['@type', 'code', 'reason', 'message', 'status', 'referenceError'],
};

const MEANINGS = {
  400: 'A parameter, header or attribute is not valid: each that is at fault is named, of a body the first hundred.',
  403: 'This target is not allowed here.',
  404: 'It does not exist.',
  406: '`Accept` excludes what is answered here.',
  409: 'It contradicts what is there: an id that is taken, a transition that the life cycle does not allow, a failed `test`, references that would be left without their target, or a target that is missing.',
  410: 'What was asked for is not kept any more.',
  412: 'None of the revisions in `If-Match` is the present one.',
  413: 'Too large, or nested too deeply.',
  414: 'The query string is too long.',
  415: 'The media type is not one of those that are accepted.',
  422: 'The same `Idempotency-Key` came before with another content.',
  500: 'A fault of this service.',
  503: 'Bus or database are away, or too much is under way: nothing was done.',
  504: 'No answer in time; it may still be applied. Repeat it with the same `Idempotency-Key`.',
} as const;

export type ErrorStatus = keyof typeof MEANINGS;

/** Those that any answer may have. */
const ALWAYS: readonly ErrorStatus[] = [500, 503];
/** Headers beside those that every answer has. */
const HEADERS: Partial<Record<ErrorStatus, JsonObject>> = {
  415: { 'Accept-Post': { schema: TEXT }, 'Accept-Patch': { schema: TEXT } },
  503: { 'Retry-After': { description: 'Seconds.', schema: { ...TEXT, pattern: '^\\d+$' } } },
};

/** The error answers of an operation, by status. */
export function errorResponses(...statuses: readonly ErrorStatus[]): JsonObject {
  return Object.fromEntries([...statuses, ...ALWAYS].map((status) => [String(status), { $ref: `#/components/responses/Error${status}` }]));
}

/** @param headers what every answer has */
export function errorComponents(headers: JsonObject): JsonObject {
  const statuses = Object.keys(MEANINGS).map(Number) as ErrorStatus[];
  return Object.fromEntries(
    statuses.map((status) => [
      `Error${status}`,
      { description: MEANINGS[status], headers: { ...headers, ...HEADERS[status] }, content: { 'application/json': { schema: ref('Error') } } },
    ]),
  );
}
