import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { keyOfToken, subjectToken } from '../../src/bus/nats-subject.js';
import { TimeoutError, TooLargeError, UnavailableError } from '../../src/errors.js';
import { busContract, command, consume, event, textsOf, until, up } from '../contract/bus.contract.js';
import { startNats, whenServers, type Server } from '../support/servers.js';
import { NatsDeployments, connected } from './nats-deployment.js';

whenServers('JetStream bus', ['nats'], () => {
  let server: Server;
  let deployments: NatsDeployments;

  beforeAll(async () => {
    server = await startNats();
    deployments = new NatsDeployments(server.url);
  }, 120_000);
  afterEach(() => deployments.close(), 30_000);
  afterAll(() => server.stop());

  busContract('JetStream', () => {
    const { prefix, open } = deployments.add();
    let bus = open();
    let listener: NatsConnection | undefined;
    return Promise.resolve({
      bus,
      reopen: async () => {
        await bus.close();
        bus = open();
        return bus;
      },
      listen: async (onEvent) => {
        const connection = await connect({ servers: server.url });
        listener = connection;
        for (const topic of ['events', 'dead'] as const) {
          connection.subscribe(`${prefix}.${topic}.>`, {
            callback: (_error, message) => onEvent({ topic, key: message.subject.slice(`${prefix}.${topic}.`.length), content: message.string() }),
          });
        }
        await connection.flush();
      },
      destination: async () => {
        const connection = await connect({ servers: server.url });
        const manager = await jetstreamManager(connection);
        const name = `${prefix}-one`;
        await manager.streams.add({ name, subjects: [name] });
        return {
          name,
          contents: async () => {
            const { state } = await manager.streams.info(name);
            const messages = await Promise.all(Array.from({ length: state.messages }, (_, index) => manager.streams.getMessage(name, { seq: index + 1 })));
            await connection.close();
            return messages.map((message) => message?.string() ?? '');
          },
        };
      },
      close: async () => {
        await bus.close();
        await listener?.close();
      },
    });
  });

  describe('when the server goes away', () => {
    test('after a crash of the server the bus is up again, hands over again in order, and sends', async () => {
      const { open } = deployments.add();
      const bus = open();
      await up(bus);
      const inbox = await consume(bus);
      for (let number = 1; number <= 20; number += 1) await bus.send(command(`key ${number % 5}`, String(number)));
      const before = [...(await inbox.received(20))];
      before[0]?.acknowledge();
      await bus.send(command('confirmed after the acknowledgement', 'last'));
      await inbox.received(21);
      inbox.messages.length = 0;

      await server.kill('SIGKILL');
      await until(() => !bus.status().up, 'the bus knows that the server is gone');
      await expect(bus.send(command('a', 'lost'))).rejects.toThrow(UnavailableError);
      before[1]?.acknowledge();
      await server.restart();
      await up(bus);

      await bus.send(command('a', 'new'));
      const expected = [...textsOf(before.slice(1)), 'last', 'new'];
      await until(() => expected.every((text) => textsOf(inbox.messages).includes(text)), 'the server hands over again');
      const again = [...inbox.messages];
      // The server writes acknowledgements to disk a moment later: a crash may undo the one that it had.
      const perhaps = textsOf(before.slice(0, 1));
      expect(textsOf(again).filter((text) => !perhaps.includes(text)).sort()).toEqual(expected.sort());
      for (const lane of new Set(again.map((message) => message.origin.lane))) {
        const sequences = again.filter((message) => message.origin.lane === lane).map((message) => message.origin.sequence ?? 0);
        expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      }
      for (const message of inbox.messages) message.acknowledge();
      await bus.send(command('a', 'newest'));
      await until(() => inbox.messages.length > again.length, 'the newest is handed over');
      expect(textsOf(inbox.messages.slice(again.length))).toEqual(['newest']);
    }, 60_000);

    test('a request whose reply comes after a reconnect is answered', async () => {
      const { open } = deployments.add();
      const [asking, answering] = [open(), open()];
      await Promise.all([up(asking), up(answering)]);
      const inbox = await consume(answering);
      const reply = asking.request(command('a', '1'), 30_000);
      const [message] = await inbox.received(1);
      await server.kill('SIGKILL');
      await server.restart();
      await Promise.all([up(asking), up(answering)]);
      await answering.reply(message?.replyTo ?? { address: '' }, { status: 200, headers: {} });
      expect(await reply).toEqual({ status: 200, headers: {} });
    }, 60_000);

    test('a bus opened while the server is away comes up with it, its consumption too', async () => {
      const { open } = deployments.add();
      await server.kill('SIGKILL');
      const bus = open();
      await until(() => !bus.status().up, 'it is not up');
      await expect(bus.send(command('a', 'lost'))).rejects.toThrow(UnavailableError);
      expect(bus.maxContentBytes).toBeGreaterThan(1_000_000);
      const inbox = await consume(bus);
      await server.restart();
      await up(bus);
      await bus.send(command('a', '1'));
      expect(textsOf(await inbox.received(1))).toEqual(['1']);
    }, 60_000);
  });

  describe('messages of any client', () => {
    test.each(['a b', 'a.b..c.', '*', '>', 'ä/ö?%25', '日本', '', 'x'.repeat(5000)])('key %j', async (key) => {
      const { open } = deployments.add();
      const bus = open();
      await up(bus);
      const inbox = await consume(bus);
      await bus.send(command(key, 'here'));
      expect(textsOf(await inbox.received(1))).toEqual(['here']);
    });

    test('a token of a subject says the key', () => {
      for (const key of ['', 'a b', 'a.b', '*', '>', '%', '100%25', 'Zoë', '日本', 'x-y_z9']) {
        expect(subjectToken(key)).toMatch(/^[A-Za-z0-9_%-]+$/);
        expect(keyOfToken(subjectToken(key))).toBe(key);
      }
      expect(subjectToken('x-y_z9')).toBe('x-y_z9');
    });

    test.each([
      ['tmf.commands.partyRole.x', true],
      ['$JS.API.STREAM.DELETE.X', true],
      ['_INBOX.a.>', true],
      ['_INBOX.a b', true],
      ['_INBOX.', true],
      ['_INBOXES.a', true],
      ['answersX.a', true],
      ['_INBOX.abc.1', false],
      ['answers.a', false],
    ])('reply-to %s: refused is %s', async (address, refused) => {
      const { prefix, open } = deployments.add();
      const bus = open({ replyPrefix: 'answers' });
      await up(bus);
      const inbox = await consume(bus);
      const sent = headers();
      sent.set('reply-to', address);
      sent.set('Correlation-Id', 'c1');
      sent.set('ce-subject', 'Zo%C3%AB%20%22x%22');
      sent.append('twice', '1');
      sent.append('twice', '2');
      await connected(server.url, (connection) => jetstream(connection).publish(`${prefix}.commands.partyRole.k`, '{}', { headers: sent }));
      const [message] = await inbox.received(1);
      expect(message?.attributes).toEqual({ subject: 'Zoë "x"' });
      expect(message?.headers['twice']).toEqual(['1', '2']);
      expect(message?.headers['nats-subject']).toMatch(/\.partyRole\.k$/);
      expect(message?.unacceptable?.reason).toBe(refused ? 'reply-to' : undefined);
      expect(message?.replyTo).toEqual(refused ? undefined : { address, correlationId: 'c1' });
    });

    test('headers that nobody can read are no end of the lane: the message says so', async () => {
      const { prefix, open } = deployments.add();
      const bus = open();
      await up(bus);
      const inbox = await consume(bus);
      const head = 'NATS/1.0\r\nno name: x\r\n\r\n';
      await sendRaw(server.url, `HPUB ${prefix}.commands.partyRole.k ${head.length} ${head.length + 2}\r\n${head}{}\r\n`);
      const [message] = await inbox.received(1);
      expect(message?.unacceptable?.reason).toBe('malformed');
      message?.acknowledge();
      await bus.send(command('k', 'next'));
      expect(textsOf(await inbox.received(2))[1]).toBe('next');
    });

    test('a command or event that is too large is refused clearly, before it is sent', async () => {
      const bus = deployments.add().open();
      await up(bus);
      const body = new Uint8Array(bus.maxContentBytes + 1);
      await expect(bus.send({ ...command('a', ''), body })).rejects.toThrow(/are more than the \d+ that NATS carries/);
      await expect(bus.publish({ ...event('events', 'k', {}), content: 'x'.repeat(body.length) })).rejects.toThrow(TooLargeError);
      await bus.send({ ...command('a', ''), body: body.subarray(1) });
      expect(bus.status()).toEqual({ up: true });
    });

    test('an event published twice under one id is in the stream once', async () => {
      const { PREFIX, open } = deployments.add();
      const bus = open();
      await up(bus);
      const once = event('events', 'partyRole.PartyRoleCreateEvent', {});
      await bus.publish(once);
      await bus.publish(once);
      const info = await connected(server.url, (_connection, manager) => manager.streams.info(`${PREFIX}_EVENTS`));
      expect(info.state.messages).toBe(1);
    });

    test('closing ends a request that still waits', async () => {
      const bus = deployments.add().open();
      await up(bus);
      const waiting = expect(bus.request(command('a', '1'), 60_000)).rejects.toThrow(TimeoutError);
      await sleep(50);
      await bus.close();
      await waiting;
    });
  });
});

/** Sends what the client library would refuse to. */
async function sendRaw(url: string, protocol: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  socket.write(`CONNECT {"verbose":false,"headers":true}\r\n${protocol}PING\r\n`);
  for await (const chunk of socket) if (String(chunk).includes('PONG')) break;
}
