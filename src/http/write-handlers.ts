import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { ResourceDefinition } from '../handlers/definition.js';
import { forgetting } from '../handlers/secret-bodies.js';
import { isObject, type Json } from '../json.js';
import { commandOf, type Write } from './command.js';
import type { ApiResponse, ResourceRequest } from './exchange.js';
import { collectionPath, type HttpOptions } from './http-options.js';
import { respond } from './json-response.js';
import { mediaTypeOf, parseJson } from './request-body.js';
import { isResourceId } from '../resource-id.js';

/** POST, PATCH and DELETE of one resource type: each becomes a command on the bus, and its reply is the answer. */
export function writeHandlers(definition: ResourceDefinition, options: HttpOptions) {
  const resource = definition.name;
  const collection = collectionPath(options, definition);

  async function create(request: Request<Request['params'], unknown, unknown, unknown>, response: ApiResponse): Promise<void> {
    const { bytes, json } = parseJson(request.body);
    const content = { mediaType: mediaTypeOf(request), body: forgetting(bytes, definition.secrets) };
    await write(request, response, { resource, action: 'create', id: idIn(json), path: collection, content });
  }

  async function patch(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const { id } = request.params;
    const content = { mediaType: mediaTypeOf(request), body: forgetting(parseJson(request.body).bytes, definition.secrets) };
    await write(request, response, { resource, action: 'patch', id, path: `${collection}/${id}`, content });
  }

  async function remove(request: ResourceRequest, response: ApiResponse): Promise<void> {
    const { id } = request.params;
    await write(request, response, { resource, action: 'delete', id, path: `${collection}/${id}` });
  }

  async function write(request: IncomingMessage, response: ApiResponse, wanted: Write): Promise<void> {
    const command = commandOf(request, response.locals.context, wanted, options);
    respond(response, await options.bus.request(command, options.replyTimeoutMs));
  }

  return { create, patch, remove };
}

/** The id that a creation asks for; an impossible one stays in the body, where the worker finds and refuses it. */
function idIn(body: Json): string | undefined {
  if (!isObject(body) || !Object.hasOwn(body, 'id')) return undefined;
  const { id } = body;
  return typeof id === 'string' && isResourceId(id) ? id : undefined;
}
