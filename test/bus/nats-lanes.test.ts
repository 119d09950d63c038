import { setTimeout as sleep } from 'node:timers/promises';
import { lanesContract } from '../contract/bus-lanes.contract.js';
import { command, consume, lanesOf, textsOf, until, up } from '../contract/bus.contract.js';
import { startNats, whenServers, type Server } from '../support/servers.js';
import { NatsDeployments, connected, waitingCommands } from './nats-deployment.js';

whenServers('JetStream lanes', ['nats'], () => {
  let server: Server;
  let deployments: NatsDeployments;

  beforeAll(async () => {
    server = await startNats();
    deployments = new NatsDeployments(server.url);
  }, 120_000);
  afterEach(() => deployments.close(), 30_000);
  afterAll(() => server.stop());

  lanesContract('JetStream', () => deployments.add().open);

  test('two workers share the lanes, each lane is read by one of them', async () => {
    const { prefix, PREFIX, leases, open } = deployments.add();
    const [even, odd] = [open({ leases: leases.of('even', (name) => Number(name.at(-1)) % 2 === 0) }), open({ leases: leases.of('odd', (name) => Number(name.at(-1)) % 2 === 1) })];
    await Promise.all([up(even), up(odd)]);
    const [evens, odds] = [await consume(even), await consume(odd)];
    for (let number = 0; number < 40; number += 1) await even.send(command(`key ${number}`, String(number)));
    await until(() => evens.messages.length + odds.messages.length === 40, 'all are handed over');
    expect(lanesOf(evens.messages)).toEqual([0, 2]);
    expect(lanesOf(odds.messages)).toEqual([1, 3]);
    const consumers = await connected(server.url, (_connection, manager) => collect(manager.consumers.list(`${PREFIX}_COMMANDS`)));
    expect(consumers.map((info) => info.config.filter_subject).sort()).toEqual([0, 1, 2, 3].map((lane) => `${prefix}.lanes.${lane}.*.*`));
  }, 30_000);

  test('a worker that no longer renews loses its lanes: it hands nothing more over, the next is handed what it left, in order', async () => {
    const { prefix, leases, open } = deployments.add();
    const [first, second] = [open({ lanes: 1, leases: leases.of('first') }), open({ lanes: 1, leases: leases.of('second') })];
    await Promise.all([up(first), up(second)]);
    const left = await consume(first);
    for (let number = 1; number <= 5; number += 1) await first.send(command('a', String(number)));
    await left.received(5);
    left.messages[1]?.acknowledge();
    const taken = await consume(second);

    leases.forget('first');
    expect(textsOf(await taken.received(4))).toEqual(['1', '3', '4', '5']);
    expect(taken.messages.every((message) => message.redelivered)).toBe(true);
    // What the former holder says now does not count, and new commands are the second's.
    for (const message of left.messages) message.acknowledge();
    await second.send(command('a', '6'));
    expect(textsOf(await taken.received(5))[4]).toBe('6');
    expect(left.messages.length).toBe(5);
    expect(await waitingCommands(server.url, prefix)).toBe(5);
    for (const message of taken.messages) message.acknowledge();
    await second.close();
    expect(await waitingCommands(server.url, prefix)).toBe(0);
  }, 40_000);

  test('a worker that closes gives its lanes back', async () => {
    const { leases, open } = deployments.add();
    const bus = open();
    await up(bus);
    await consume(bus);
    await until(() => leases.size === 4, 'all lanes are taken');
    await bus.close();
    expect(leases.size).toBe(0);
  });

  test('what a worker acknowledged before it closed is not handed to the next', async () => {
    const { prefix, open } = deployments.add();
    const bus = open();
    await up(bus);
    await Promise.all(Array.from({ length: 300 }, (_, number) => bus.send(command(`key ${number}`, String(number)))));
    const inbox = await consume(bus, 400);
    for (const message of await inbox.received(300)) message.acknowledge();
    await bus.close();
    expect(await waitingCommands(server.url, prefix)).toBe(0);
  });

  test('after a pause a lane is given back when all that was handed over is acknowledged', async () => {
    const { leases, open } = deployments.add();
    const bus = open({ lanes: 1 });
    await up(bus);
    const inbox = await consume(bus);
    await bus.send(command('a', '1'));
    const [message] = await inbox.received(1);
    await inbox.pause();
    await sleep(50);
    expect(leases.size).toBe(1);
    message?.acknowledge();
    await until(() => leases.size === 0, 'the lane is given back');
  });

  test('a lane goes on after more messages than it asks for at once', async () => {
    const bus = deployments.add().open({ lanes: 1 });
    await up(bus);
    await Promise.all(Array.from({ length: 450 }, (_, number) => bus.send(command('a', String(number)))));
    const sequences: (number | undefined)[] = [];
    await bus.consume(150, (message) => {
      sequences.push(message.origin.sequence);
      message.acknowledge();
    });
    await until(() => sequences.length >= 450, 'all are handed over', 10_000);
    expect(sequences).toEqual(Array.from({ length: 450 }, (_, index) => index + 1));
  });

  test('a lane goes on after more bytes than it asks for at once, and holds no more than twice that', async () => {
    const { open } = deployments.add();
    const bus = open({ lanes: 1 });
    await up(bus);
    for (let number = 0; number < 40; number += 1) await bus.send({ ...command('a', ''), body: Buffer.alloc(900_000, String(number)) });
    const inbox = await consume(bus);
    await inbox.received(9);
    await sleep(500);
    expect(inbox.messages.length).toBeLessThan(20);
    let done = 0;
    while (done < 40) {
      const messages = await inbox.received(done + 1);
      messages[done]?.acknowledge();
      done += 1;
    }
    expect(inbox.messages.map((message) => message.origin.sequence)).toEqual(Array.from({ length: 40 }, (_, number) => number + 1));
  }, 60_000);
});

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
