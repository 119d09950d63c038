import { DEFAULT_DIALECT, DIALECTS } from '../hub/dialects.js';
import type { JsonObject } from '../json.js';
import type { Contract, ContractApi } from './contract.js';
import { errorResponses } from './errors.js';
import { parameters } from './parameters.js';
import { ref } from './resource-components.js';
import { responseHeaders } from './response-headers.js';

const TEXT = { type: 'string' };
const TIME = { type: 'string', format: 'date-time' };
const NUMBER = { type: 'integer', minimum: 0 };

const DIALECT = {
  enum: [...DIALECTS],
  default: DEFAULT_DIALECT,
  description: 'What is delivered: the TM Forum event envelope, a CloudEvent (in structured or binary mode), or the envelope with the older event names of the ODA Canvas.',
};
const CALLBACK = { ...TEXT, format: 'uri', description: 'Where events are posted to.' };
const QUERY = { ...TEXT, description: 'The filters of lists, on the event envelope, and `fields`; empty: every event of this API.' };

export const HUB_SCHEMAS: JsonObject = {
  EventSubscriptionInput: {
    description: 'TMF630 part 1, notifications, with extensions.',
    type: 'object',
    properties: {
      callback: CALLBACK,
      query: { ...QUERY, type: ['string', 'null'] },
      '@type': { type: ['string', 'null'] },
      dialect: { ...DIALECT, enum: [...DIALECTS, null] },
      signingSecret: { type: ['string', 'null'], pattern: '^whsec_', writeOnly: true, description: 'Signs deliveries (Standard Webhooks): 24 to 64 bytes in base64.' },
      oauth: {
        description: 'Client credentials (RFC 6749, section 4.4) that deliveries are authorized by.',
        type: ['object', 'null'],
        writeOnly: true,
        properties: { tokenUrl: { ...TEXT, format: 'uri' }, clientId: TEXT, clientSecret: TEXT, scope: TEXT },
        required: ['tokenUrl', 'clientId', 'clientSecret'],
      },
    },
    required: ['callback'],
  },
  EventSubscription: {
    type: 'object',
    properties: {
      id: TEXT,
      href: TEXT,
      callback: CALLBACK,
      query: QUERY,
      '@type': TEXT,
      dialect: DIALECT,
      signed: { type: 'boolean', description: 'Whether there is a signing secret.' },
      oauth: { type: 'boolean', description: 'Whether there are client credentials.' },
      status: {
        type: 'object',
        properties: {
          state: { enum: ['active', 'suspended'] },
          reason: { ...TEXT, description: 'Why it is suspended.' },
          since: { ...TIME, description: 'When it was suspended.' },
          lastSuccess: TIME,
          lastError: { type: 'object', properties: { at: TIME, text: TEXT }, required: ['at', 'text'] },
          waiting: { ...NUMBER, description: 'Events that are to be delivered.' },
          oldestWaiting: TIME,
          parked: { ...NUMBER, description: 'Deliveries that were given up.' },
        },
        required: ['state', 'waiting', 'parked'],
      },
    },
    required: ['id', 'href', 'callback', 'query', 'dialect', 'signed', 'oauth', 'status'],
  },
};

const ANSWER = { 'application/json': { schema: ref('EventSubscription') } };

/** The hub of one API (TMF630 part 1, notifications). */
export function hubPaths({ path, definitions }: ContractApi, { hub }: Contract): JsonObject {
  if (!hub) return {};
  const name = definitions.map(({ typeName }) => typeName).join('');
  const tags = ['Notifications'];
  return {
    [`${path}/hub`]: {
      get: {
        operationId: `listListener${name}`,
        tags,
        summary: 'Lists the registered listeners of this API',
        parameters: [
          { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1 } },
          { name: 'after', in: 'query', description: 'The id of the last of the page before.', schema: TEXT },
        ],
        responses: {
          200: { description: 'In order of their ids.', headers: responseHeaders('X-Result-Count', 'X-Total-Count', 'Link'), content: { 'application/json': { schema: { type: 'array', items: ref('EventSubscription') } } } },
          ...errorResponses(400, 406),
        },
      },
      post: {
        operationId: `registerListener${name}`,
        tags,
        summary: 'Registers a listener for the events of this API',
        description: 'The same registration again is the same subscription: secrets that are given replace its own, and when the hub has suspended it, it goes on from where it stopped (409 when what comes next is no longer kept). What an operator suspended stays suspended.',
        requestBody: { required: true, content: { 'application/json': { schema: ref('EventSubscriptionInput') } } },
        responses: { 201: { description: 'What comes from now on is delivered.', headers: responseHeaders('Location', 'Warning'), content: ANSWER }, ...errorResponses(400, 403, 406, 409, 413, 415) },
      },
    },
    [`${path}/hub/{id}`]: {
      parameters: parameters('id'),
      get: {
        operationId: `retrieveListener${name}`,
        tags,
        summary: 'Retrieves a listener and what became of its deliveries',
        responses: { 200: { description: 'As it is now.', headers: responseHeaders(), content: ANSWER }, ...errorResponses(400, 404, 406) },
      },
      delete: {
        operationId: `unregisterListener${name}`,
        tags,
        summary: 'Unregisters a listener',
        responses: { 204: { description: 'Nothing more is delivered.', headers: responseHeaders() }, ...errorResponses(400, 404, 406) },
      },
    },
  };
}
