import type { IncomingMessage } from 'node:http';
import { entityTag } from '../entity-tag.js';
import { notFound, QueryTooCostly } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { undeclared } from '../handlers/undeclared.js';
import { warningHeader } from '../handlers/warnings.js';
import { selectFields } from '../query/fields.js';
import { badParameter } from '../query/parameter.js';
import type { Query } from '../store/query.js';
import type { Page } from '../store/store.js';
import { toCursor } from './cursor.js';
import { type ApiResponse, rawQueryOf, type ResourceRequest } from './exchange.js';
import { GroupedReads } from './grouped-reads.js';
import type { HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { cursorLinks, pagingLinks } from './paging-links.js';
import { isNotModified } from './preconditions.js';
import { type ListParameters, parseFields, parseListParameters } from './query-parameters.js';

/** GET of one resource type: answered from the store. */
export function readHandlers(definition: ResourceDefinition, options: HttpOptions) {
  const { pageDefault, pageMax, countMax, representation } = options;
  const hrefPrefix = representation.href(definition, '');
  const address = hrefPrefix.slice(0, -1);
  const rules = { resource: definition.name, pageDefault, pageMax, countMax, scalarType: definition.scalarType, hidden: Object.keys(definition.secrets.masked), hrefPrefix };

  const members = new GroupedReads((ids) => options.store.load(definition.name, ids));

  async function list(request: IncomingMessage, response: ApiResponse): Promise<void> {
    const rawQuery = rawQueryOf(request);
    const parameters = parseListParameters(rawQuery, rules);
    const page = await find(parameters);
    respond(response, {
      status: 200,
      headers: { 'X-Result-Count': String(page.items.length), ...pagingHeaders(rawQuery, parameters, page), ...warningHeader(page.total === 0 ? doubts(parameters.query) : []) },
      body: page.items.map((stored) => selectFields(representation.seen(definition, stored.resource), parameters.fields)),
    });
  }

  function pagingHeaders(rawQuery: string, { query, list, byCursor }: ListParameters, page: Page): Record<string, string> {
    const cursor = page.next && toCursor(list, page.next);
    const more = page.next !== undefined;
    if (byCursor && more && cursor === undefined) throw badParameter('sort', 'a resource has a value that is too long for a cursor; use offset');
    const total = page.exact ? page.total : undefined;
    const links = byCursor ? cursorLinks(address, rawQuery, query.limit, cursor) : pagingLinks(address, rawQuery, { ...query, total, more });
    return {
      ...(byCursor ? {} : { 'X-Total-Count': String(page.total), ...(page.exact ? {} : { 'X-Total-Count-Relation': 'gte' }) }),
      ...(cursor === undefined ? {} : { 'X-Next-Cursor': cursor }),
      ...(links === undefined ? {} : { Link: links }),
    };
  }

  /** An attribute that the specification does not have may be one of a sender's own; where nothing is found, it may be a mistake. */
  function doubts({ where }: Query): string[] {
    return undeclared(definition, where.map(({ path }) => path)).map((doubt) => `nothing found, and ${doubt}`);
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
    const stored = await members.get(id);
    if (!stored || stored.deleted) throw notFound(definition.name, id);
    const headers = { ETag: entityTag(stored.revision) };
    if (isNotModified(request.headers['if-none-match'], stored.revision)) respond(response, { status: 304, headers });
    else respond(response, { status: 200, headers, body: selectFields(representation.represent(definition, stored.resource), fields) });
  }

  return { list, retrieve };
}
