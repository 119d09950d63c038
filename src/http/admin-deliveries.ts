import type { Request } from 'express';
import { notFound } from '../errors.js';
import { DELIVERY_SELECTORS, deliveryFilter } from '../hub/delivery-selection.js';
import { ParkedDeliveries, type DeliveryOutcome } from '../hub/parked-deliveries.js';
import { deliveryDetails, deliveryOutcomeView, deliverySummary } from '../hub/parked-delivery-view.js';
import { subscriptionFilter } from '../hub/subscription-filter.js';
import type { JsonObject } from '../json.js';
import { countOf, LIST_DEFAULT, LIST_MAX } from '../parked-selection.js';
import { countsOf } from '../parked-view.js';
import type { ParkedDeliveryFilter, Subscription } from '../store/hub-store.js';
import { readQuery } from './admin-query.js';
import { readSelection, selectionReport } from './admin-selection.js';
import { rawQueryOf, type ApiResponse, type ResourceRequest } from './exchange.js';
import type { AdminOptions, HttpOptions } from './http-options.js';
import { respond } from './json-response.js';

type BodyRequest = Request<Request['params'], unknown, unknown, unknown>;

/** Parked deliveries over HTTP, as `dlq --deliveries` has them on the command line. */
export function deliveryHandlers({ store, now, log }: HttpOptions, { definitions, sender }: AdminOptions) {
  const deliveries = new ParkedDeliveries(store.hub);

  async function list(request: BodyRequest, response: ApiResponse): Promise<void> {
    const { limit, ...selectors } = readQuery(rawQueryOf(request), [...DELIVERY_SELECTORS, 'limit']);
    const page = await deliveries.list(deliveryFilter(selectors), limit === undefined ? LIST_DEFAULT : countOf('limit', limit, LIST_MAX), deliverySummary);
    respond(response, { status: 200, headers: {}, body: { deliveries: [...page.deliveries], ...countsOf(page) } });
  }

  async function show(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const delivery = await deliveries.find(request.params.id);
    if (!delivery) throw notFound('parked delivery', request.params.id);
    respond(response, { status: 200, headers: {}, body: deliveryDetails(delivery) });
  }

  async function retry(request: BodyRequest, response: ApiResponse): Promise<void> {
    const { filter, limit, dryRun } = selectionOf(request.body);
    const options = { ...(dryRun ? {} : { sender }), filterOf: (subscription: Subscription) => subscriptionFilter(subscription, definitions) };
    respond(response, { status: 200, headers: {}, body: await report(deliveries.retry(filter, limit, options), limit) });
  }

  async function drop(request: BodyRequest, response: ApiResponse): Promise<void> {
    const { filter, limit, dryRun } = selectionOf(request.body);
    respond(response, { status: 200, headers: {}, body: await report(deliveries.drop(filter, limit, { dryRun, now }), limit) });
  }

  async function dropOne({ params: { id } }: ResourceRequest, response: ApiResponse): Promise<void> {
    const [outcome] = await collected(deliveries.drop({ ids: [id] }, 1, { dryRun: false, now }));
    if (!outcome?.delivery) throw notFound('parked delivery', id);
    respond(response, { status: 204, headers: {} });
  }

  /** `next` goes on behind the latest one where the limit ended it: a retry is not in order of time. */
  async function report(outcomes: AsyncIterable<DeliveryOutcome>, limit: number): Promise<JsonObject> {
    const done = await collected(outcomes);
    const places = done.flatMap(({ delivery }) => delivery ?? []);
    const last = places.sort((one, other) => one.at.getTime() - other.at.getTime() || (one.id < other.id ? -1 : 1)).at(-1);
    return selectionReport(done, deliveryOutcomeView, done.length >= limit ? last : undefined);
  }

  /** What was done leaves a trace in the log. */
  async function collected(outcomes: AsyncIterable<DeliveryOutcome>): Promise<DeliveryOutcome[]> {
    const done: DeliveryOutcome[] = [];
    for await (const outcome of outcomes) {
      done.push(outcome);
      if (outcome.outcome === 'delivered' || outcome.outcome === 'dropped') log.info({ delivery: outcome.id }, `parked delivery ${outcome.outcome}`);
    }
    return done;
  }

  return { list, show, retry, drop, dropOne };
}

function selectionOf(body: unknown): { readonly filter: ParkedDeliveryFilter; readonly limit: number; readonly dryRun: boolean } {
  const { selectors, ids, limit, dryRun } = readSelection(body, DELIVERY_SELECTORS);
  return { filter: deliveryFilter(selectors, ids), limit, dryRun };
}
