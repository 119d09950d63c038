import { TextDecoder } from 'node:util';
import type { IncomingMessage } from 'node:http';
import express from 'express';
import { Refusal, textOf } from '../errors.js';
import type { Json } from '../json.js';
import { mediaType } from '../media-type.js';
import { RefusalWithHeaders } from './error-response.js';
import type { ApiHandler } from './exchange.js';

/** Reads the whole body into `request.body`, as bytes and decompressed; more than the limit is a 413. */
export function bodyReader(limitBytes: number): ApiHandler {
  return express.raw({ type: () => true, limit: limitBytes });
}

/** The media type of the body, lower case and without parameters; empty when it is not given. */
export function mediaTypeOf(request: IncomingMessage): string {
  return mediaType(request.headers['content-type']);
}

/**
 * Lets through requests with a body of one of these media types.
 * @param advertise the header that lists them (`Accept-Patch`, RFC 5789; `Accept-Post`, Linked Data Platform section 7.1).
 * @throws Refusal 400 when there is no body, 415 for another type.
 */
export function requireBody(accepted: readonly string[], advertise: string): ApiHandler {
  const list = accepted.join(', ');
  return (request, _response, next) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (encoding === undefined && (length === undefined || length === '0')) throw missingBody();
    if (!accepted.includes(mediaTypeOf(request))) throw new RefusalWithHeaders(415, `Content-Type must be one of ${list}`, { [advertise]: list });
    next();
  };
}

/** What the bytes say; the bytes themselves are what is sent on. @throws Refusal 400 that says where the syntax error is, without the text around it. */
export function parseJson(body: unknown): { readonly bytes: Uint8Array; readonly json: Json } {
  if (!(body instanceof Uint8Array) || body.byteLength === 0) throw missingBody();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Refusal(400, 'The request body is not UTF-8');
  }
  try {
    return { bytes: body, json: JSON.parse(text) as Json };
  } catch (error) {
    // Not the rest of the engine's text: it quotes what stands around.
    const problem = /^Unexpected (token '.'|end of JSON input)/u.exec(textOf(error))?.[0] ?? 'syntax error';
    throw new Refusal(400, 'The request body is not JSON', [{ at: placeOf(textOf(error), text), problem }]);
  }
}

function missingBody(): Refusal {
  return new Refusal(400, 'The request has no body');
}

/** Line and column where the parser stopped, if its message has the position; else the message shows the text around it. */
function placeOf(message: string, text: string): string {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position === undefined) return 'body';
  const lines = text.slice(0, Number(position)).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
