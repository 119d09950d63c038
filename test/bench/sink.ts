import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
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

/** A quorum queue of all events of the prefix, made on the spot. */
export async function amqpSink(url: string, prefix: string): Promise<Sink> {
  const connection = await connectAmqp(url);
  const channel = await connection.createChannel();
  const queue = sinkQueue(prefix);
  await channel.assertExchange(`${prefix}.events`, 'topic', { durable: true });
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue(queue, `${prefix}.events`, '#');
  return {
    count: async () => (await channel.checkQueue(queue)).messageCount,
    close: async () => {
      await channel.deleteQueue(queue);
      await connection.close();
    },
  };
}

/** The stream of events itself. */
export async function natsSink(url: string, prefix: string): Promise<Sink> {
  const connection = await connectNats({ servers: url });
  const manager = await jetstreamManager(connection);
  const { stream } = natsNames(prefix).events;
  return {
    count: async () => (await manager.streams.info(stream)).state.messages,
    close: () => connection.close(),
  };
}
