import { v5 as uuidv5 } from 'uuid';
import { isStructured } from './bus/envelope.js';
import { NAMESPACE } from './handlers/notification.js';
import { isObject, type JsonObject } from './json.js';
import { STRUCTURED, type OutgoingCommand } from './message.js';
import type { ParkedMessage } from './store/store.js';

const TYPE = /^org\.tmforum\.([A-Za-z]+)\./;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A parked message as it is sent again. */
export interface RetryCommand {
  /** CloudEvents id of what is sent; the parked message's own where it could not be given a new one. */
  readonly id: string;
  readonly edited: boolean;
  readonly command: OutgoingCommand;
}

/**
 * The command that repeats a parked message, with another body where one is given. Its id is the same for the same message,
 * and number of earlier retries, so that whoever sends it a second time causes nothing (with another body: is refused). The extension attribute
 * `retryof` names the parked message, and `subject` the resource that it was about.
 */
export function retryCommand(parked: ParkedMessage, editedBody?: Uint8Array): RetryCommand {
  const body = editedBody ?? parked.body;
  const edited = editedBody !== undefined && Buffer.compare(editedBody, parked.body) !== 0;
  const id = uuidv5(`${parked.id}/${parked.retries?.length ?? 0}`, NAMESPACE);
  const more = { id, retryof: parked.id };

  if (!inStructuredMode(parked) && parked.attributes['specversion'] !== undefined) {
    const attributes = { ...(parked.subject === undefined ? {} : { subject: parked.subject }), ...parked.attributes, ...more };
    return { id, edited, command: { ...addressed(attributes, id), attributes, ...typed(parked.contentType), body } };
  }
  const event = inStructuredMode(parked) || edited ? parsed(body) : undefined;
  if (event) {
    const changed = { ...(parked.subject === undefined ? {} : { subject: parked.subject }), ...event, ...more };
    // What was no CloudEvent at all has no content type worth keeping.
    const contentType = inStructuredMode(parked) ? parked.contentType : STRUCTURED;
    return { id, edited, command: { ...addressed(changed, id), attributes: {}, ...typed(contentType), body: Buffer.from(JSON.stringify(changed)) } };
  }
  // Nothing here can be given an id: the exact message goes out again, marked beside its content.
  const about = { type: parked.type, subject: parked.subject };
  const attributes = { ...parked.attributes, retryof: parked.id };
  return { id: parked.id, edited, command: { ...addressed(about, parked.id), attributes, ...typed(parked.contentType), body } };
}

/** The parked message that a parked message repeats, if it is a retry. */
export function repeatedBy(parked: Pick<ParkedMessage, 'attributes' | 'contentType' | 'body'>): string | undefined {
  const inHeaders = parked.attributes['retryof'];
  if (inHeaders !== undefined) return inHeaders;
  // Most are no retries, and a body may be large.
  if (!inStructuredMode(parked) || !Buffer.from(parked.body).includes('"retryof"')) return undefined;
  const inBody = parsed(parked.body)?.['retryof'];
  return typeof inBody === 'string' ? inBody : undefined;
}

function inStructuredMode({ contentType, attributes }: Pick<ParkedMessage, 'attributes' | 'contentType'>): boolean {
  return isStructured({ contentType, attributes });
}

function addressed(attributes: Readonly<Record<string, unknown>>, id: string): Pick<OutgoingCommand, 'resource' | 'key'> {
  const { type, subject } = attributes;
  const resource = typeof type === 'string' ? TYPE.exec(type)?.[1] : undefined;
  return { resource: resource ?? 'unknown', key: typeof subject === 'string' && subject !== '' ? subject : id };
}

function typed(contentType: string | undefined): { contentType?: string } {
  return contentType === undefined ? {} : { contentType };
}

/** The body as a JSON object that can be written again without loss; undefined when it is none. */
function parsed(body: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(body), (_name, part: unknown) => {
      if (typeof part === 'number' && !Number.isFinite(part)) throw new RangeError('JSON text cannot say this number');
      return part;
    });
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
