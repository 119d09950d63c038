import type { IncomingMessage } from 'node:http';
import { entityTag } from '../entity-tag.js';
import { QueryTooCostly, Refusal } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import type { Page } from '../store/store.js';
import { type ApiResponse, rawQueryOf, type ResourceRequest } from './exchange.js';
import { selectFields } from './fields.js';
import type { HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { pagingLinks } from './paging-links.js';
import { badParameter } from './parameter.js';
import { isNotModified } from './preconditions.js';
import { type ListParameters, parseFields, parseListParameters } from './query-parameters.js';

/** GET of one resource type: answered from the store. */
export function readHandlers(definition: ResourceDefinition, options: HttpOptions) {
  const { pageDefault, pageMax, representation } = options;
  const hrefPrefix = representation.href(definition, '');
  const address = hrefPrefix.slice(0, -1);
  const rules = { pageDefault, pageMax, scalarType: definition.scalarType, hrefPrefix };

  async function list(request: IncomingMessage, response: ApiResponse): Promise<void> {
    const rawQuery = rawQueryOf(request);
    const parameters = parseListParameters(rawQuery, rules);
    const page = await find(parameters);
    const links = pagingLinks(address, rawQuery, { ...parameters.query, total: page.total });
    respond(response, {
      status: 200,
      headers: {
        'X-Total-Count': String(page.total),
        'X-Result-Count': String(page.items.length),
        ...(links === undefined ? {} : { Link: links }),
      },
      body: page.items.map((stored) => selectFields(representation.represent(definition, stored.resource), parameters.fields)),
    });
  }

  async function find({ query, patterns: [pattern] }: ListParameters): Promise<Page> {
    try {
      return await options.store.find(definition.name, query);
    } catch (error) {
      if (!(error instanceof QueryTooCostly) || pattern === undefined) throw error;
      throw badParameter(pattern, 'the query takes too long; use a simpler regular expression');
    }
  }

  async function retrieve(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const { id } = request.params;
    const fields = parseFields(rawQueryOf(request));
    const stored = (await options.store.load(definition.name, [id])).get(id);
    if (!stored || stored.deleted) throw notFound(definition, id);
    const headers = { ETag: entityTag(stored.revision) };
    if (isNotModified(request.headers['if-none-match'], stored.revision)) respond(response, { status: 304, headers });
    else respond(response, { status: 200, headers, body: selectFields(representation.represent(definition, stored.resource), fields) });
  }

  return { list, retrieve };
}

export function notFound(definition: ResourceDefinition, id: string): Refusal {
  return new Refusal(404, `No ${definition.name} has this id`, [{ at: 'id', problem: id.slice(0, 128) }]);
}
