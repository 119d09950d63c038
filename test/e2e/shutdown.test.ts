import { setTimeout as pause } from 'node:timers/promises';
import { backlog, publishAmqp, publishNats, type BacklogCommand } from '../outage/backlog.js';
import { startMongo, startNats, startRabbit, whenServers, type Server } from '../support/servers.js';
import { startService, type Service } from '../support/service.js';
import { Api } from './api.js';

const SLOW_MS = 180_000;
const PREFIX = 'tmf';
const ROLES = 1_000;
const STEPS = 3;
const PREFETCH = 200;

type Publish = (url: string, prefix: string, commands: Iterable<BacklogCommand>) => Promise<void>;

function shutdownOn(name: string, kind: 'rabbit' | 'nats', start: () => Promise<Server>, publish: Publish): void {
  whenServers(`Shutdown under load on ${name}`, [kind, 'mongo'], () => {
    let bus: Server;
    let mongo: Server;
    let service: Service;

    beforeAll(async () => {
      [bus, mongo] = await Promise.all([start(), startMongo()]);
    }, SLOW_MS);
    afterEach(() => service.kill());
    afterAll(async () => {
      await bus.stop();
      await mongo.stop();
    });

    const run = async (settings: Record<string, string> = {}): Promise<Service> =>
      (service = await startService({ BUS_URL: bus.url, STORE_URL: mongo.url, PREFIX, LANES: '2', PREFETCH: String(PREFETCH), BATCH_MAX: '50', LOG_LEVEL: 'debug', ...settings }));
    const count = (running: Service, msg: string): number => running.log.filter((line) => line['msg'] === msg).length;
    const inOrder = async (running: Service): Promise<number> => Number((await new Api(running.url).get(`?step=${STEPS - 1}&limit=1`)).headers.get('x-total-count'));

    it('SIGTERM ends it in time; nothing is lost, and no more comes again than was in its hands', async () => {
      const first = await run({ DRAIN_MS: '1000' });
      const published = publish(bus.url, PREFIX, backlog(ROLES, STEPS));
      await first.until('it is at work', () => count(first, 'command answered') > 100);
      first.signal('SIGTERM');
      // A slow test may find it gone already.
      await first.until('readiness is off', () => fetch(`${first.url}/health/ready`).then(({ status }) => status === 503, () => true));
      // A load balancer has not noticed yet: whoever it sends is served.
      expect((await new Api(first.url).get('?limit=1')).status).toBe(200);
      expect(await first.ended()).toBe(0);
      await published;

      const second = await run();
      await second.until('every command is applied', async () => (await inOrder(second)) === ROLES);
      // A command is applied before it is answered.
      const answered = (): number => count(first, 'command answered') + count(second, 'command answered');
      await second.until('every command is answered', () => answered() === ROLES * STEPS);
      expect(count(first, 'message parked') + count(second, 'message parked')).toBe(0);
      const repeated = count(second, 'repeated command answered from its receipt');
      expect(repeated).toBeLessThanOrEqual(PREFETCH);
    }, SLOW_MS);

    it('the deadline ends it when the database hangs', async () => {
      const stuck = await run({ SHUTDOWN_MS: '2000' });
      await mongo.kill('SIGSTOP');
      try {
        const hanging = new Api(stuck.url).post({ name: 'Never answered' }).catch(() => undefined);
        await pause(200);
        const asked = Date.now();
        stuck.signal('SIGTERM');
        await stuck.ended();
        expect(Date.now() - asked).toBeLessThan(15_000);
        await hanging;
      } finally {
        await mongo.kill('SIGCONT');
      }
    }, SLOW_MS);

    it('a second signal ends it at once, not the same one passed on', async () => {
      const draining = await run({ DRAIN_MS: '600000' });
      draining.signal('SIGTERM');
      draining.signal('SIGTERM');
      await draining.until('readiness is off', async () => (await fetch(`${draining.url}/health/ready`)).status === 503);
      await pause(400);
      draining.signal('SIGTERM');
      expect(await draining.ended()).toBe(1);
    }, SLOW_MS);
  });
}

shutdownOn('RabbitMQ', 'rabbit', startRabbit, publishAmqp);
shutdownOn('NATS', 'nats', startNats, publishNats);
