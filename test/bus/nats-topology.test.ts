import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { StartError, TimeoutError, UnroutableError } from '../../src/errors.js';
import { command, event, until, up } from '../contract/bus.contract.js';
import { binary } from '../support/binaries.js';
import { startLocal } from '../support/local-server.js';
import { natsUrl } from '../support/nats-server.js';
import { freePort } from '../support/ports.js';
import { startNats, whenServers, type Server } from '../support/servers.js';
import { NatsDeployments, connected } from './nats-deployment.js';

whenServers('JetStream topology and connection', ['nats'], () => {
  let server: Server;
  let deployments: NatsDeployments;

  beforeAll(async () => {
    server = await startNats();
    deployments = new NatsDeployments(server.url);
  }, 120_000);
  afterEach(() => deployments.close(), 30_000);
  afterAll(() => server.stop());

  test('another lane count is refused, whether recorded or found at the stream, and says how to drain', async () => {
    const { PREFIX, open } = deployments.add();
    await up(open());
    const recorded = new Promise<Error>((resolve) => open({ lanes: 8, onFatal: resolve }));
    const found = new Promise<Error>((resolve) => open({ lanes: 8, recorded: (_name, value) => Promise.resolve(value), onFatal: resolve }));
    for (const error of await Promise.all([recorded, found])) {
      expect(error).toBeInstanceOf(StartError);
      expect(error.message).toMatch(/spread over 4 lanes, and 8 are configured/);
      expect(error.message).toContain(`nats stream rm ${PREFIX}_COMMANDS`);
    }
  });

  test('`check` creates nothing and names all that is missing; it accepts what was declared', async () => {
    const { PREFIX, open } = deployments.add();
    const error = await new Promise<Error>((resolve) => open({ topology: 'check', onFatal: resolve }));
    expect(error).toBeInstanceOf(StartError);
    for (const stream of ['COMMANDS', 'EVENTS', 'DEAD']) expect(error.message).toContain(`stream ${PREFIX}_${stream} is missing`);
    await up(open());
    await up(open({ topology: 'check' }));
  });

  test('a stream that could lose commands is refused with what is different', async () => {
    const { prefix, PREFIX, open } = deployments.add();
    const name = `${PREFIX}_COMMANDS`;
    await connected(server.url, (_connection, manager) => manager.streams.add({ name, subjects: [`${prefix}.commands.*.*`], retention: 'limits', discard: 'old' }));
    const error = await new Promise<Error>((resolve) => open({ onFatal: resolve }));
    expect(error.message).toContain('must have retention workqueue, and has limits');
    expect(error.message).toContain('must have discard new, and has old');
    expect(error.message).toContain('must have subject_transform');
  });

  test('a command that no stream takes is unroutable', async () => {
    const { PREFIX, open } = deployments.add();
    const bus = open();
    await up(bus);
    await connected(server.url, (_connection, manager) => manager.streams.delete(`${PREFIX}_COMMANDS`));
    await expect(bus.send(command('a', '1'))).rejects.toThrow(UnroutableError);
  });

  test('a server that cannot be reached is named, without the password', async () => {
    const bus = deployments.add().open({ url: 'nats://user:secret@127.0.0.1:1,127.0.0.1:2' });
    await until(() => JSON.stringify(bus.status()).includes('127.0.0.1:1, 127.0.0.1:2'), 'the status names the servers');
    expect(JSON.stringify(bus.status())).not.toContain('secret');
  });

  test('the server refuses the credentials: the status says so, and the bus comes up when they are accepted', async () => {
    const guarded = await startGuarded('old');
    try {
      const url = guarded.server.url.replace('//', '//worker:s%40cret@');
      const bus = deployments.add().open({ url });
      await until(() => JSON.stringify(bus.status()).includes('refuses the credentials'), 'it is refused');
      expect(JSON.stringify(bus.status())).not.toMatch(/s@cret|s%40cret/);
      await guarded.changePassword('s@cret');
      await up(bus);
      await bus.send(command('a', '1'));
      await bus.close();
    } finally {
      await guarded.server.stop();
    }
  }, 60_000);

  test('what this user may not publish is said at once, and all else is published', async () => {
    const { prefix, open } = deployments.add();
    const guarded = await startGuarded('s@cret', `${prefix}.events.partyRole.*`);
    try {
      const bus = open({ url: guarded.server.url.replace('//', '//worker:s%40cret@') });
      await up(bus);
      const began = Date.now();
      const outcomes = await Promise.allSettled([bus.publish(event('events', 'partyRole.PartyRoleCreateEvent', {})), bus.publish(event('events', 'individual.IndividualCreateEvent', {})), bus.send(command('a', '1'))]);
      expect(outcomes).toMatchObject([{ status: 'rejected', reason: expect.any(TimeoutError) as unknown }, { status: 'fulfilled' }, { status: 'fulfilled' }]);
      expect(JSON.stringify(outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason)))).toMatch(/did not confirm .*partyRole.PartyRoleCreateEvent: Permissions Violation/);
      expect(Date.now() - began).toBeLessThan(5_000);
      await bus.close();
    } finally {
      await guarded.server.stop();
    }
  }, 60_000);
});

/** A server that lets in the user `worker` with this password, who may not publish to `denied`. */
async function startGuarded(password: string, denied = 'nowhere'): Promise<{ server: Server; changePassword: (password: string) => Promise<void> }> {
  const program = binary('nats');
  if (program === undefined) throw new Error('this test needs a nats-server on this machine');
  let config = '';
  let current = password;
  const write = () => writeFile(config, `jetstream {}\nauthorization { users: [{ user: worker, password: ${JSON.stringify(current)}, permissions: { publish: { deny: ${JSON.stringify(denied)} } } }] }\n`);
  const port = await freePort();
  const server = await startLocal('nats', async (folder) => {
    config = join(folder, 'nats.conf');
    await write();
    return {
      url: natsUrl(port),
      ready: async () => (await connect({ servers: natsUrl(port), user: 'worker', pass: current, reconnect: false })).close(),
      server: { command: program, args: ['-c', config, '-sd', join(folder, 'data'), '-a', '127.0.0.1', '-p', String(port)] },
    };
  });
  return {
    server,
    changePassword: async (next) => {
      current = next;
      await write();
      await server.restart();
    },
  };
}
