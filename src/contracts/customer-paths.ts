import { VIEW_LISTS } from '../customer/customer-view.js';
import { KINDS } from '../customer/timeline-entry.js';
import type { ResourceDefinition, ViewPart } from '../handlers/definition.js';
import type { JsonObject } from '../json.js';
import { definitionsOf, type Contract } from './contract.js';
import { errorResponses } from './errors.js';
import { parameters } from './parameters.js';
import { ref, refTo } from './resource-components.js';
import { responseHeaders } from './response-headers.js';

const TEXT = { type: 'string' };
const TIME = { type: 'string', format: 'date-time' };
const REVISION = { type: 'integer', minimum: 1 };

/** The views of customers, where there are any. */
export function customerPaths({ customer }: Contract): JsonObject {
  if (!customer) return {};
  const query = (name: string, description: string, schema: JsonObject = TEXT): JsonObject => ({ name, in: 'query', description, schema });
  return {
    [`${customer.path}/{id}`]: {
      parameters: parameters('id'),
      get: {
        operationId: 'retrieveCustomer',
        tags: ['Customer'],
        summary: 'Retrieves everything about a customer, by the id of the party or of one of its roles',
        parameters: [
          ...parameters('fields'),
          query('type', 'What the id is the id of, where several have it.'),
          query('limit', 'Entries of the timeline; 0: none.', { type: 'integer', minimum: 0, maximum: customer.limits.most, default: customer.limits.usual }),
          query('cursor', 'The `X-Next-Cursor` of the page before.'),
          query('kind', 'Entries of this kind only.', { enum: [...KINDS] }),
          query('channel', 'Entries that came over this channel.'),
          query('from', 'Entries of this time or later.'),
          query('to', 'Entries of this time or earlier.'),
        ],
        responses: {
          200: { description: 'At a glance.', headers: responseHeaders('X-Next-Cursor', 'Link'), content: { 'application/json': { schema: { anyOf: [ref('CustomerView'), ref('SelectedView')] } } } },
          ...errorResponses(400, 404, 406),
        },
      },
    },
  };
}

export function customerSchemas(contract: Contract): JsonObject {
  if (!contract.customer) return {};
  const all = definitionsOf(contract);
  const part = (wanted: ViewPart): ResourceDefinition[] => all.filter(({ viewPart }) => viewPart === wanted);
  const list = (definitions: readonly ResourceDefinition[]): JsonObject => ({ type: 'array', items: shown(definitions) });
  const lists = Object.fromEntries(Object.entries(VIEW_LISTS).map(([name, wanted]) => [name, list(part(wanted))]));
  const ofOrigin = { type: 'object', properties: { origin: { type: 'object', properties: { type: TEXT, id: TEXT }, required: ['type', 'id'] } }, required: ['origin'] };
  return {
    CustomerView: {
      type: 'object',
      properties: {
        id: { ...TEXT, description: 'Of the party; absent where a role names one without an id.' },
        href: TEXT,
        profile: { ...shown(part('profile')), description: 'Absent where the party lives elsewhere.' },
        roles: list(part('role')),
        ...lists,
        contactMedium: { type: 'array', items: ofOrigin },
        characteristic: { type: 'array', items: ofOrigin },
        timeline: { type: 'array', items: { anyOf: [ref('TimelineChange'), ref('TimelineInteraction')] } },
        incomplete: { type: 'array', items: TEXT, description: 'Types of which there are more than are shown.' },
      },
      required: ['href', 'roles', ...Object.keys(lists), 'contactMedium', 'characteristic'],
    },
    SelectedView: { description: 'With `fields`: what it chose, and these where they are.', type: 'object', properties: { id: TEXT, href: TEXT }, required: ['href'] },
    TimelineChange: {
      type: 'object',
      properties: {
        kind: { const: 'change' },
        at: TIME,
        type: TEXT,
        id: TEXT,
        revision: REVISION,
        events: { type: 'array', items: TEXT },
        fieldPath: TEXT,
        source: TEXT,
        channel: TEXT,
        authid: TEXT,
        correlationid: TEXT,
      },
      required: ['kind', 'at', 'type', 'id', 'revision', 'events'],
    },
    TimelineInteraction: {
      type: 'object',
      properties: { kind: { const: 'interaction' }, at: TEXT, type: TEXT, id: TEXT, channels: { type: 'array', items: TEXT }, reason: {}, status: {}, direction: {} },
      required: ['kind', 'type', 'id', 'channels'],
    },
  };
}

/** A resource in the view. */
function shown(definitions: readonly ResourceDefinition[]): JsonObject {
  const of = (definition: ResourceDefinition): JsonObject => ({
    type: 'object',
    properties: { type: { const: definition.typeName }, id: TEXT, state: {}, revision: REVISION, at: TIME, resource: refTo(definition, definition.schemas.whole) },
    required: ['type', 'id', 'revision', 'resource'],
  });
  return { anyOf: definitions.map(of) };
}
