import { settingsOn } from '../e2e/pair.js';
import { EVERYTHING, plainAmqp, plainNats, type PlainClient } from '../support/plain-client.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { startService, type Service } from '../support/service.js';

/** A process of the service, and somebody else on its bus who hears of everything. */
export interface Running {
  readonly service: Service;
  readonly client: PlainClient;
}

/** The suite on either broker, each with MongoDB and one process of the service. */
export function onBothBrokers(name: string, suite: (running: () => Running) => void): void {
  whenServers('RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => suite(runningOn('rabbit', `${name}-rabbit`)));
  whenServers('NATS JetStream and MongoDB', ['nats', 'mongo'], () => suite(runningOn('nats', `${name}-nats`)));
}

function runningOn(broker: 'rabbit' | 'nats', name: string): () => Running {
  let service: Service | undefined;
  let client: PlainClient | undefined;
  beforeAll(async () => {
    const url = sharedUrl(broker);
    const settings = settingsOn(url, name);
    service = await startService(settings);
    // Only now is there something to listen to.
    client = await { rabbit: plainAmqp, nats: plainNats }[broker](url, settings.PREFIX, EVERYTHING);
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    await client?.close();
  }, 60_000);
  return () => {
    if (!service || !client) throw new Error('nothing runs');
    return { service, client };
  };
}
