import { StartError, UnroutableError } from '../../src/errors.js';
import { command, consume, event, textsOf, until, up } from '../contract/bus.contract.js';
import { startRabbit, whenServers, type Server } from '../support/servers.js';
import { RabbitDeployments } from './rabbit-deployment.js';

whenServers('RabbitMQ topology', ['rabbit'], () => {
  let server: Server;
  let deployments: RabbitDeployments;

  beforeAll(async () => {
    server = await startRabbit();
    deployments = new RabbitDeployments(server.url);
  }, 90_000);
  afterEach(() => deployments.close(), 30_000);
  afterAll(() => server.stop());

  test('every lane gets commands, and a plain client that sends to the exchange meets the same lane for the same key', async () => {
    const { open, names } = deployments.add();
    const bus = open();
    await up(bus);
    const inbox = await consume(bus, 1000);
    const channel = await deployments.client();
    for (let number = 0; number < 200; number += 1) {
      const key = `key ${number}`;
      await bus.send(command(key, key));
      channel.publish(names.commands, key, Buffer.from(key));
    }
    const laneOf = new Map<string, number>();
    for (const [index, text] of textsOf(await inbox.received(400)).entries()) {
      const lane = inbox.messages[index]?.origin.lane ?? -1;
      expect(laneOf.get(text) ?? lane).toBe(lane);
      laneOf.set(text, lane);
    }
    expect([...new Set(laneOf.values())].sort()).toEqual([0, 1, 2, 3]);
  });

  test('a number of lanes other than the recorded one is a StartError that says how to drain', async () => {
    const { open, fatal, prefix } = deployments.add();
    await up(open());
    const other = open({ lanes: 8 });
    await until(() => fatal.length > 0, 'the other bus has told');
    expect(fatal[0]).toBeInstanceOf(StartError);
    expect(fatal[0]?.message).toContain('8 lanes are configured, and 4 are in use');
    expect(fatal[0]?.message).toContain(`empty the queues ${prefix}.commands.*`);
    expect(other.status()).toEqual({ up: false, why: fatal[0]?.message });
  });

  test('checking declares nothing and names everything that is missing', async () => {
    const { open, fatal, names } = deployments.add(2);
    const bus = open({ topology: 'check' });
    await until(() => fatal.length > 0, 'the bus has told');
    expect(bus.status()).toMatchObject({ up: false });
    for (const name of [names.commands, names.events, names.dead, ...names.queues]) expect(fatal[0]?.message).toContain(name);
    const channel = await deployments.client();
    const refused = new Promise<Error>((resolve) => channel.once('error', resolve));
    await expect(channel.checkExchange(names.events)).rejects.toThrow('NOT_FOUND');
    expect((await refused).message).toContain('NOT_FOUND');
  });

  test('checking is content when everything is there, and comes up when it is declared later', async () => {
    const { open, fatal } = deployments.add(2);
    const checking = open({ topology: 'check' });
    await until(() => fatal.length > 0, 'the bus has told');
    await up(open());
    await up(checking);
    const inbox = await consume(checking);
    await checking.send(command('a', 'checked'));
    expect(textsOf(await inbox.received(1))).toEqual(['checked']);
  });

  test('a queue that is declared otherwise is a StartError', async () => {
    const { open, fatal, names } = deployments.add(1);
    const channel = await deployments.client();
    await channel.assertQueue(names.queues[0] ?? '', { durable: true });
    open();
    await until(() => fatal.length > 0, 'the bus has told');
    expect(fatal[0]).toBeInstanceOf(StartError);
    expect(fatal[0]?.message).toContain(names.queues[0]);
  });

  test('a command that no lane takes is an UnroutableError, and the next one that a lane takes is held', async () => {
    const { open, names } = deployments.add(1);
    const [queue = ''] = names.queues;
    const bus = open();
    await up(bus);
    const channel = await deployments.client();
    await channel.unbindQueue(queue, names.commands, '');
    await expect(Promise.allSettled([bus.send(command('a', '1')), bus.send(command('a', '2'))])).resolves.toEqual([
      { status: 'rejected', reason: expect.any(UnroutableError) as unknown },
      { status: 'rejected', reason: expect.any(UnroutableError) as unknown },
    ]);
    await expect(bus.request(command('a', '3'), 5000)).rejects.toThrow(UnroutableError);
    await channel.bindQueue(queue, names.commands, '');
    await bus.send(command('a', '4'));
    const inbox = await consume(bus);
    expect(textsOf(await inbox.received(1))).toEqual(['4']);
  });

  test('an exchange that vanished is declared again', async () => {
    const { open, names } = deployments.add(1);
    const bus = open();
    await up(bus);
    const channel = await deployments.client();
    await channel.deleteExchange(names.events);
    await expect(bus.publish(event('events', 'partyRole.PartyRoleCreateEvent', {}))).rejects.toThrow();
    await up(bus);
    await bus.publish(event('events', 'partyRole.PartyRoleCreateEvent', {}));
  });
});
