import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { openNatsBus, type NatsBusOptions } from '../../src/bus/nats-bus.js';
import { keyOfToken, subjectToken } from '../../src/bus/nats-subject.js';
import { StartError, TimeoutError, UnavailableError, UnroutableError } from '../../src/errors.js';
import type { Message } from '../../src/message.js';
import { busContract, command, consume, event, textOf, textsOf, until, up } from '../contract/bus.contract.js';
import { startNats, whenServers, type Server } from '../support/servers.js';

const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });

whenServers('JetStream bus', ['nats'], () => {
  let server: Server;
  const opened: Bus[] = [];

  beforeAll(async () => {
    server = await startNats();
  }, 120_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()));
  }, 30_000);
  afterAll(() => server.stop());

  /** One deployment's broker names, recorded settings and leases. */
  function deployment(): { prefix: string; open(options?: Partial<NatsBusOptions>): Bus; leases: LeaseTable } {
    const prefix = `t${randomUUID().slice(0, 8)}`;
    const settings = new Map<string, string>();
    const leases = new LeaseTable();
    return {
      prefix,
      leases,
      open: (options) => {
        const bus = openNatsBus({
          url: server.url,
          prefix,
          lanes: 4,
          topology: 'declare',
          recorded: (name, value) => Promise.resolve(settings.get(name) ?? (settings.set(name, value), value)),
          leases: leases.of(randomUUID()),
          onFatal: (error) => {
            throw error;
          },
          log,
          ...options,
        });
        opened.push(bus);
        return bus;
      },
    };
  }

  async function connected<T>(use: (connection: NatsConnection, manager: JetStreamManager) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: server.url });
    try {
      return await use(connection, await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  busContract('JetStream', async () => {
    const { prefix, open } = deployment();
    let bus = open();
    let listener: NatsConnection | undefined;
    return {
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
      close: async () => {
        await bus.close();
        await listener?.close();
      },
    };
  });

  describe('when the server goes away', () => {
    test('after a crash of the server the bus is up again, hands over again in order, and sends', async () => {
      const { open } = deployment();
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

      const again = await inbox.received(20);
      await bus.send(command('a', 'new'));
      await inbox.received(21);
      expect(textsOf(inbox.messages).sort()).toEqual([...textsOf(before.slice(1)), 'last', 'new'].sort());
      for (const lane of new Set(again.map((message) => message.origin.lane))) {
        const sequences = again.filter((message) => message.origin.lane === lane).map((message) => message.origin.sequence ?? 0);
        expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      }
      for (const message of inbox.messages) message.acknowledge();
      await bus.send(command('a', 'newest'));
      expect(textsOf(await inbox.received(22)).at(-1)).toBe('newest');
    }, 60_000);

    test('a request whose reply comes after a reconnect is answered', async () => {
      const { open } = deployment();
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
      const { open } = deployment();
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

  describe('lanes', () => {
    test('two workers share the lanes, each lane is read by one of them', async () => {
      const { prefix, leases, open } = deployment();
      const [even, odd] = [open({ leases: leases.of('even', (name) => Number(name.at(-1)) % 2 === 0) }), open({ leases: leases.of('odd', (name) => Number(name.at(-1)) % 2 === 1) })];
      await Promise.all([up(even), up(odd)]);
      const [evens, odds] = [await consume(even), await consume(odd)];
      for (let number = 0; number < 40; number += 1) await even.send(command(`key ${number}`, String(number)));
      await until(() => evens.messages.length + odds.messages.length === 40, 'all are handed over');
      expect(lanesOf(evens.messages)).toEqual([0, 2]);
      expect(lanesOf(odds.messages)).toEqual([1, 3]);
      const consumers = await connected((_connection, manager) => collect(manager.consumers.list(`${prefix.toUpperCase()}_COMMANDS`)));
      expect(consumers.map((info) => info.config.filter_subject).sort()).toEqual([0, 1, 2, 3].map((lane) => `${prefix}.lanes.${lane}.*.*`));
    }, 30_000);

    test('a worker that no longer renews loses its lanes: it hands nothing more over, the next is handed what it left, in order', async () => {
      const { leases, open } = deployment();
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
      left.messages[0]?.acknowledge();
      await second.send(command('a', '6'));
      expect(textOf((await taken.received(5))[4] as Message)).toBe('6');
      for (const message of taken.messages) message.acknowledge();
      expect(left.messages.length).toBe(5);
    }, 40_000);

    test('a worker that closes gives its lanes back', async () => {
      const { leases, open } = deployment();
      const bus = open();
      await up(bus);
      await consume(bus);
      await until(() => leases.size === 4, 'all lanes are taken');
      await bus.close();
      expect(leases.size).toBe(0);
    });

    test('after a pause a lane is given back when all that was handed over is acknowledged', async () => {
      const { leases, open } = deployment();
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

    test('a lane goes on after more bytes than it asks for at once, and holds no more than twice that', async () => {
      const { open } = deployment();
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

  describe('topology', () => {
    test('another lane count is refused, whether recorded or found at the stream, and says how to drain', async () => {
      const { prefix, open } = deployment();
      await up(open());
      const recorded = new Promise<Error>((resolve) => open({ lanes: 8, onFatal: resolve }));
      const found = new Promise<Error>((resolve) => open({ lanes: 8, recorded: (_name, value) => Promise.resolve(value), onFatal: resolve }));
      for (const error of await Promise.all([recorded, found])) {
        expect(error).toBeInstanceOf(StartError);
        expect(error.message).toMatch(/spread over 4 lanes, and 8 are configured/);
        expect(error.message).toContain(`nats stream rm ${prefix.toUpperCase()}_COMMANDS`);
      }
    });

    test('`check` creates nothing and names all that is missing; it accepts what was declared', async () => {
      const { prefix, open } = deployment();
      const error = await new Promise<Error>((resolve) => open({ topology: 'check', onFatal: resolve }));
      expect(error).toBeInstanceOf(StartError);
      for (const stream of ['COMMANDS', 'EVENTS', 'DEAD']) expect(error.message).toContain(`stream ${prefix.toUpperCase()}_${stream} is missing`);
      await up(open());
      await up(open({ topology: 'check' }));
    });

    test('a stream that could lose commands is refused with what is different', async () => {
      const { prefix, open } = deployment();
      const name = `${prefix.toUpperCase()}_COMMANDS`;
      await connected((_connection, manager) => manager.streams.add({ name, subjects: [`${prefix}.commands.*.*`], retention: 'limits', discard: 'old' }));
      const error = await new Promise<Error>((resolve) => open({ onFatal: resolve }));
      expect(error.message).toContain('must have retention workqueue, and has limits');
      expect(error.message).toContain('must have discard new, and has old');
      expect(error.message).toContain('must have subject_transform');
    });

    test('a command that no stream takes is unroutable', async () => {
      const { prefix, open } = deployment();
      const bus = open();
      await up(bus);
      await connected((_connection, manager) => manager.streams.delete(`${prefix.toUpperCase()}_COMMANDS`));
      await expect(bus.send(command('a', '1'))).rejects.toThrow(UnroutableError);
    });

    test('refused credentials are a reason, without the password, and no end', async () => {
      const bus = deployment().open({ url: 'nats://user:secret@127.0.0.1:1,127.0.0.1:2' });
      await until(() => JSON.stringify(bus.status()).includes('127.0.0.1:1'), 'the status names the servers');
      expect(JSON.stringify(bus.status())).not.toContain('secret');
    });
  });

  describe('messages of any client', () => {
    test.each(['a b', 'a.b..c.', '*', '>', 'ä/ö?%25', '日本', '', 'x'.repeat(5000)])('key %j', async (key) => {
      const { open } = deployment();
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
      const { prefix, open } = deployment();
      const bus = open({ replyPrefix: 'answers' });
      await up(bus);
      const inbox = await consume(bus);
      const sent = headers();
      sent.set('reply-to', address);
      sent.set('Correlation-Id', 'c1');
      sent.set('ce-subject', 'Zo%C3%AB%20%22x%22');
      sent.append('twice', '1');
      sent.append('twice', '2');
      await connected((connection) => jetstream(connection).publish(`${prefix}.commands.partyRole.k`, '{}', { headers: sent }));
      const [message] = await inbox.received(1);
      expect(message?.attributes).toEqual({ subject: 'Zoë "x"' });
      expect(message?.headers['twice']).toEqual(['1', '2']);
      expect(message?.headers['nats-subject']).toMatch(/\.partyRole\.k$/);
      expect(message?.unacceptable?.reason).toBe(refused ? 'reply-to' : undefined);
      expect(message?.replyTo).toEqual(refused ? undefined : { address, correlationId: 'c1' });
    });

    test('a command or event that is too large is refused clearly, before it is sent', async () => {
      const bus = deployment().open();
      await up(bus);
      const body = new Uint8Array(bus.maxContentBytes + 1);
      await expect(bus.send({ ...command('a', ''), body })).rejects.toThrow(/are more than the \d+ that NATS carries/);
      await expect(bus.publish({ ...event('events', 'k', {}), content: 'x'.repeat(body.length) })).rejects.toThrow(RangeError);
      await bus.send({ ...command('a', ''), body: body.subarray(1) });
      expect(bus.status()).toEqual({ up: true });
    });

    test('an event published twice under one id is in the stream once', async () => {
      const { prefix, open } = deployment();
      const bus = open();
      await up(bus);
      const once = event('events', 'partyRole.PartyRoleCreateEvent', {});
      await bus.publish(once);
      await bus.publish(once);
      const info = await connected((_connection, manager) => manager.streams.info(`${prefix.toUpperCase()}_EVENTS`));
      expect(info.state.messages).toBe(1);
    });

    test('closing ends a request that still waits', async () => {
      const bus = deployment().open();
      await up(bus);
      const waiting = expect(bus.request(command('a', '1'), 60_000)).rejects.toThrow(UnavailableError);
      await sleep(50);
      await bus.close();
      await waiting;
      expect(TimeoutError.name).toBe('TimeoutError');
    });
  });
});

/** Leases in memory, as a store would keep them. */
class LeaseTable {
  private readonly held = new Map<string, { holder: string; until: number }>();
  private readonly forgotten = new Set<string>();

  get size(): number {
    return this.held.size;
  }

  of(holder: string, wants: (name: string) => boolean = () => true): NatsBusOptions['leases'] {
    return {
      take: (name, ttlMs) => Promise.resolve(wants(name) && !this.forgotten.has(holder) && this.take(name, holder, ttlMs)),
      release: (name) => {
        if (this.held.get(name)?.holder === holder) this.held.delete(name);
        return Promise.resolve();
      },
    };
  }

  /** As if this holder's leases had run out, and its renewals came too late for ever. */
  forget(holder: string): void {
    this.forgotten.add(holder);
    for (const [name, lease] of this.held) if (lease.holder === holder) this.held.delete(name);
  }

  private take(name: string, holder: string, ttlMs: number): boolean {
    const lease = this.held.get(name);
    if (lease && lease.holder !== holder && lease.until > Date.now()) return false;
    this.held.set(name, { holder, until: Date.now() + ttlMs });
    return true;
  }
}

function lanesOf(messages: readonly Message[]): number[] {
  return [...new Set(messages.map((message) => message.origin.lane))].sort((a, b) => a - b);
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
