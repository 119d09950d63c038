import type { IncomingMessage } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { RequestContext } from './request-context.js';

/** What every response knows about the request that it answers. */
interface Locals {
  context: RequestContext;
}

export type ApiResponse = Response<unknown, Locals>;

/** A request for one resource. */
export type ResourceRequest = Request<{ id: string }, unknown, unknown, unknown>;

/** A step that any request can take, since it reads no path parameters. */
export type ApiHandler = RequestHandler<never, unknown, unknown, unknown, Locals>;
export type ApiErrorHandler = ErrorRequestHandler<never, unknown, unknown, unknown, Locals>;

/** The query string as it came, without the question mark; nothing is decoded. */
export function rawQueryOf(request: IncomingMessage): string {
  const [, ...rest] = (request.url ?? '').split('?');
  return rest.join('?');
}
