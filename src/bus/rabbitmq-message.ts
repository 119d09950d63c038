import type { ConsumeMessage, Options } from 'amqplib';
import type { Json } from '../json.js';
import { STRUCTURED, type Message, type Origin, type OutgoingCommand, type OutgoingEvent, type ReplyTo } from '../message.js';
import { ATTRIBUTE_PREFIX } from './names.js';
import { UNREADABLE } from './rabbitmq-frames.js';

/** This prefix is sent; with a colon, and in any case, it is understood too. */
const ATTRIBUTE = ATTRIBUTE_PREFIX.amqp;
const ATTRIBUTE_READ = /^cloudEvents[_:]/i;
/** AMQP 0-9-1 short string. */
const MAX_ADDRESS_BYTES = 255;
/** RabbitMQ direct reply-to: what a requester names, and what the broker makes of it. */
export const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to';

const CANNOT_BE_READ = { unacceptable: { reason: 'malformed', error: 'properties or headers that cannot be read' } } as const;

/** Which names on the default exchange may be answered to. */
export interface ReplyRule {
  /** Queues that start with this and a dot are ours. */
  readonly prefix: string;
  /** When given, only names that start with it, besides direct reply-to. */
  readonly replyPrefix?: string;
}

export function messageOf(delivery: ConsumeMessage, origin: Origin, rule: ReplyRule, acknowledge: () => void): Message {
  const { content, fields, properties } = delivery;
  const table = properties.headers ?? {};
  return {
    body: content,
    // Only a message that is set aside is asked for them.
    get headers() {
      return jsonOf({ ...properties, headers: table, exchange: fields.exchange, routingKey: fields.routingKey }) as Record<string, Json>;
    },
    contentType: textProperty(properties.contentType),
    attributes: attributesOf(table),
    ...(UNREADABLE in table ? CANNOT_BE_READ : answerTo(textProperty(properties.replyTo), textProperty(properties.correlationId), rule)),
    origin,
    redelivered: fields.redelivered,
    attempts: attemptsOf(fields.redelivered, table),
    acknowledge,
  };
}

/** A command in CloudEvents binary mode. */
export function commandProperties({ attributes, contentType }: OutgoingCommand): Options.Publish {
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [ATTRIBUTE + name, value]));
  return { headers, persistent: true, ...(contentType === undefined ? {} : { contentType }) };
}

/** An event in CloudEvents structured mode. */
export function eventProperties(event: OutgoingEvent): Options.Publish {
  return { persistent: true, contentType: STRUCTURED, messageId: event.id };
}

/** Lost with the broker: whoever waits for it asks again. */
export function replyProperties(to: ReplyTo): Options.Publish {
  return { persistent: false, contentType: 'application/json', ...(to.correlationId === undefined ? {} : { correlationId: to.correlationId }) };
}

/** Why this name may not be answered to: a publisher must not aim the worker at a queue of its choice. */
export function refusalOf(address: string, { prefix, replyPrefix }: ReplyRule): string | undefined {
  if (Buffer.byteLength(address) > MAX_ADDRESS_BYTES) return `reply_to is longer than ${MAX_ADDRESS_BYTES} bytes`;
  if (address.startsWith(`${prefix}.`)) return `reply_to must not be a queue of this service, which start with ${prefix}.`;
  if (address === DIRECT_REPLY_TO || address.startsWith(`${DIRECT_REPLY_TO}.`)) return undefined;
  if (replyPrefix !== undefined && !address.startsWith(replyPrefix)) return `reply_to must start with ${replyPrefix}`;
  return undefined;
}

function answerTo(address: string | undefined, correlationId: string | undefined, rule: ReplyRule): Pick<Message, 'replyTo' | 'unacceptable'> {
  if (address === undefined || address === '') return {};
  const error = refusalOf(address, rule);
  if (error !== undefined) return { unacceptable: { reason: 'reply-to', error } };
  return { replyTo: { address, ...(correlationId === undefined ? {} : { correlationId }) } };
}

function attributesOf(table: Readonly<Record<string, unknown>>): Record<string, string> {
  const found: [string, string][] = [];
  for (const [header, value] of Object.entries(table)) {
    if (!ATTRIBUTE_READ.test(header)) continue;
    const text = attributeText(value);
    if (text !== undefined) found.push([header.slice(ATTRIBUTE.length).toLowerCase(), text]);
  }
  return Object.fromEntries(found);
}

/** An attribute's canonical text (CloudEvents 1.0, section Type System); undefined for what no attribute can be. */
function attributeText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  const typed = typedValue(value);
  return typed === undefined ? undefined : String(typed);
}

/** AMQP types that the client wraps: a decimal becomes a number, a timestamp (seconds) its RFC 3339 text. */
function typedValue(value: unknown): string | number | undefined {
  if (typeof value !== 'object' || value === null || !('!' in value) || !('value' in value)) return undefined;
  const { '!': type, value: content } = value;
  if (type === 'decimal' && typeof content === 'object' && content !== null && 'digits' in content && 'places' in content) {
    return Number(content.digits) / 10 ** Number(content.places);
  }
  if (type !== 'timestamp' || typeof content !== 'number') return undefined;
  const time = new Date(content * 1000);
  return Number.isNaN(time.getTime()) ? content : time.toISOString();
}

/** A frame has room for tables so deep that walking or writing them exhausts the stack. */
const MAX_TABLE_LEVELS = 100;

/** Header values as JSON: bytes become `{"base64": …}`, what is nested deeper than 100 levels a text that says so. RabbitMQ carries no number that JSON cannot hold. */
function jsonOf(value: unknown, levels = MAX_TABLE_LEVELS): Json {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null) return null;
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') };
  if (levels === 0) return `nested deeper than ${MAX_TABLE_LEVELS} levels`;
  if (Array.isArray(value)) return value.map((element) => jsonOf(element, levels - 1));
  const entries = Object.entries(value).filter(([, content]) => content !== undefined);
  return typedValue(value) ?? Object.fromEntries(entries.map(([name, content]) => [name, jsonOf(content, levels - 1)]));
}

/** Quorum queues count; the count of RabbitMQ 4.3 that includes returned messages is the first. */
function attemptsOf(redelivered: boolean, table: Readonly<Record<string, unknown>>): number {
  if (!redelivered) return 1;
  const count = table['x-acquired-count'] ?? table['x-delivery-count'];
  return typeof count === 'number' && count > 1 ? count + 1 : 2;
}

function textProperty(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
