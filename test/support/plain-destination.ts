import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';

/** Where one new consumer alone receives: a queue, or a subject with a stream behind it. */
export interface Destination {
  readonly name: string;
  /** Contents, in the order in which they came. */
  readonly received: string[];
  close(): Promise<void>;
}

export async function plainQueue(url: string, name: string): Promise<Destination> {
  const connection = await connectAmqp(url);
  const channel = await connection.createChannel();
  await channel.assertQueue(name, { exclusive: true });
  const received: string[] = [];
  await channel.consume(name, (message) => message && received.push(message.content.toString()), { noAck: true });
  return { name, received, close: () => connection.close() };
}

export async function plainSubject(url: string, name: string): Promise<Destination> {
  const connection = await connectNats({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [name] });
  const received: string[] = [];
  connection.subscribe(name, {
    callback: (_error, message) => {
      received.push(message.string());
    },
  });
  await connection.flush();
  return {
    name,
    received,
    close: async () => {
      await manager.streams.delete(name);
      await connection.close();
    },
  };
}
