import { StartError, TimeoutError, UnroutableError } from '../../src/errors.js';
import type { OutgoingEvent } from '../../src/message.js';
import { command, event, until, up } from '../contract/bus.contract.js';
import { startGuardedNats, type Guard, type GuardedNats } from '../support/guarded-nats.js';
import { startNats, whenServers, type Server } from '../support/servers.js';
import { NatsDeployments, connected } from './nats-deployment.js';

whenServers('JetStream topology and connection', ['nats'], () => {
  let server: Server;
  let deployments: NatsDeployments;

  beforeAll(async () => {
    server = await startNats();
    deployments = new NatsDeployments(server.url);
  }, 120_000);
  const guardedServers: Server[] = [];
  afterEach(async () => {
    await deployments.close();
    await Promise.all(guardedServers.splice(0).map((guarded) => guarded.stop()));
  }, 60_000);
  afterAll(() => server.stop());

  /** A server for one test. */
  async function guardedBy(guard: Guard): Promise<GuardedNats> {
    const guarded = await startGuardedNats(guard);
    guardedServers.push(guarded.server);
    return guarded;
  }

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
    const guarded = await guardedBy({ password: 'old' });
    const bus = deployments.add().open({ url: guarded.url('s@cret') });
    await until(() => JSON.stringify(bus.status()).includes('refuses the credentials'), 'it is refused');
    expect(JSON.stringify(bus.status())).not.toMatch(/s@cret|s%40cret/);
    await guarded.change({ password: 's@cret' });
    await guarded.server.restart();
    await up(bus);
    await bus.send(command('a', '1'));
  }, 60_000);

  test('what this user may not publish is said at once, and all else is published', async () => {
    const { prefix, open } = deployments.add();
    const guarded = await guardedBy({ password: 's@cret', publish: { deny: `${prefix}.events.partyRole.*` } });
    const bus = open({ url: guarded.url('s@cret') });
    await up(bus);
    const began = Date.now();
    const [refused, ...others] = await Promise.allSettled([bus.publish(created('partyRole')), bus.publish(created('individual')), bus.send(command('a', '1'))]);
    expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(TimeoutError) as unknown });
    expect(String((refused as PromiseRejectedResult).reason)).toMatch(/did not confirm .*partyRole.CreateEvent: Permissions Violation/);
    expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(Date.now() - began).toBeLessThan(5_000);
  }, 60_000);

  test('the server withdraws what the bus must subscribe to: the status says so, and the bus comes up when it may again', async () => {
    const guarded = await guardedBy({ password: 's@cret' });
    const bus = deployments.add().open({ url: guarded.url('s@cret') });
    await up(bus);
    await guarded.change({ password: 's@cret', subscribe: { deny: '_INBOX.>' } });
    process.kill(guarded.server.pid ?? 0, 'SIGHUP');
    await until(() => /Permissions Violation for Subscription/.test(JSON.stringify(bus.status())), 'the status says what is refused');
    await guarded.change({ password: 's@cret' });
    process.kill(guarded.server.pid ?? 0, 'SIGHUP');
    await up(bus);
    await bus.send(command('a', '1'));
  }, 60_000);
});

function created(resource: string): OutgoingEvent {
  return event('events', `${resource}.CreateEvent`, {});
}
