import { binary } from '../support/binaries.js';
import { startGuardedMongo } from '../support/guarded-mongo.js';
import { startGuardedNats } from '../support/guarded-nats.js';
import { plainAmqp, plainNats, type PlainClient } from '../support/plain-client.js';
import { rabbitmqctl } from '../support/rabbit-server.js';
import type { Server } from '../support/server.js';
import { startRabbit, whenServers } from '../support/servers.js';
import { startService } from '../support/service.js';
import { runTool } from '../support/tool.js';
import { Api } from './api.js';

const LIMIT_MS = 120_000;
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}, LIMIT_MS);

/** All that these users are for: start, REST, commands and replies on the bus, events, dead letters, an orderly end. */
async function serves(busUrl: string, connect: () => Promise<PlainClient>): Promise<void> {
  const mongo = await startGuardedMongo(['readWrite', 'dbAdmin']);
  servers.push(mongo);
  const settings = { BUS_URL: busUrl, STORE_URL: mongo.userUrl, LANES: '2' };
  // At the second start the database takes over another time for what is kept.
  await (await startService(settings)).stop();
  const service = await startService({ ...settings, RETENTION_MINUTES: '60' });
  const atStart = service.log.length;
  const client = await connect();
  try {
    expect((await new Api(service.url).post({ id: 'by-rest', name: 'Seller' })).status).toBe(201);
    expect((await client.ask('structured', { type: 'org.tmforum.partyRole.create', subject: 'by-bus', data: { name: 'Seller' } })).status).toBe(201);
    await client.post('bad', 'application/cloudevents+json', Buffer.from('{}'));
    await service.until('events and the dead letter are seen', () => client.events.length >= 2 && client.dead.length === 1);
    expect((await (await new Api(service.url).get('?name=Seller')).json() as unknown[]).length).toBe(2);
    const { lines, errors } = await runTool(settings, 'dlq', 'retry', '--all');
    expect([errors, lines.at(-1)]).toEqual(['', { totals: { retried: 1 } }]);
    const complaints = service.log.slice(atStart).filter(({ level, msg }) => Number(level) >= 40 && msg !== 'message parked');
    expect(complaints).toEqual([]);
  } finally {
    await client.close();
    expect(await service.stop()).toBe(0);
  }
}

const onThisMachine = (...kinds: readonly ('rabbit' | 'nats' | 'mongo')[]): jest.Describe => (kinds.some((kind) => binary(kind) === undefined) ? describe.skip : describe);

onThisMachine('rabbit', 'mongo')('where an operator can say who may do what', () => {
  whenServers('with the rights that the guide names, on RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => {
    it('the service does all that it is for', async () => {
      const rabbit = await startRabbit();
      servers.push(rabbit);
      await rabbitmqctl(rabbit.url, 'add_user', 'worker', 'secret');
      await rabbitmqctl(rabbit.url, 'set_permissions', 'worker', '^tmf\\.', '^(tmf\\.|amq\\.default$)', '^tmf\\.');
      const url = new URL(rabbit.url);
      [url.username, url.password] = ['worker', 'secret'];
      await serves(url.href, () => plainAmqp(rabbit.url, 'tmf'));
    }, LIMIT_MS);
  });
});

onThisMachine('nats', 'mongo')('where an operator can say who may do what', () => {
  whenServers('with the rights that the guide names, on NATS JetStream and MongoDB', ['nats', 'mongo'], () => {
    it('the service does all that it is for', async () => {
      const allowed = { publish: { allow: ['tmf.>', '$JS.API.>', '$JS.ACK.>', '_INBOX.>'] }, subscribe: { allow: '_INBOX.>' } };
      const guarded = await startGuardedNats({ password: 's@cret', ...allowed });
      servers.push(guarded.server);
      await serves(guarded.url('s@cret'), () => plainNats(guarded.server.url, 'tmf'));
    }, LIMIT_MS);
  });
});
