import type { IncomingHttpHeaders } from 'node:http';
import { apiPath } from '../api-paths.js';
import type { Bus } from '../bus/bus.js';
import type { Config } from '../config.js';
import { errorBody, TooLargeError, UnavailableError } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import type { Json } from '../json.js';
import type { Reply } from '../message.js';
import { ToolError } from '../tool-error.js';
import { postTo } from './post.js';
import type { ImportRecord, Origin } from './record.js';

const CHANNEL = 'import';
const REST_MS = 60_000;
/** What a service says of a record; anything else is said of the whole run. */
const ABOUT_THE_RECORD = new Set([201, 400, 409, 412, 413, 415, 422, 500]);
/** Nothing was decided, or the answer was not waited for: the same may be asked again. */
const ABOUT_THE_MOMENT = new Set([429, 502, 503, 504]);

/** What a server that listens everywhere is told to listen on. */
const EVERY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Where records are created. */
export interface Target {
  /**
   * @param attempt another number is another command
   * @throws UnavailableError or TimeoutError when the same may be asked again, ToolError when there is no use in it.
   */
  create(record: ImportRecord, attempt: number): Promise<Reply>;
}

/** Commands to whoever works on the bus. */
export function busTarget(bus: Pick<Bus, 'request'>, { definition, source }: Origin, timeoutMs: number, now: () => Date): Target {
  return {
    create: async (record, attempt) => {
      const attributes = {
        specversion: '1.0',
        id: record.commandId(attempt),
        source,
        type: `org.tmforum.${definition.name}.create`,
        subject: record.id,
        time: now().toISOString(),
        channel: CHANNEL,
        imported: 'true',
      };
      try {
        return await bus.request({ resource: definition.name, key: record.id, attributes, contentType: 'application/json', body: record.body }, timeoutMs);
      } catch (error) {
        if (error instanceof TooLargeError) return { status: 413, headers: {}, body: errorBody(413, error.message) };
        throw error;
      }
    },
  };
}

/** Where the service of these settings is reached from its own machine. */
export function ownUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const address = EVERY_ADDRESS.has(host) ? '127.0.0.1' : host;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** The service that an operator names, with the base path of its APIs or without. */
export function serviceUrl(url: string, { basePath }: Pick<Config, 'basePath'>): string {
  const { origin, pathname } = new URL(url);
  return pathname.endsWith(basePath) ? origin + pathname.slice(0, -basePath.length) : url;
}

/** Where the service at this URL has the resources of a type. */
export function collectionAt(url: string, { basePath }: Pick<Config, 'basePath'>, definition: ResourceDefinition): string {
  return `${url}${apiPath(basePath, definition)}/${definition.name}`;
}

/** Requests to a running service. @param collection such as `http://127.0.0.1:8080/tmf-api/party/v4/individual` */
export function restTarget(collection: string): Target {
  const post = postTo(collection, REST_MS);
  return {
    create: async (record, attempt) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': record.commandId(attempt), 'x-channel': CHANNEL, 'x-imported': 'true' };
      const { status, headers: answered, text } = await post(headers, record.body);
      if (ABOUT_THE_MOMENT.has(status)) throw new UnavailableError(`${collection} answers ${status}`);
      if (!ABOUT_THE_RECORD.has(status)) throw new ToolError(`${collection} answers ${status}: is this the service, with its BASE_PATH?`);
      return { status, headers: textsIn(answered), ...bodyOf(text) };
    },
  };
}

function bodyOf(text: string): { body?: Json } {
  try {
    return { body: JSON.parse(text) as Json };
  } catch {
    return {};
  }
}

/** Those that may come several times are of no interest here. */
function textsIn(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
