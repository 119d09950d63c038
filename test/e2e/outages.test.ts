import { join } from 'node:path';
import { collectEvents, prepareEvents } from '../drill/events.js';
import { rabbitmqctl } from '../support/rabbit-server.js';
import { binary } from '../support/binaries.js';
import { startMongo, startNats, startRabbit, whenServers, type Server } from '../support/servers.js';
import { startService, type Service } from '../support/service.js';
import { Api, json } from './api.js';

const SLOW_MS = 180_000;
const SILENT = join(__dirname, 'silent-main.js');
/** RabbitMQ 3.10 writes down which quorum queues there are with a delay: killed within it, it never elects a leader for the newest. */
const DECLARED_MS = 2_000;

const servers: Server[] = [];
const services: Service[] = [];

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.kill()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}, SLOW_MS);

async function started(...starting: Promise<Server>[]): Promise<Server[]> {
  const all = await Promise.all(starting);
  servers.push(...all);
  return all;
}

/** A service that need not be ready: what it stands on is away, or refuses it. */
async function serviceOn(busUrl: string, storeUrl: string): Promise<Service> {
  const service = await startService({ BUS_URL: busUrl, STORE_URL: storeUrl, LANES: '2' }, 'listening');
  services.push(service);
  return service;
}

async function readiness(service: Service): Promise<{ status: number; bus: string; store: string }> {
  const response = await fetch(`${service.url}/health/ready`);
  const { bus, store } = (await json(response)) as Record<'bus' | 'store', { why?: string }>;
  return { status: response.status, bus: bus.why ?? 'up', store: store.why ?? 'up' };
}

/** Ready, and of use. */
async function works(service: Service): Promise<void> {
  await service.until('the service is ready', async () => (await readiness(service)).status === 200);
  expect((await new Api(service.url).post({ name: 'After the outage' })).status).toBe(201);
  expect(service.log.filter((line) => Number(line['level']) >= 60)).toEqual([]);
  expect(await service.stop()).toBe(0);
}

function awayAtStart(name: string, kind: 'rabbit' | 'nats', start: () => Promise<Server>): void {
  whenServers(`${name} and MongoDB, both away when the service starts`, [kind, 'mongo'], () => {
    it('is alive and not ready, says why, and becomes ready when they come', async () => {
      const [bus, mongo] = (await started(start(), startMongo())) as [Server, Server];
      await Promise.all([bus.kill(), mongo.kill()]);
      const service = await serviceOn(bus.url, mongo.url);
      await service.until('it knows what is away', async () => {
        const { status, bus, store } = await readiness(service);
        return status === 503 && /refused/i.test(bus) && /refused/i.test(store);
      });
      expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
      expect((await new Api(service.url).post({ name: 'Too early' })).status).toBe(503);
      await mongo.restart();
      await service.until('it knows that the database is there', async () => (await readiness(service)).store === 'up');
      expect((await readiness(service)).status).toBe(503);
      await bus.restart();
      await works(service);
    }, SLOW_MS);
  });
}

awayAtStart('RabbitMQ', 'rabbit', startRabbit);
awayAtStart('NATS', 'nats', startNats);

function awayWithEventsPending(name: string, kind: 'rabbit' | 'nats', start: () => Promise<Server>): void {
  whenServers(`${name} goes away with events pending, and the worker is killed`, [kind, 'mongo'], () => {
    it('the next worker publishes them in order when it returns, before what builds on them', async () => {
      const [bus, mongo] = (await started(start(), startMongo())) as [Server, Server];
      const settings = { BUS_URL: bus.url, STORE_URL: mongo.url, LANES: '2' };
      const silent = await startService(settings, 'ready', SILENT);
      services.push(silent);
      const declared = Date.now();
      const busKind = kind === 'rabbit' ? 'rabbitmq' : 'nats';
      await prepareEvents(busKind, bus.url, 'tmf');
      const before = new Api(silent.url);
      expect((await before.post({ id: 'r1', name: 'a' })).status).toBe(201);
      expect((await before.patch('r1', { name: 'b' })).status).toBe(200);
      expect((await before.patch('r1', { status: 'x', name: 'c' })).headers.get('etag')).toBe('"4"');
      expect((await before.post({ id: 'r2', name: 'z' })).status).toBe(201);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, declared + DECLARED_MS - Date.now())));
      await bus.kill();
      await silent.kill();

      const service = await serviceOn(bus.url, mongo.url);
      await service.until('it knows that the bus is away', async () => (await readiness(service)).store === 'up');
      await bus.restart();
      await service.until('the service is ready', async () => (await readiness(service)).status === 200);
      expect((await new Api(service.url).patch('r1', { name: 'd' })).headers.get('etag')).toBe('"5"');
      const published = (subject: string): number => service.log.filter((line) => line['msg'] === 'event published' && line['subject'] === `partyRole/${subject}`).length;
      await service.until('everything is published', () => published('r1') >= 5 && published('r2') >= 1);
      const events = await collectEvents(busKind, bus.url, 'tmf');
      const first = (subject: string): number[] => [...new Set(events.filter((event) => event.subject === subject).map(({ sequence }) => sequence))];
      expect([first('r1'), first('r2')]).toEqual([[1, 2, 3, 4, 5], [1]]);
    }, SLOW_MS);
  });
}

awayWithEventsPending('RabbitMQ', 'rabbit', startRabbit);
awayWithEventsPending('NATS', 'nats', startNats);

// An operator's console is at hand only where the server runs as a program of this machine.
(binary('rabbit') === undefined ? describe.skip : describe)('with a console', () => {
  whenServers('RabbitMQ that refuses', ['rabbit', 'mongo'], () => {
    it('the credentials, then permissions: not ready, says which, and becomes ready when the operator mends it', async () => {
      const [rabbit, mongo] = (await started(startRabbit(), startMongo())) as [Server, Server];
      const url = new URL(rabbit.url);
      [url.username, url.password] = ['worker', 'secret'];
      const service = await serviceOn(url.href, mongo.url);
      const told = (part: RegExp): boolean => service.log.some((line) => Number(line['level']) >= 40 && part.test(JSON.stringify(line)));
      const says = (part: RegExp): Promise<void> => service.until(`it says ${part.source}`, async () => part.test((await readiness(service)).bus) && told(part));

      await says(/refuses the credentials/);
      await rabbitmqctl(rabbit.url, 'add_user', 'worker', 'secret');
      await rabbitmqctl(rabbit.url, 'set_permissions', 'worker', '^$', '.*', '.*');
      await says(/does not permit/);
      expect((await readiness(service)).status).toBe(503);
      await rabbitmqctl(rabbit.url, 'set_permissions', 'worker', '.*', '.*', '.*');
      await works(service);
      expect(JSON.stringify(service.log)).not.toContain('secret');
    }, SLOW_MS);
  });
});
