import type { JsonObject } from '../json.js';
import { ref } from './resource-components.js';
import { responseHeaders } from './response-headers.js';

const answer = (description: string): JsonObject => ({ description, headers: responseHeaders(), content: { 'application/json': { schema: ref('Health') } } });
const tags = ['Health'];

export const HEALTH_PATHS: JsonObject = {
  '/health/live': { get: { operationId: 'live', tags, summary: 'Whether the process is alive', responses: { 200: answer('It is.') } } },
  '/health/ready': {
    get: { operationId: 'ready', tags, summary: 'Whether requests can be served', responses: { 200: answer('They can.'), 503: answer('Something is away, and the body says what and why.') } },
  },
};

export const HEALTH_SCHEMAS: JsonObject = {
  Health: {
    type: 'object',
    properties: { status: { enum: ['live', 'ready', 'not ready', 'draining'] } },
    required: ['status'],
    additionalProperties: { type: 'object', properties: { up: { type: 'boolean' }, why: { type: 'string' } }, required: ['up'] },
  },
};
