import type { JsonObject } from '../../src/json.js';
import { ExchangeCheck } from './contract-check.js';
import { type Delivery, DeliveryCheck } from './delivery-check.js';

export interface Request {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Checks {
  readonly exchange: ExchangeCheck;
  readonly delivery: DeliveryCheck;
}

/** By the service that is asked: each has a contract of its own. */
const checks = new Map<string, Promise<Checks | undefined>>();

/**
 * Asks a service, and holds request and answer against the contract that it serves; one that serves none is asked all the same.
 * @param base `http://127.0.0.1:8080` @param target path and query
 * @throws Error when they do not fit.
 */
export async function checkedFetch(base: string, target: string, request: Request): Promise<Response> {
  const response = await fetch(base + target, request);
  const known = await checkOf(base);
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  known?.exchange.check({
    method: request.method,
    target,
    requestHeaders: new Headers(request.headers),
    requestBody: request.body,
    status: response.status,
    responseHeaders: response.headers,
    responseBody: isStream ? '' : await response.clone().text(),
  });
  return response;
}

/** Holds what a service delivered against the contract that it serves. @param selected whether the subscription has `fields`. @throws Error when they do not fit. */
export async function checkDelivery(base: string, delivery: Delivery, selected: boolean): Promise<void> {
  const known = await checkOf(base);
  if (!known) throw new Error(`${base} serves no contract`);
  known.delivery.check(delivery, selected);
}

function checkOf(base: string): Promise<Checks | undefined> {
  const known = checks.get(base) ?? readChecks(base);
  checks.set(base, known);
  return known;
}

async function readChecks(base: string): Promise<Checks | undefined> {
  try {
    const answer = await fetch(`${base}/openapi.json`);
    if (answer.ok) return checksOf((await answer.json()) as JsonObject);
    if (answer.status === 404) return undefined;
  } catch {
    // It ended meanwhile.
  }
  checks.delete(base);
  return undefined;
}

function checksOf(openapi: JsonObject): Checks {
  return { exchange: new ExchangeCheck(openapi), delivery: new DeliveryCheck(openapi) };
}
