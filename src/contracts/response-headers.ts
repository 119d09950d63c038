import { REPLAYED } from '../message.js';
import type { JsonObject } from '../json.js';

const TEXT = { type: 'string' };
const COUNT = { type: 'string', pattern: '^\\d+$' };

const HEADERS = {
  'X-Correlation-ID': { description: 'Of the request, else a new one; in the log and in the events that it causes.', required: true, schema: TEXT },
  ETag: { description: 'The revision.', required: true, schema: { ...TEXT, pattern: '^"\\d+"$' } },
  Location: { description: 'The `href` of what was created.', required: true, schema: TEXT },
  Link: { description: 'The other pages (RFC 8288): `first`, and `prev`, `next` and `last` where they are known.', schema: TEXT },
  Warning: { description: 'What the sender should know though it was accepted, code 299 (RFC 7234, section 5.5).', schema: { ...TEXT, pattern: '^299 - "' } },
  [REPLAYED]: { description: 'The answer of the first time: the same request came before, and nothing was done now.', schema: { const: 'true' } },
  'X-Result-Count': { description: 'How many are in this answer.', required: true, schema: COUNT },
  'X-Total-Count': { description: 'How many there are; absent on pages that were reached by cursor.', schema: COUNT },
  'X-Total-Count-Relation': { description: 'With `gte` there are that many or more: counting ended there.', schema: { const: 'gte' } },
  'X-Next-Cursor': { description: 'The `cursor` of the next page, where more follows.', schema: TEXT },
} satisfies Readonly<Record<string, JsonObject>>;

export type ResponseHeader = keyof typeof HEADERS;

/** With what every answer has. */
export function responseHeaders(...names: readonly ResponseHeader[]): JsonObject {
  const all: ResponseHeader[] = ['X-Correlation-ID', ...names];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

export const HEADER_COMPONENTS: JsonObject = HEADERS;
