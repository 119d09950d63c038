import { sharedUrl, whenServers } from '../support/servers.js';
import { plainAmqp, plainNats, type PlainClient } from '../support/plain-client.js';
import { startService } from '../support/service.js';
import { busSuite, serviceSuite, type Pair } from './service.e2e.js';

/** A prefix and a database of its own on the shared servers. */
async function pairOn(busUrl: string, prefix: string, connect: (url: string, prefix: string) => Promise<PlainClient>): Promise<Pair> {
  const mongo = new URL(sharedUrl('mongo'));
  mongo.pathname = `/${prefix}`;
  const settings = { BUS_URL: busUrl, STORE_URL: mongo.href, PREFIX: prefix, LANES: '4' };
  await startOnce(settings);
  return { settings, client: await connect(busUrl, prefix), close: () => Promise.resolve() };
}

/** The service declares the topology at its first start; a consumer that comes before it would find no exchange. */
async function startOnce(settings: Record<string, string>): Promise<void> {
  await (await startService(settings)).stop();
}

whenServers('RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => {
  describe('service', () => serviceSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit', plainAmqp)));
  describe('bus', () => busSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit-bus', plainAmqp)));
});

whenServers('NATS JetStream and MongoDB', ['nats', 'mongo'], () => {
  describe('service', () => serviceSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats', plainNats)));
  describe('bus', () => busSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats-bus', plainNats)));
});
