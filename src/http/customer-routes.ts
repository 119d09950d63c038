import { Router } from 'express';
import { customerView } from '../customer/customer-view.js';
import { Customers } from '../customer/customers.js';
import { Timelines } from '../customer/timeline.js';
import { notFound } from '../errors.js';
import { selectFields } from '../query/fields.js';
import { readCustomerQuery } from './customer-query.js';
import { type ApiResponse, rawQueryOf, type ResourceRequest } from './exchange.js';
import type { CustomerViewOptions, HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { cursorLinks } from './paging-links.js';
import { allow, refuseMethod, requireJsonAnswer, requireStore } from './route-steps.js';
import { toTimelineCursor } from './timeline-cursor.js';

const METHODS = 'GET, HEAD, OPTIONS';

/** One view of a customer: what the resources have of it, and what happened to it. To be mounted at its path. */
export function customerRoutes({ store, definitions, representation }: HttpOptions, { address, references }: CustomerViewOptions): Router {
  const router = Router({ caseSensitive: true });
  const customers = new Customers(store, definitions, references);
  const timelines = new Timelines(store, customers);

  async function show(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const { id } = request.params;
    const rawQuery = rawQueryOf(request);
    const { fields, type, filter, limit, resume, identity } = readCustomerQuery(rawQuery, id, customers.types);
    const customer = await customers.find(id, type);
    if (!customer) throw notFound('party or role of one', id);
    const timeline = limit === 0 ? undefined : await timelines.read(customer, filter, limit, resume);
    const cursor = timeline?.next && toTimelineCursor(identity, timeline.next);
    const link = cursorLinks(addressOf(id), rawQuery, limit, cursor);
    respond(response, {
      status: 200,
      headers: { ...(cursor === undefined ? {} : { 'X-Next-Cursor': cursor }), ...(link === undefined ? {} : { Link: link }) },
      body: selectFields(customerView(customer, timeline, addressOf(customer.id ?? id), representation), fields),
    });
  }

  function addressOf(id: string): string {
    return `${address}/${encodeURIComponent(id)}`;
  }

  router
    .route('/:id')
    .all(requireJsonAnswer)
    .get(requireStore(store), show)
    .options(allow(METHODS, {}))
    .all(refuseMethod(METHODS));
  return router;
}
