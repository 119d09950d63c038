import type { JsonObject } from '../../src/json.js';
import { ExchangeCheck } from './contract-check.js';

export interface Request {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** By the service that is asked: each has a contract of its own. */
const checks = new Map<string, Promise<ExchangeCheck | undefined>>();

/**
 * Asks a service, and holds request and answer against the contract that it serves; one that serves none is asked all the same.
 * @param base `http://127.0.0.1:8080` @param target path and query
 * @throws Error when they do not fit.
 */
export async function checkedFetch(base: string, target: string, request: Request): Promise<Response> {
  const response = await fetch(base + target, request);
  const check = await checkOf(base);
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  check?.check({
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

function checkOf(base: string): Promise<ExchangeCheck | undefined> {
  const check = checks.get(base) ?? readCheck(base);
  checks.set(base, check);
  return check;
}

async function readCheck(base: string): Promise<ExchangeCheck | undefined> {
  try {
    const answer = await fetch(`${base}/openapi.json`);
    if (answer.ok) return new ExchangeCheck((await answer.json()) as JsonObject);
    if (answer.status === 404) return undefined;
  } catch {
    // It ended meanwhile.
  }
  checks.delete(base);
  return undefined;
}
