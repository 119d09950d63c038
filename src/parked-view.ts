import type { Outcome } from './dead-letters.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { maskedBody } from './handlers/secret-bodies.js';
import { withoutUndefined, type JsonObject } from './json.js';
import { cursorAfter } from './parked-selection.js';
import { repeatedBy } from './retry-command.js';
import type { ParkedMessage, Retry } from './store/store.js';
import type { TimedPlace } from './timed-pages.js';

/** How parked messages look to an operator, on the command line and over HTTP alike. */

/** One message in a list: everything but its contents. */
export function summaryOf(message: ParkedMessage): JsonObject {
  const { id, at, reason, error, type, subject, origin, attempts, body, retries } = message;
  return withoutUndefined({
    id,
    at: at.toISOString(),
    reason,
    error,
    type,
    subject,
    origin: { ...origin },
    attempts,
    bytes: body.byteLength,
    retryof: repeatedBy(message),
    retries: retries?.map(retryView),
  }) as JsonObject;
}

/** Everything, secrets masked; the body as text when it is UTF-8, else as base64. */
export function detailsOf(message: ParkedMessage, definitions: readonly ResourceDefinition[]): JsonObject {
  const { headers, attributes, contentType, type = '' } = message;
  const [, , about] = type.split('.');
  const known = definitions.filter(({ name }) => name === about);
  const body = (known.length > 0 ? known : definitions).reduce((bytes, { secrets }) => maskedBody(bytes, secrets), message.body);
  return { ...summaryOf(message), ...(contentType === undefined ? {} : { contentType }), headers: { ...headers }, attributes: { ...attributes }, ...bodyView(body) };
}

export function outcomeView({ id, outcome, message, command, edited, problem }: Outcome): JsonObject {
  return withoutUndefined({ id, outcome, reason: message?.reason, type: message?.type, subject: message?.subject, command, edited, problem }) as JsonObject;
}

/** What stands beside what a page shows: how many match in all, by reason or subscription, and where the next page begins. */
export function countsOf({ counts, next }: { readonly counts: ReadonlyMap<string, number>; readonly next?: TimedPlace }): JsonObject {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return { total, counts: Object.fromEntries(counts), ...(next ? { next: cursorAfter(next) } : {}) };
}

function retryView({ at, command, edited }: Retry): JsonObject {
  return { at: at.toISOString(), command, edited };
}

function bodyView(body: Uint8Array): JsonObject {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) };
  } catch {
    return { bodyBase64: Buffer.from(body).toString('base64') };
  }
}
