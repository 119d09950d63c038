import { headers as newHeaders, type MsgHdrs } from '@nats-io/transport-node';
import type { JsMsg } from '@nats-io/jetstream';
import { textOf } from '../errors.js';
import type { Json } from '../json.js';
import { STRUCTURED, type Message, type Origin, type OutgoingCommand, type OutgoingEvent, type ReplyTo } from '../message.js';
import { ATTRIBUTE_PREFIX, NATS_HEADERS } from './names.js';

const { contentType: CONTENT_TYPE, replyTo: REPLY_TO, correlationId: CORRELATION_ID } = NATS_HEADERS;
/** Under which `Message.headers` tells the subject of a delivered message. */
const SUBJECT = 'nats-subject';
const ATTRIBUTE = ATTRIBUTE_PREFIX.nats;

/** What is known of a delivered message besides the message. */
export interface Delivery {
  readonly lane: number;
  readonly redelivered: boolean;
  readonly attempts: number;
  readonly replyPrefix: string | undefined;
  acknowledge(): void;
}

export function messageOf(message: JsMsg, delivery: Delivery): Message {
  const { lane, redelivered, attempts } = delivery;
  const origin: Origin = { bus: 'jetstream', queue: message.info.stream, lane, sequence: message.seq };
  const common = { body: message.data, origin, redelivered, attempts, acknowledge: () => delivery.acknowledge() };
  try {
    const headers = message.headers ?? newHeaders();
    const { contentType, attributes, replyTo } = understood(headers);
    const error = replyTo && problemOf(replyTo.address, delivery.replyPrefix);
    return {
      ...common,
      // Only a message that is set aside is asked for them.
      get headers() {
        return Object.fromEntries([...[...headers].map(([name, values]): [string, Json] => [name, single(values)]), [SUBJECT, message.subject]]);
      },
      contentType,
      attributes,
      ...(replyTo && error === undefined ? { replyTo } : {}),
      ...(error === undefined ? {} : { unacceptable: { reason: 'reply-to', error } }),
    };
  } catch (error) {
    // The client reads headers when asked for them, and throws at a name that no header may have.
    const unacceptable = { reason: 'malformed', error: `unreadable headers: ${textOf(error)}` } as const;
    return { ...common, headers: { [SUBJECT]: message.subject }, contentType: undefined, attributes: {}, unacceptable };
  }
}

function understood(headers: MsgHdrs): { contentType: string | undefined; attributes: Record<string, string>; replyTo?: ReplyTo } {
  const attributes: [string, string][] = [];
  const properties = new Map<string, string>();
  for (const [header, [value = '']] of headers) {
    const name = header.toLowerCase();
    if (name.startsWith(ATTRIBUTE)) attributes.push([name.slice(ATTRIBUTE.length), decodeValue(value)]);
    else properties.set(name, value);
  }
  const address = properties.get(REPLY_TO);
  const correlationId = properties.get(CORRELATION_ID);
  return {
    contentType: properties.get(CONTENT_TYPE),
    attributes: Object.fromEntries(attributes),
    ...(address === undefined ? {} : { replyTo: { address, ...(correlationId === undefined ? {} : { correlationId }) } }),
  };
}

function single(values: readonly string[]): Json {
  return values.length === 1 ? (values[0] ?? '') : [...values];
}

/** Why this subject may not be written to; a publisher must not aim the worker at a subject of its choice. */
function problemOf(address: string, replyPrefix: string | undefined): string | undefined {
  if (address.length > 1024 || !/^[!-~]+$/.test(address) || address.split('.').some((token) => token === '' || /[*>]/.test(token))) {
    return 'reply-to is no subject that can be written to';
  }
  const prefixes = ['_INBOX', ...(replyPrefix === undefined ? [] : [replyPrefix.replace(/\.$/, '')])];
  if (prefixes.some((prefix) => address.startsWith(`${prefix}.`))) return undefined;
  return `reply-to must start with ${prefixes.map((prefix) => `${prefix}.`).join(' or ')}`;
}

/** A command in binary mode. Without `Nats-Msg-Id`: receipts make it apply once, and the server would swallow a reused id. */
export function commandHeaders(command: OutgoingCommand, replyTo?: ReplyTo): MsgHdrs {
  const headers = newHeaders();
  for (const [name, value] of Object.entries(command.attributes)) headers.set(ATTRIBUTE + name, encodeValue(value));
  if (command.contentType !== undefined) headers.set(CONTENT_TYPE, command.contentType);
  if (replyTo !== undefined) headers.set(REPLY_TO, replyTo.address);
  if (replyTo?.correlationId !== undefined) headers.set(CORRELATION_ID, replyTo.correlationId);
  return headers;
}

/** An event in structured mode. By `Nats-Msg-Id` the server drops a second publish within the stream's duplicate window. */
export function eventHeaders(event: OutgoingEvent): MsgHdrs {
  const headers = repeatedEventHeaders();
  headers.set('Nats-Msg-Id', event.id);
  return headers;
}

/** The same without it, so that an event which is meant to come again does. */
export function repeatedEventHeaders(): MsgHdrs {
  const headers = newHeaders();
  headers.set(CONTENT_TYPE, STRUCTURED);
  return headers;
}

export function replyHeaders(to: ReplyTo): MsgHdrs {
  const headers = newHeaders();
  headers.set(CONTENT_TYPE, 'application/json');
  if (to.correlationId !== undefined) headers.set(CORRELATION_ID, to.correlationId);
  return headers;
}

/** CloudEvents HTTP binding, section 3.1.3.2, which the NATS binding follows: space, `"`, `%` and all outside printable ASCII are percent-encoded. */
function encodeValue(value: string): string {
  return value.replace(/[^!#$&-~]/gu, (character) => (character === ' ' ? '%20' : encodeURIComponent(character.toWellFormed())));
}

/** Undoes quotes, then one round of percent-encoding; a value that is not valid percent-encoding is taken as it is. */
function decodeValue(value: string): string {
  const unquoted = /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value;
  try {
    return decodeURIComponent(unquoted);
  } catch {
    return unquoted;
  }
}
