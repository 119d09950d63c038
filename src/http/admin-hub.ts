import type { Request } from 'express';
import { operatorView, operatorViewOf } from '../hub/operator-view.js';
import { OPERATOR_REASON, SubscriptionDesk, type ResumeFrom } from '../hub/subscription-desk.js';
import { isObject, type JsonObject } from '../json.js';
import { bad, timeOf } from '../parked-selection.js';
import type { Subscription } from '../store/hub-store.js';
import { readQuery } from './admin-query.js';
import { rawQueryOf, type ApiResponse, type ResourceRequest } from './exchange.js';
import type { AdminOptions, HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { parseJson } from './request-body.js';

type PlainRequest = Request<Request['params'], unknown, unknown, unknown>;

/** Subscriptions over HTTP, as `hub` has them on the command line. */
export function subscriptionHandlers({ store, log }: HttpOptions, { addressOf }: AdminOptions) {
  const desk = new SubscriptionDesk(store);

  async function list(request: PlainRequest, response: ApiResponse): Promise<void> {
    readQuery(rawQueryOf(request), []);
    const parked = await store.hub.countParkedDeliveries({});
    const subscriptions: JsonObject[] = [];
    for await (const subscription of desk.all()) subscriptions.push(operatorView(subscription, addressOf, parked));
    respond(response, { status: 200, headers: {}, body: { subscriptions } });
  }

  async function show({ params: { id } }: ResourceRequest, response: ApiResponse): Promise<void> {
    await answer(await desk.find(id), response);
  }

  async function suspend({ params: { id }, body }: ResourceRequest, response: ApiResponse): Promise<void> {
    const { reason = OPERATOR_REASON } = readBody(body, 'reason');
    if (typeof reason !== 'string') throw bad('reason', 'must be a string');
    const subscription = await desk.suspend(id, reason);
    log.info({ subscription: id }, 'subscription suspended by an operator');
    await answer(subscription, response);
  }

  async function resume({ params: { id }, body }: ResourceRequest, response: ApiResponse): Promise<void> {
    const subscription = await desk.resume(id, fromOf(body));
    log.info({ subscription: id, position: subscription.cursor }, 'subscription resumed by an operator');
    await answer(subscription, response);
  }

  async function remove({ params: { id } }: ResourceRequest, response: ApiResponse): Promise<void> {
    await desk.remove(id);
    log.info({ subscription: id }, 'subscription removed by an operator');
    respond(response, { status: 204, headers: {} });
  }

  async function answer(subscription: Subscription, response: ApiResponse): Promise<void> {
    respond(response, { status: 200, headers: {}, body: await operatorViewOf(subscription, addressOf, store.hub) });
  }

  return { list, show, suspend, resume, remove };
}

function fromOf(body: unknown): ResumeFrom | undefined {
  const { from } = readBody(body, 'from');
  if (from === undefined || from === 'now' || from === 'oldest') return from;
  if (typeof from === 'string') return timeOf('from', from);
  if (typeof from !== 'number' || !Number.isSafeInteger(from) || from < 0) throw bad('from', 'must be "now", "oldest", a date-time, or a position, which is a whole number');
  return from;
}

/** None, or an object with this attribute at most. @throws Refusal 400 that names the parameter. */
function readBody(body: unknown, name: string): JsonObject {
  if (!(body instanceof Uint8Array) || body.byteLength === 0) return {};
  const { json } = parseJson(body);
  if (!isObject(json)) throw bad('body', 'must be a JSON object');
  const unknown = Object.keys(json).find((given) => given !== name);
  if (unknown !== undefined) throw bad(unknown, `is unknown; there is ${name}`);
  return json;
}
