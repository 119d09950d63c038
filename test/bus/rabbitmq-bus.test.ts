import { setTimeout as sleep } from 'node:timers/promises';
import type { GetMessage } from 'amqplib';
import { TimeoutError, UnavailableError } from '../../src/errors.js';
import { busContract, command, consume, event, textOf, textsOf, until, up } from '../contract/bus.contract.js';
import { lanesContract } from '../contract/bus-lanes.contract.js';
import { startRabbit, whenServers, type Server } from '../support/servers.js';
import { RabbitDeployments, type RabbitDeployment } from './rabbit-deployment.js';

const RESTART_MS = 90_000;
/** RabbitMQ 3.10 writes down which quorum queues there are with a delay: killed within it, it never elects a leader for the newest. */
const DECLARED_MS = 2000;

whenServers('RabbitMQ bus', ['rabbit'], () => {
  let server: Server;
  let deployments: RabbitDeployments;

  beforeAll(async () => {
    server = await startRabbit();
    deployments = new RabbitDeployments(server.url);
  }, RESTART_MS);
  afterEach(() => deployments.close(), 30_000);
  afterAll(() => server.stop());

  busContract('RabbitMQ', () => Promise.resolve(underTest(deployments.add())));
  lanesContract('RabbitMQ', () => deployments.add().open);
  busContract('RabbitMQ with one lane', () => Promise.resolve(underTest(deployments.add(1))));

  function underTest(deployment: RabbitDeployment): Awaited<ReturnType<Parameters<typeof busContract>[1]>> {
    let bus = deployment.open();
    return {
      bus,
      reopen: async () => {
        await bus.close();
        bus = deployment.open();
        return bus;
      },
      listen: async (onEvent) => {
        const channel = await deployments.client();
        for (const topic of ['events', 'dead'] as const) {
          const { queue } = await channel.assertQueue('', { exclusive: true });
          await channel.bindQueue(queue, deployment.names[topic], '#');
          await channel.consume(queue, (message) => message && onEvent({ topic, key: message.fields.routingKey, content: message.content.toString() }), { noAck: true });
        }
      },
      destination: async () => {
        const channel = await deployments.client();
        const { queue } = await channel.assertQueue('', { exclusive: true });
        return { name: queue, contents: async () => contentsOf(await channel.get(queue, { noAck: true }), await channel.get(queue, { noAck: true })) };
      },
      close: () => bus.close(),
    };
  }

  describe('several workers', () => {
    test('a lane has one worker at a time; when that one goes, the next gets what it left, in order', async () => {
      const { open } = deployments.add();
      const [first, second] = [open(), open()];
      await Promise.all([up(first), up(second)]);
      const firstInbox = await consume(first);
      const secondInbox = await consume(second);
      for (let number = 0; number < 40; number += 1) await second.send(command(`key ${number % 10}`, `${number % 10} ${number}`));
      const messages = await firstInbox.received(40);
      expect(secondInbox.messages).toEqual([]);
      for (const message of messages.slice(0, 20)) message.acknowledge();
      await first.close();
      const taken = await secondInbox.received(20);
      expect(textsOf(taken).sort()).toEqual(textsOf(messages.slice(20)).sort());
      expect(inOrderOfKeys(textsOf(taken))).toBe(true);
    });
  });

  test('a request is answered by another process', async () => {
    const { open } = deployments.add();
    const [asking, answering] = [open(), open()];
    await Promise.all([up(asking), up(answering)]);
    const inbox = await consume(answering);
    const reply = asking.request(command('a', '1'), 10_000);
    const [message] = await inbox.received(1);
    await answering.reply(message?.replyTo ?? { address: '' }, { status: 200, headers: {} });
    expect(await reply).toEqual({ status: 200, headers: {} });
  });

  describe('a broker that goes away', () => {
    test('is found again after its crash: unacknowledged commands come again in order, sending and publishing work', async () => {
      const { open, fatal } = deployments.add();
      const bus = open();
      await up(bus);
      const inbox = await consume(bus);
      for (let number = 1; number <= 20; number += 1) await bus.send(command(`key ${number % 5}`, `${number % 5} ${number}`));
      const before = [...(await inbox.received(20))];
      before[0]?.acknowledge();
      const waiting = bus.request(command('waits', 'for ever'), 5000);
      const timedOut = expect(waiting).rejects.toThrow('no reply within 5000 ms');
      await inbox.received(21);
      inbox.messages.length = 0;

      await sleep(DECLARED_MS);
      await server.kill('SIGKILL');
      await until(() => !bus.status().up, 'the bus knows that the broker is gone');
      await expect(bus.send(command('a', 'lost'))).rejects.toThrow(UnavailableError);
      await expect(bus.publish(event('events', 'partyRole.PartyRoleCreateEvent', {}))).rejects.toThrow(UnavailableError);
      before[1]?.acknowledge();
      await timedOut;
      await server.restart();
      await up(bus);

      const again = await inbox.received(20);
      const left = textsOf(before.slice(1));
      expect(textsOf(again).filter((text) => text !== 'for ever').sort()).toEqual(left.sort());
      expect(inOrderOfKeys(textsOf(again).filter((text) => text !== 'for ever'))).toBe(true);
      expect(again.every((message) => message.redelivered && message.attempts >= 2)).toBe(true);
      for (const message of again) message.acknowledge();
      await bus.send(command('a', 'after'));
      await inbox.received(21);
      expect(textsOf(inbox.messages.slice(20))).toEqual(['after']);
      await bus.publish(event('events', 'partyRole.PartyRoleCreateEvent', {}));
      const reply = bus.request(command('a', 'asks'), 10_000);
      const message = (await inbox.received(22))[21];
      if (message?.replyTo === undefined) throw new Error('a request says where to answer');
      await bus.reply(message.replyTo, { status: 200, headers: {} });
      expect(await reply).toEqual({ status: 200, headers: {} });
      expect(fatal).toEqual([]);
    }, RESTART_MS);

    test('leaves nothing that was confirmed behind, and fails what it did not confirm', async () => {
      const { open } = deployments.add();
      const bus = open();
      await up(bus);
      await sleep(DECLARED_MS);
      const confirmed: string[] = [];
      const failures: unknown[] = [];
      const sending = Array.from({ length: 3000 }, (_, number) =>
        bus.send(command(`key ${number % 10}`, String(number))).then(
          () => confirmed.push(String(number)),
          (error: unknown) => failures.push(error),
        ),
      );
      await until(() => confirmed.length > 100, 'some are confirmed');
      await server.kill('SIGKILL');
      await Promise.all(sending);
      expect(failures.length).toBeGreaterThan(0);
      expect(failures.filter((failure) => !(failure instanceof UnavailableError || failure instanceof TimeoutError))).toEqual([]);
      await server.restart();
      await up(bus);
      const inbox = await consume(bus, 10_000);
      const arrived = new Set(textsOf(await inbox.received(confirmed.length)));
      await until(
        () => confirmed.every((text) => arrived.has(text) || inbox.messages.some((message) => textOf(message) === text)),
        'every confirmed command arrives',
      );
    }, RESTART_MS);

    test('may be away at the start', async () => {
      await server.kill('SIGKILL');
      const { open, lines } = deployments.add();
      const bus = open();
      await until(() => lines.some((line) => line.includes('RabbitMQ cannot be used yet')), 'the bus has tried');
      expect(bus.status()).toMatchObject({ up: false, why: expect.stringContaining('ECONNREFUSED') as unknown });
      await expect(bus.send(command('a', '1'))).rejects.toThrow(UnavailableError);
      await expect(bus.consume(1, () => undefined)).rejects.toThrow(UnavailableError);
      await server.restart();
      await up(bus);
      const inbox = await consume(bus);
      await bus.send(command('a', '2'));
      expect(textsOf(await inbox.received(1))).toEqual(['2']);
    }, RESTART_MS);
  });

  describe('what only a part of the connection suffers', () => {
    test('a lane whose queue is deleted is declared and consumed again', async () => {
      const { open, names } = deployments.add(1);
      const bus = open();
      await up(bus);
      const inbox = await consume(bus);
      const channel = await deployments.client();
      await channel.deleteQueue(names.queues[0] ?? '');
      await until(() => !bus.status().up, 'the bus knows that it lost a lane');
      await up(bus);
      await bus.send(command('a', 'again'));
      expect(textsOf(await inbox.received(1))).toEqual(['again']);
    });

    test('refused credentials are told, and tried again', async () => {
      const url = new URL(server.url);
      url.password = 'wrong';
      const { open, lines, fatal } = deployments.add();
      const bus = open({ url: url.href });
      await until(() => lines.filter((line) => line.includes('refuses the credentials')).length >= 2, 'the bus has tried twice');
      expect(bus.status()).toMatchObject({ up: false, why: expect.stringContaining('refuses the credentials') as unknown });
      expect(lines.join()).not.toContain('wrong');
      expect(fatal).toEqual([]);
    });

    test('a virtual host that does not exist is told', async () => {
      const url = new URL(server.url);
      url.pathname = '/nowhere';
      const bus = deployments.add().open({ url: url.href });
      await until(() => JSON.stringify(bus.status()).includes('virtual host'), () => JSON.stringify(bus.status()));
    });
  });
});

/** Whether the texts `<key> <number>` of each key come in the order of their numbers. */
function inOrderOfKeys(texts: readonly string[]): boolean {
  const last = new Map<string, number>();
  return texts.every((text) => {
    const [key = '', number] = text.split(' ');
    const before = last.get(key) ?? -1;
    last.set(key, Number(number));
    return Number(number) > before;
  });
}

function contentsOf(...messages: (GetMessage | false)[]): string[] {
  return messages.flatMap((message) => (message ? [message.content.toString()] : []));
}
