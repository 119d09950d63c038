import type { ChannelModel } from 'amqplib';
import { StartError, textOf } from '../errors.js';
import { busNames, type BusNames } from './names.js';

/** Not -1, which drops every message at its first delivery on 3.10; each hand-over counts as a delivery, so no real limit may exist. */
const NO_DELIVERY_LIMIT = 2_147_483_647;
/** Lanes are hashed over queues in the order of their names. */
const LANE_DIGITS = 3;

export interface RabbitTopology {
  readonly prefix: string;
  /** How many queues the commands are spread over; more than one needs the plugin rabbitmq_sharding. */
  readonly lanes: number;
  /** `check`: an operator owns the broker; exchanges and queues are looked for and never declared. */
  readonly mode: 'declare' | 'check';
}

/** Every exchange and queue that exists; nothing else is ever declared. */
export interface RabbitNames extends BusNames {
  /** One a lane, in the order of the lanes. */
  readonly queues: readonly string[];
}

export function rabbitNames({ prefix, lanes }: Pick<RabbitTopology, 'prefix' | 'lanes'>): RabbitNames {
  const names = busNames(prefix);
  return {
    ...names,
    queues: Array.from({ length: lanes }, (_, lane) => `${names.commands}.${String(lane).padStart(LANE_DIGITS, '0')}`),
  };
}

/**
 * Makes sure that everything exists. Declaring what is there already changes nothing.
 * `check` sees that exchanges and queues exist; AMQP 0-9-1 does not tell their arguments and bindings.
 * @throws StartError naming what `check` does not find; what the broker answers else.
 */
export function ensureTopology(model: ChannelModel, topology: RabbitTopology): Promise<void> {
  return topology.mode === 'declare' ? declare(model, topology) : check(model, topology);
}

async function declare(model: ChannelModel, topology: RabbitTopology): Promise<void> {
  const names = rabbitNames(topology);
  const channel = await model.createChannel();
  let why: Error | undefined;
  channel.on('error', (error) => (why = error));
  try {
    await channel.assertExchange(names.events, 'topic', { durable: true });
    await channel.assertExchange(names.dead, 'topic', { durable: true });
    for (const queue of names.queues) {
      await channel.assertQueue(queue, { durable: true, arguments: laneArguments(names) });
    }
    // Last, and bound at once: a command that arrives while some lanes are not bound yet is hashed over the others.
    await Promise.all([
      channel.assertExchange(names.commands, topology.lanes === 1 ? 'fanout' : 'x-modulus-hash', { durable: true }),
      ...names.queues.map((queue) => channel.bindQueue(queue, names.commands, '')),
    ]);
    await channel.close();
  } catch (error) {
    throw why ?? error;
  }
}

function laneArguments(names: RabbitNames): Record<string, unknown> {
  return {
    'x-queue-type': 'quorum',
    'x-single-active-consumer': true,
    'x-delivery-limit': NO_DELIVERY_LIMIT,
    'x-dead-letter-exchange': names.dead,
    // At-least-once holds the message until the dead letter is stored, and needs `reject-publish`.
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  };
}

async function check(model: ChannelModel, topology: RabbitTopology): Promise<void> {
  const { commands, events, dead, queues } = rabbitNames(topology);
  const missing: string[] = [];
  for (const exchange of [commands, events, dead]) {
    if (!(await exists(model, (channel) => channel.checkExchange(exchange)))) missing.push(`exchange ${exchange}`);
  }
  for (const queue of queues) {
    if (!(await exists(model, (channel) => channel.checkQueue(queue)))) missing.push(`queue ${queue}`);
  }
  if (missing.length > 0) throw new StartError(`RabbitMQ lacks ${missing.join(', ')}`);
}

/** The broker closes the channel of a question whose answer is no. */
async function exists(model: ChannelModel, ask: (channel: Awaited<ReturnType<ChannelModel['createChannel']>>) => Promise<unknown>): Promise<boolean> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined); // the question itself fails with the same error
  try {
    await ask(channel);
  } catch (error) {
    if (codeOf(error) === NOT_FOUND) return false;
    throw error;
  }
  await channel.close();
  return true;
}

/** AMQP 0-9-1 reply codes. */
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const PRECONDITION_FAILED = 406;

/** A broker's complaint in words that say what to do; a StartError when only an operator can. */
export function explained(error: unknown): unknown {
  if (error instanceof StartError) return error;
  const text = textOf(error);
  if (/(unknown|invalid) exchange type/.test(text)) {
    return new StartError('more than one lane needs the exchange type x-modulus-hash: rabbitmq-plugins enable rabbitmq_sharding', { cause: error });
  }
  if (codeOf(error) === PRECONDITION_FAILED) {
    return new StartError(`RabbitMQ has this declared otherwise; drain and delete it, or use another prefix: ${text}`, { cause: error });
  }
  if (codeOf(error) === ACCESS_REFUSED) return new Error(`RabbitMQ does not permit this user to do this: ${text}`, { cause: error });
  if (/^Handshake terminated by server: 403/.test(text)) return new Error(`RabbitMQ refuses the credentials: ${text}`, { cause: error });
  if (/^Expected ConnectionOpenOk; got <ConnectionClose/.test(text)) {
    return new Error('the virtual host does not exist, or is not open to this user', { cause: error });
  }
  return error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
