import type { ServerResponse } from 'node:http';
import type { Json } from '../json.js';
import type { Reply } from '../message.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends an answer as it is; a body is JSON, of another media type where the headers say so. Not `res.json`: that decides on its own to make a 304 of it. */
export function respond(response: ServerResponse, reply: Reply): void {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  if (reply.body === undefined) response.end();
  else endWithJson(response, reply.body);
}

function endWithJson(response: ServerResponse, body: Json): void {
  const bytes = Buffer.from(JSON.stringify(body));
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', JSON_TYPE);
  response.setHeader('Content-Length', bytes.byteLength);
  response.end(bytes);
}
