import type { Request } from 'express';
import type { Logger } from 'pino';
import { DeadLetters, type Outcome } from '../dead-letters.js';
import { notFound, Refusal, TimeoutError, UnavailableError, UnroutableError, textOf } from '../errors.js';
import { forgettingAll } from '../handlers/secret-bodies.js';
import type { JsonObject } from '../json.js';
import { bad, countOf, LIST_DEFAULT, LIST_MAX, listedFilter, parkedFilter, SELECTORS } from '../parked-selection.js';
import { countsOf, detailsOf, outcomeView, summaryOf } from '../parked-view.js';
import type { ParkedFilter } from '../store/store.js';
import { readQuery } from './admin-query.js';
import { readSelection, selectionReport } from './admin-selection.js';
import { RefusalWithHeaders, RETRY_AFTER_SECONDS } from './error-response.js';
import { rawQueryOf, type ApiResponse, type ResourceRequest } from './exchange.js';
import type { AdminOptions, HttpOptions } from './http-options.js';
import { respond } from './json-response.js';

type BodyRequest = Request<Request['params'], unknown, unknown, unknown>;

/** Parked messages over HTTP, as `dlq` has them on the command line. */
export function parkedHandlers({ store, bus, now, log }: HttpOptions, { definitions }: AdminOptions) {
  const letters = new DeadLetters(store);

  async function list(request: BodyRequest, response: ApiResponse): Promise<void> {
    const { limit, ...selectors } = readQuery(rawQueryOf(request), [...SELECTORS, 'limit']);
    const page = await letters.list(listedFilter(selectors), limit === undefined ? LIST_DEFAULT : countOf('limit', limit, LIST_MAX), summaryOf);
    respond(response, { status: 200, headers: {}, body: { messages: [...page.messages], ...countsOf(page) } });
  }

  async function show(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const message = await letters.find(request.params.id);
    if (!message) throw notFound('parked message', request.params.id);
    respond(response, { status: 200, headers: {}, body: detailsOf(message, definitions) });
  }

  async function retry(request: BodyRequest, response: ApiResponse): Promise<void> {
    const { filter, limit, dryRun } = selectionOf(request.body);
    const outcomes = letters.retry(filter, limit, { ...(dryRun ? {} : { bus }), now });
    respond(response, { status: 200, headers: {}, body: await report(outcomes, limit, log) });
  }

  async function drop(request: BodyRequest, response: ApiResponse): Promise<void> {
    const { filter, limit, dryRun } = selectionOf(request.body);
    respond(response, { status: 200, headers: {}, body: await report(letters.drop(filter, limit, { dryRun, now }), limit, log) });
  }

  /** A body that is given is sent in place of the message's own. */
  async function retryOne(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const { dryRun, ...selectors } = readQuery(rawQueryOf(request), ['state', 'dryRun']);
    const body = request.body instanceof Uint8Array && request.body.byteLength > 0 ? { body: forgettingAll(request.body, definitions) } : {};
    const filter = parkedFilter(selectors, [request.params.id]);
    const [outcome] = await collected(letters.retry(filter, 1, { ...(isTrue(dryRun) ? {} : { bus }), ...body, now }), log);
    if (!outcome?.message) throw notFound('parked message', request.params.id);
    const { outcome: what, problem = '' } = outcome;
    if (what === 'skipped') throw new Refusal(409, 'It was retried before', [{ at: 'state', problem }]);
    if (what === 'failed') throw new Refusal(422, 'It cannot be sent', [{ at: 'id', problem }]);
    respond(response, { status: what === 'retry' ? 200 : 202, headers: {}, body: outcomeView(outcome) });
  }

  async function dropOne(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const [outcome] = await collected(letters.drop({ ids: [request.params.id] }, 1, { dryRun: false, now }), log);
    if (!outcome?.message) throw notFound('parked message', request.params.id);
    respond(response, { status: 204, headers: {} });
  }

  return { list, show, retry, drop, retryOne, dropOne };
}

/** @throws Refusal 400 that names the parameter. */
function selectionOf(body: unknown): { readonly filter: ParkedFilter; readonly limit: number; readonly dryRun: boolean } {
  const { selectors, ids, limit, dryRun } = readSelection(body, SELECTORS);
  return { filter: parkedFilter(selectors, ids), limit, dryRun };
}

function isTrue(dryRun: string | undefined): boolean {
  if (dryRun !== undefined && dryRun !== 'true' && dryRun !== 'false') throw bad('dryRun', 'must be true or false');
  return dryRun === 'true';
}

/** `next` goes on behind the last one where the limit ended it. */
async function report(outcomes: AsyncIterable<Outcome>, limit: number, log: Logger): Promise<JsonObject> {
  const done = await collected(outcomes, log);
  return selectionReport(done, outcomeView, done.length >= limit ? done.at(-1)?.message : undefined);
}

/** What was done leaves a trace in the log. @throws Refusal 503 that says how far it came when bus or database are away. */
async function collected(outcomes: AsyncIterable<Outcome>, log: Logger): Promise<Outcome[]> {
  const done: Outcome[] = [];
  try {
    for await (const outcome of outcomes) {
      done.push(outcome);
      const { id, command, edited } = outcome;
      if (outcome.outcome === 'retried' || outcome.outcome === 'dropped') log.info({ parked: id, command, edited }, `parked message ${outcome.outcome}`);
    }
  } catch (error) {
    const isBus = error instanceof UnavailableError || error instanceof TimeoutError || error instanceof UnroutableError;
    if (!isBus && done.length === 0) throw error;
    const count = done.filter(({ outcome }) => outcome === 'retried').length;
    throw new RefusalWithHeaders(503, `${textOf(error)}; ${count} messages were sent before, and the rest is as it was`, { 'Retry-After': RETRY_AFTER_SECONDS });
  }
  return done;
}
