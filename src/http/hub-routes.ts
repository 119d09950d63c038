import { type Request, Router } from 'express';
import { notFound } from '../errors.js';
import { warningHeader } from '../handlers/warnings.js';
import { parseEventQuery } from '../hub/event-filter.js';
import { register, type RegistrationRules } from '../hub/register.js';
import { readRegistration } from '../hub/registration.js';
import { subscriptionView, subscriptionViewOf } from '../hub/subscription-view.js';
import type { JsonObject } from '../json.js';
import { countOf, LIST_DEFAULT, LIST_MAX } from '../parked-selection.js';
import { badParameter } from '../query/parameter.js';
import { isResourceId } from '../resource-id.js';
import type { Subscription } from '../store/hub-store.js';
import { readQuery } from './admin-query.js';
import { type ApiResponse, rawQueryOf, type ResourceRequest } from './exchange.js';
import type { Api, HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { bodyReader, parseJson, requireBody } from './request-body.js';
import { allow, refuseMethod, requireJsonAnswer, requireStore } from './route-steps.js';

const POST_TYPES = ['application/json'];
const POST_HEADER = 'Accept-Post';
const COLLECTION_METHODS = 'GET, HEAD, POST, OPTIONS';
const MEMBER_METHODS = 'GET, HEAD, DELETE, OPTIONS';

/**
 * The hub of one API, below its base path: listeners that register for its events (TMF630 part 1, notifications), and what became
 * of their deliveries.
 */
export function hubRoutes({ name: api, address, definitions }: Api, { store, bodyLimitBytes, now, log }: HttpOptions, rules: RegistrationRules): Router {
  const router = Router({ caseSensitive: true });
  const storeNeeded = requireStore(store);
  const { hub } = store;

  async function create(request: Request<Request['params'], unknown, unknown, unknown>, response: ApiResponse): Promise<void> {
    const wanted = readRegistration(parseJson(request.body).json, api, definitions, rules.targets);
    const subscription = await register(store, wanted, rules, now());
    log.info({ subscription: subscription.id, api }, 'listener registered');
    const { warnings } = parseEventQuery(subscription.query, definitions);
    respond(response, { status: 201, headers: { Location: hrefOf(subscription.id), ...warningHeader(warnings) }, body: await viewOf(subscription) });
  }

  async function list(request: Request<Request['params'], unknown, unknown, unknown>, response: ApiResponse): Promise<void> {
    const { limit, after } = readQuery(rawQueryOf(request), ['limit', 'after']);
    if (after !== undefined && !isResourceId(after)) throw badParameter('after', 'must be the id of a subscription');
    const most = limit === undefined ? LIST_DEFAULT : countOf('limit', limit, LIST_MAX);
    const found = await hub.subscriptions({ api, ...(after === undefined ? {} : { after }) }, most + 1);
    const items = found.slice(0, most);
    const last = found.length > most ? items.at(-1) : undefined;
    const parked = await hub.countParkedDeliveries({});
    respond(response, {
      status: 200,
      headers: {
        'X-Total-Count': String(last === undefined && after === undefined ? items.length : await hub.countSubscriptions(api)),
        'X-Result-Count': String(items.length),
        ...(last ? { Link: `<${address}/hub?after=${last.id}&limit=${most}>; rel="next"` } : {}),
      },
      body: items.map((subscription) => subscriptionView(subscription, hrefOf(subscription.id), parked)),
    });
  }

  async function retrieve(request: ResourceRequest, response: ApiResponse): Promise<void> {
    respond(response, { status: 200, headers: {}, body: await viewOf(await find(request.params.id)) });
  }

  async function remove(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const { id } = await find(request.params.id);
    if (!(await hub.unregister(id))) throw notFound('subscription', id);
    log.info({ subscription: id, api }, 'listener unregistered');
    respond(response, { status: 204, headers: {} });
  }

  async function find(id: string): Promise<Subscription> {
    const subscription = isResourceId(id) ? await hub.subscription(id) : undefined;
    if (subscription?.api !== api) throw notFound('subscription', id);
    return subscription;
  }

  function viewOf(subscription: Subscription): Promise<JsonObject> {
    return subscriptionViewOf(subscription, hrefOf(subscription.id), hub);
  }

  function hrefOf(id: string): string {
    return `${address}/hub/${id}`;
  }

  router
    .route('/hub')
    .all(requireJsonAnswer)
    .get(storeNeeded, list)
    .post(requireBody(POST_TYPES, POST_HEADER), storeNeeded, bodyReader(bodyLimitBytes), create)
    .options(allow(COLLECTION_METHODS, { [POST_HEADER]: POST_TYPES.join(', ') }))
    .all(refuseMethod(COLLECTION_METHODS));
  router
    .route('/hub/:id')
    .all(requireJsonAnswer)
    .get(storeNeeded, retrieve)
    .delete(storeNeeded, remove)
    .options(allow(MEMBER_METHODS, {}))
    .all(refuseMethod(MEMBER_METHODS));
  return router;
}
