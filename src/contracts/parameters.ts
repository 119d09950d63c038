import { AUTHID_PATTERN, CHANNEL_PATTERN, DEFAULT_CHANNEL, IDEMPOTENCY_KEY_PATTERN } from '../http/header-patterns.js';
import type { JsonObject } from '../json.js';
import { RESOURCE_ID_PATTERN } from '../resource-id.js';
import type { Contract } from './contract.js';

const TEXT = { type: 'string' };

const header = (name: string, description: string, schema: JsonObject = TEXT): JsonObject => ({ name, in: 'header', description, schema });
const query = (name: string, description: string, schema: JsonObject = TEXT): JsonObject => ({ name, in: 'query', description, schema, allowReserved: true });

const PARAMETERS = {
  id: { name: 'id', in: 'path', required: true, schema: { ...TEXT, pattern: RESOURCE_ID_PATTERN } },
  fields: query('fields', 'Attributes to answer, dotted to go down, separated by commas; `none`: only `id` and `href`, which are there always.'),
  sort: query('sort', 'Attributes to sort by, separated by commas; with `-` before it the other way round.'),
  offset: query('offset', 'How many to pass over; 0 where it is not said.', { type: 'integer', minimum: 0 }),
  cursor: query('cursor', 'In place of `offset`: empty to begin, then the `X-Next-Cursor` of the page before. Filters and `sort` must stay the same.'),
  filter: {
    name: 'filter',
    in: 'query',
    description:
      'Any other parameter is a filter: the dotted name of an attribute, through arrays, with `.eq .ne .gt .gte .lt .lte .in .nin .regex` behind it or one of `= != > >= < <= *=`. ' +
      'Values separated by commas, and a parameter that is repeated, are alternatives; different parameters must all hold.',
    style: 'form',
    explode: true,
    schema: { type: 'object', additionalProperties: TEXT },
    // Else tools make up some.
    example: {},
  },
  ifMatch: header('If-Match', 'Only if the resource has one of these revisions, as `ETag` told them; `*`: any.'),
  ifNoneMatch: header('If-None-Match', '304 where the resource still has one of these revisions.'),
  idempotencyKey: header('Idempotency-Key', 'The same request with the same key is applied once, and answered as the first time.', { ...TEXT, pattern: IDEMPOTENCY_KEY_PATTERN }),
  imported: header('X-Imported', '`true`: part of a mass import; the events say so too.', { enum: ['true', 'false'] }),
  channel: header('X-Channel', 'The channel that the caller works for.', { ...TEXT, pattern: CHANNEL_PATTERN, default: DEFAULT_CHANNEL }),
  correlation: header('X-Correlation-ID', 'In the log, in the answer and in the events; one that is not well-formed is replaced.'),
  traceparent: header('traceparent', 'W3C trace context; passed on to the events.'),
  tracestate: header('tracestate', 'W3C trace context; passed on to the events.'),
} satisfies Readonly<Record<string, JsonObject>>;

export type Parameter = keyof typeof PARAMETERS | 'limit';

export function parameters(...names: readonly Parameter[]): JsonObject[] {
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** One filter of many. @param path of an attribute, dotted */
export function filterParameter(path: string): JsonObject {
  return query(path, 'A filter that is often used; see `filter`.');
}

/** What a write says beside its body. */
export function writeParameters({ authidHeader }: Pick<Contract, 'authidHeader'>): JsonObject[] {
  const caller = authidHeader === undefined ? [] : [header(authidHeader, 'Who asks; set by the gateway.', { ...TEXT, pattern: AUTHID_PATTERN })];
  return [...parameters('idempotencyKey', 'imported', 'channel', 'correlation', 'traceparent', 'tracestate'), ...caller];
}

export function parameterComponents({ pageDefault, pageMax }: Pick<Contract, 'pageDefault' | 'pageMax'>): JsonObject {
  return { ...PARAMETERS, limit: query('limit', 'How many at most; 0: only counted.', { type: 'integer', minimum: 0, maximum: pageMax, default: pageDefault }) };
}
