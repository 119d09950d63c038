import { ATTRIBUTE_PREFIX, busNames, NATS_HEADERS, streamName } from '../bus/names.js';
import type { JsonObject } from '../json.js';

/** What one kind of broker makes of the names on the bus. */
export interface Broker {
  /** First part of the names of its channels. */
  readonly name: string;
  readonly server: JsonObject;
  /** What stands before a CloudEvents attribute in a header. */
  readonly attributePrefix: string;
  /** Where a command says where it is answered, and by what the answer is known. */
  readonly replyTo: JsonObject;
  readonly correlationId: JsonObject;
  /** Channels without their messages. */
  commands(resource: string): JsonObject;
  events(resource: string): JsonObject;
  dead(): JsonObject;
  replies(): JsonObject;
  readonly operationBindings: JsonObject;
}

const KEY = { description: 'The subject; of a creation without one the id of the command. It decides the order: the same key, the same lane.' };

export function rabbitMq(prefix: string): Broker {
  const names = busNames(prefix);
  const bindings = (name: string, type?: string): JsonObject => ({
    amqp: { is: 'routingKey', exchange: { name, ...(type === undefined ? {} : { type }), durable: true, autoDelete: false }, bindingVersion: '0.3.0' },
  });
  return {
    name: 'rabbitmq',
    server: { host: 'localhost:5672', protocol: 'amqp', protocolVersion: '0.9.1', description: 'RabbitMQ.' },
    attributePrefix: ATTRIBUTE_PREFIX.amqp,
    replyTo: { location: '$message.header#/reply_to', description: 'The property `reply_to`.' },
    correlationId: { location: '$message.header#/correlation_id', description: 'The property `correlation_id`.' },
    commands: () => ({ address: '{key}', parameters: { key: KEY }, bindings: bindings(names.commands) }),
    events: (resource) => ({ address: `${resource}.{eventType}`, bindings: bindings(names.events, 'topic') }),
    dead: () => ({ address: '{reason}', bindings: bindings(names.dead, 'topic') }),
    replies: () => ({ address: null, bindings: bindings('', 'default') }),
    operationBindings: { amqp: { deliveryMode: 2, bindingVersion: '0.3.0' } },
  };
}

export function nats(prefix: string): Broker {
  const names = busNames(prefix);
  const stream = (what: 'commands' | 'events' | 'dead'): string => `In the stream \`${streamName(prefix, what)}\` of JetStream.`;
  return {
    name: 'nats',
    server: { host: 'localhost:4222', protocol: 'nats', description: 'NATS with JetStream.' },
    attributePrefix: ATTRIBUTE_PREFIX.nats,
    replyTo: { location: `$message.header#/${NATS_HEADERS.replyTo}`, description: 'A subject that begins with `_INBOX.`.' },
    correlationId: { location: `$message.header#/${NATS_HEADERS.correlationId}` },
    commands: (resource) => ({ address: `${names.commands}.${resource}.{key}`, description: stream('commands'), parameters: { key: { description: `${KEY.description} Percent-encoded but for letters, digits, - and _.` } } }),
    events: (resource) => ({ address: `${names.events}.${resource}.{eventType}`, description: stream('events') }),
    dead: () => ({ address: `${names.dead}.{reason}`, description: stream('dead') }),
    replies: () => ({ address: null }),
    operationBindings: {},
  };
}
