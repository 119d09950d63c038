import type { ResourceDefinition } from '../handlers/definition.js';
import type { Json, JsonObject } from '../json.js';
import { PARK_REASONS } from '../message.js';
import { nats, rabbitMq, type Broker } from './broker.js';
import { ANNOUNCED, commandMessages, eventMessages, messageTraits, replyMessage, replyMessages, type Named } from './bus-messages.js';
import { cloudEventSchemas } from './cloud-events.js';
import { ACTIONS, commandName, commandSchemas } from './command-schemas.js';
import { CONTRACT_VERSION, definitionsOf, type Contract } from './contract.js';
import { ERROR_SCHEMA } from './errors.js';
import { PARKED_SCHEMAS } from './parked-schema.js';
import { PATCH_SCHEMAS } from './patch-bodies.js';
import { resourceComponents } from './resource-components.js';

/** What is said on the bus, whichever broker carries it: AsyncAPI 3.0. */
export function asyncApi(contract: Contract): JsonObject {
  const definitions = definitionsOf(contract);
  const brokers = [rabbitMq(contract.prefix), nats(contract.prefix)];
  const parts = brokers.map((broker) => partsOf(broker, definitions));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'The customers of a telecom operator',
      version: CONTRACT_VERSION,
      description: 'Commands are CloudEvents 1.0 in structured or binary mode. A command that names a place for it is answered as over HTTP. Every change is announced at least once, in the order of `sequence`.',
      license: { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(brokers.map(({ name, server }) => [name, server])),
    channels: Object.assign({}, ...parts.map(({ channels }) => channels)) as JsonObject,
    operations: Object.assign({}, ...parts.map(({ operations }) => operations)) as JsonObject,
    components: {
      messages: Object.fromEntries(parts.flatMap(({ messages }) => messages)),
      messageTraits: messageTraits(brokers),
      schemas: {
        ...resourceComponents(definitions),
        ...commandSchemas(definitions),
        ...cloudEventSchemas(definitions, contract),
        ...PATCH_SCHEMAS,
        ...PARKED_SCHEMAS,
        Error: ERROR_SCHEMA,
      },
    },
  };
}

interface Parts {
  readonly channels: JsonObject;
  readonly operations: JsonObject;
  readonly messages: readonly Named[];
}

function partsOf(broker: Broker, definitions: readonly ResourceDefinition[]): Parts {
  const channels: JsonObject = {};
  const operations: JsonObject = {};
  const replies = replyMessages(definitions, broker);
  const messages: Named[] = [...replies, ANNOUNCED];
  const add = (name: string, channel: JsonObject, carried: readonly Named[]): string => {
    channels[`${broker.name}.${name}`] = { ...channel, servers: [{ $ref: `#/servers/${broker.name}` }], messages: Object.fromEntries(carried.map(([message]) => [message, { $ref: `#/components/messages/${message}` }])) };
    return `${broker.name}.${name}`;
  };
  const operate = (name: string, action: 'send' | 'receive', channel: string, carried: readonly Named[], more: JsonObject = {}): void => {
    operations[`${broker.name}.${name}`] = { action, channel: refToChannel(channel), messages: refsToMessages(channel, carried), ...more };
  };

  const answers = add('replies', broker.replies(), replies);
  for (const definition of definitions) {
    const commands = ACTIONS.map((action) => ({ action, carried: commandMessages(definition, action, broker) }));
    const channel = add(`commands.${definition.name}`, broker.commands(definition.name), commands.flatMap(({ carried }) => carried));
    for (const { action, carried } of commands) {
      const reply = { address: broker.replyTo, channel: refToChannel(answers), messages: refsToMessages(answers, [replyMessage(definition, action, broker)]) };
      operate(commandName(definition, action), 'receive', channel, carried, { bindings: broker.operationBindings, reply });
      messages.push(...carried);
    }
    const events = eventMessages(definition);
    const announced = [...events.values()];
    const types = { eventType: { enum: [...events.keys()] } };
    const announcements = add(`events.${definition.name}`, { ...broker.events(definition.name), parameters: types }, announced);
    operate(`announce${definition.typeName}`, 'send', announcements, announced, { bindings: broker.operationBindings });
    messages.push(...announced);
  }
  const dead = add('dead', { ...broker.dead(), parameters: { reason: { enum: [...PARK_REASONS] } } }, [ANNOUNCED]);
  operate('announceParked', 'send', dead, [ANNOUNCED], { bindings: broker.operationBindings });
  return { channels, operations, messages };
}

function refToChannel(channel: string): JsonObject {
  return { $ref: `#/channels/${channel}` };
}

function refsToMessages(channel: string, carried: readonly Named[]): Json[] {
  return carried.map(([message]) => ({ $ref: `#/channels/${channel}/messages/${message}` }));
}
