import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
import { rabbitNames } from '../../src/bus/rabbitmq-topology.js';
import { natsNames } from '../../src/bus/nats-subject.js';

/** Where the events end up, and how many there are: asked of the broker, so that counting costs whoever is measured nothing. */
export interface Sink {
  count(): Promise<number>;
  close(): Promise<void>;
}

/** The queue that all events of the prefix go to. */
export function sinkQueue(prefix: string): string {
  return `${prefix}-bench-sink`;
}

/** A quorum queue of all events of the prefix, made on the spot; goes with all that the prefix has. */
export async function amqpSink(url: string, prefix: string, lanes: number): Promise<Sink> {
  const connection = await connectAmqp(url);
  const channel = await connection.createChannel();
  const queue = sinkQueue(prefix);
  const names = rabbitNames({ prefix, lanes });
  await channel.assertExchange(names.events, 'topic', { durable: true });
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue(queue, names.events, '#');
  return {
    count: async () => (await channel.checkQueue(queue)).messageCount,
    close: async () => {
      // Quorum queues cost the broker something as long as they are there.
      for (const name of [queue, ...names.queues]) await channel.deleteQueue(name);
      for (const name of [names.commands, names.events, names.dead]) await channel.deleteExchange(name);
      await connection.close();
    },
  };
}

/** The stream of events itself; goes with all that the prefix has. */
export async function natsSink(url: string, prefix: string): Promise<Sink> {
  const connection = await connectNats({ servers: url });
  const manager = await jetstreamManager(connection);
  const names = natsNames(prefix);
  const { stream } = names.events;
  return {
    count: async () => (await manager.streams.info(stream)).state.messages,
    close: async () => {
      for (const { stream: name } of [names.commands, names.events, names.dead]) await manager.streams.delete(name);
      await connection.close();
    },
  };
}
