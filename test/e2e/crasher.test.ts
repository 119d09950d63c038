import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { plainAmqp, plainNats, type PlainClient } from '../support/plain-client.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { startService, until } from '../support/service.js';
import { Api } from './api.js';
import { settingsOn } from './pair.js';

const CRASHER = join(__dirname, 'crasher-main.js');
/** After each death a lane of NATS is free when its lease has ended. */
const LIMIT_MS = 120_000;

/** Starts the service that dies of the killer again whenever it has died, as a supervisor would. */
class Supervisor {
  starts = 0;
  private child: ChildProcess | undefined;
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(private readonly settings: Readonly<Record<string, string>>) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.child?.kill('SIGTERM');
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.starts += 1;
      const env = { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'silent', ...this.settings };
      this.child = spawn(process.execPath, [CRASHER], { env, stdio: 'inherit' });
      await once(this.child, 'exit');
    }
  }
}

function suite(busUrl: () => string, connect: (url: string, prefix: string) => Promise<PlainClient>, deployment: string): void {
  it('is parked after three deaths, and its neighbours before and after it are applied', async () => {
    const settings = { ...settingsOn(busUrl(), deployment), LANES: '1', BATCH_MAX: '4' };
    await (await startService(settings)).stop();
    const client = await connect(busUrl(), settings.PREFIX);
    const names = ['a', 'b', 'c', 'd', 'e', 'killer', 'f', 'g', 'h', 'i'];
    for (const name of names) {
      const event = { specversion: '1.0', id: name, source: '/test', type: 'org.tmforum.partyRole.create', subject: name, data: { name } };
      await client.post(name, 'application/cloudevents+json', Buffer.from(JSON.stringify(event)));
    }
    const supervisor = new Supervisor(settings);
    try {
      await until('the killer is parked', () => client.dead.length > 0, LIMIT_MS);
      await until('the neighbours are announced', () => new Set(client.events.map(({ content }) => content)).size === names.length - 1, LIMIT_MS);
    } finally {
      await supervisor.stop();
      await client.close();
    }
    expect(client.dead.map((seen) => [seen.key, (JSON.parse(seen.content) as { data: { subject: string } }).data.subject])).toEqual([['crashed', 'killer']]);
    expect(supervisor.starts).toBeLessThanOrEqual(4);
    const service = await startService(settings);
    const statuses = await Promise.all(names.map(async (name) => (await new Api(service.url).get(`/${name}`)).status));
    await service.stop();
    expect(statuses).toEqual(names.map((name) => (name === 'killer' ? 404 : 200)));
  }, 2 * LIMIT_MS);
}

whenServers('A message that kills the process, on RabbitMQ', ['rabbit', 'mongo'], () => suite(() => sharedUrl('rabbit'), plainAmqp, 'e2e-rabbit-crash'));
whenServers('A message that kills the process, on NATS', ['nats', 'mongo'], () => suite(() => sharedUrl('nats'), plainNats, 'e2e-nats-crash'));
