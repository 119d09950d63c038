import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
import { MongoClient } from 'mongodb';
import type { Stage } from './stage.js';

/** What the servers say that they are. */
export async function serverVersions(stage: Stage): Promise<Record<string, string>> {
  const versions: Record<string, string> = { MongoDB: await mongoVersion(stage.mongo.url) };
  const [rabbit, nats] = [stage.buses.get('rabbitmq'), stage.buses.get('nats')];
  if (rabbit) versions['RabbitMQ'] = await rabbitVersion(rabbit.url);
  if (nats) versions['NATS'] = await natsVersion(nats.url);
  return versions;
}

async function mongoVersion(url: string): Promise<string> {
  const client = new MongoClient(url);
  const { version } = await client.db('admin').command({ buildInfo: 1 });
  await client.close();
  return String(version);
}

async function rabbitVersion(url: string): Promise<string> {
  const model = await connectAmqp(url);
  const { version } = model.connection.serverProperties;
  await model.close();
  return version;
}

async function natsVersion(url: string): Promise<string> {
  const connection = await connectNats({ servers: url });
  const version = connection.info?.version ?? '?';
  await connection.close();
  return version;
}
