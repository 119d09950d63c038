import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../../src/bus/bus.js';
import { TimeoutError, UnavailableError, UnroutableError } from '../../src/errors.js';
import type { Message, OutgoingCommand, OutgoingEvent, Reply } from '../../src/message.js';

/** An event as an independent listener saw it. */
export interface SeenEvent {
  readonly topic: OutgoingEvent['topic'];
  readonly key: string;
  readonly content: string;
}

/** One bus on a broker state that no other test uses. */
export interface BusUnderTest {
  readonly bus: Bus;
  /** Closes the bus that was opened last and opens another on the same broker state. */
  reopen(): Promise<Bus>;
  /** Resolves when every event published from now on will be seen, by a listener that is not the bus. */
  listen(onEvent: (event: SeenEvent) => void): Promise<void>;
  /** A new destination for single events, and what arrived there; absent where the bus has none. */
  destination?(): Promise<{ readonly name: string; readonly contents: () => Promise<string[]> }>;
  /** Closes everything. */
  close(): Promise<void>;
}

/** What an adapter cannot do, each with its reason. */
export interface Exceptions {
  /** The broker forgets how often it handed a message out when the consumption ends. */
  readonly attempts?: string;
}

/** Long enough for a message that must not arrive to show itself. */
const QUIET_MS = 300;

/** The promises of `Bus`, checked on one adapter. */
export function busContract(name: string, open: () => Promise<BusUnderTest>, exceptions: Exceptions = {}): void {
  describe(`bus contract: ${name}`, () => {
    let under: BusUnderTest;
    let bus: Bus;

    beforeEach(async () => {
      under = await open();
      bus = under.bus;
      await up(bus);
    }, 30_000);

    afterEach(() => under.close(), 30_000);

    async function reopen(): Promise<void> {
      bus = await under.reopen();
      await up(bus);
    }

    test('a command arrives with its attributes, content type and exact bytes', async () => {
      const sent = {
        ...command('a', 'ignored'),
        attributes: {
          specversion: '1.0',
          id: 'id with spaces, "quotes" & 100 %',
          source: '/crm/zoë',
          type: 'org.tmforum.partyRole.create',
          subject: '日本 – ä',
          expectedrevision: '7',
        },
        contentType: 'application/json; charset=utf-8',
        body: Uint8Array.from({ length: 256 }, (_, value) => value),
      };
      const inbox = await consume(bus);
      await bus.send(sent);
      const [message] = await inbox.received(1);
      expect(message?.attributes).toEqual(sent.attributes);
      expect(message?.contentType).toBe(sent.contentType);
      expect([...(message?.body ?? [])]).toEqual([...sent.body]);
      expect(message?.redelivered).toBe(false);
      expect(message?.attempts).toBe(1);
      expect(message?.unacceptable).toBeUndefined();
      expect(message?.replyTo).toBeUndefined();
      expect(message?.origin.bus).not.toBe('');
      expect(message?.origin.queue).not.toBe('');
      expect(message?.origin.lane).toBeGreaterThanOrEqual(0);
      expect(JSON.parse(JSON.stringify(message?.headers))).toEqual(message?.headers);
    });

    test('a command without data arrives with an empty body and no content type', async () => {
      const { resource, key, attributes } = command('a', '');
      const inbox = await consume(bus);
      await bus.send({ resource, key, attributes, body: new Uint8Array(0) });
      const [message] = await inbox.received(1);
      expect(message?.body.length).toBe(0);
      expect(message?.contentType).toBeUndefined();
    });

    test('a command of some hundred kilobytes arrives whole', async () => {
      const body = Buffer.alloc(400_000, 'party role ');
      const inbox = await consume(bus);
      await bus.send({ ...command('a', ''), body });
      const [message] = await inbox.received(1);
      expect(Buffer.compare(Buffer.from(message?.body ?? []), body)).toBe(0);
    });

    test.each([
      ['with space', 'a b'],
      ['with dots', 'a.b..c.'],
      ['of wildcards', '*.>.#'],
      ['beyond ASCII', 'ä/ö?%25'],
      ['of a thousand letters', 'x'.repeat(1000)],
    ])('a key %s works', async (_name, key) => {
      const inbox = await consume(bus);
      await bus.send(command(key, 'here'));
      expect(textsOf(await inbox.received(1))).toEqual(['here']);
    });

    test('commands of one key arrive in the order they were sent, whatever the other keys do', async () => {
      const keys = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'];
      const numbers = Array.from({ length: 10 }, (_, number) => number);
      const inbox = await consume(bus);
      await Promise.all(
        keys.map(async (key) => {
          for (const number of numbers) await bus.send(command(key, `${key} ${number}`));
        }),
      );
      const texts = textsOf(await inbox.received(keys.length * numbers.length));
      for (const key of keys) {
        expect(texts.filter((text) => text.startsWith(`${key} `))).toEqual(numbers.map((number) => `${key} ${number}`));
      }
    });

    test('commands of one key are in one lane', async () => {
      const inbox = await consume(bus);
      for (const text of ['1', '2', '3']) await bus.send(command('same', text));
      const lanes = new Set((await inbox.received(3)).map((message) => message.origin.lane));
      expect(lanes.size).toBe(1);
    });

    test('a command that was sent before anybody consumed is handed over', async () => {
      await bus.send(command('a', 'early'));
      await reopen();
      const inbox = await consume(bus);
      expect(textsOf(await inbox.received(1))).toEqual(['early']);
    });

    test('what is not acknowledged comes again, in order, and what is acknowledged does not', async () => {
      for (const text of ['1', '2', '3']) await bus.send(command('a', text));
      const before = await consume(bus);
      const [first] = await before.received(3);
      first?.acknowledge();
      await reopen();
      const after = await consume(bus);
      await bus.send(command('a', '4'));
      const again = await after.received(3);
      expect(textsOf(again)).toEqual(['2', '3', '4']);
      if (exceptions.attempts === undefined) {
        expect(again.map((message) => message.redelivered)).toEqual([true, true, false]);
        expect(again.map((message) => message.attempts)).toEqual([2, 2, 1]);
      }
    });

    test('messages acknowledged out of order are done all the same', async () => {
      for (const text of ['1', '2', '3', '4', '5']) await bus.send(command('a', text));
      const before = await consume(bus);
      const [one, two, three, four] = await before.received(5);
      three?.acknowledge();
      await sleep(20);
      one?.acknowledge();
      four?.acknowledge();
      await sleep(20);
      two?.acknowledge();
      await reopen();
      const after = await consume(bus);
      await bus.send(command('a', '6'));
      expect(textsOf(await after.received(2))).toEqual(['5', '6']);
    });

    test('acknowledging twice, or after the bus was closed, is harmless', async () => {
      for (const text of ['1', '2']) await bus.send(command('a', text));
      const before = await consume(bus);
      const [one, two] = await before.received(2);
      one?.acknowledge();
      one?.acknowledge();
      await reopen();
      two?.acknowledge();
      const after = await consume(bus);
      expect(textsOf(await after.received(1))).toEqual(['2']);
    });

    test('no more than `prefetch` messages are unacknowledged, and acknowledging lets the next one through', async () => {
      for (let number = 0; number < 12; number += 1) await bus.send(command(`key ${number}`, String(number)));
      const inbox = await consume(bus, 2);
      await inbox.received(1);
      await sleep(QUIET_MS);
      expect(inbox.messages.length).toBeLessThanOrEqual(2);
      for (let done = 0; done < 12; done += 1) {
        const messages = await inbox.received(done + 1);
        expect(messages.length - done).toBeLessThanOrEqual(2);
        messages[done]?.acknowledge();
      }
    });

    test('after a pause nothing is handed over, and what was handed over can be acknowledged', async () => {
      for (const text of ['1', '2', '3']) await bus.send(command('a', text));
      const before = await consume(bus);
      const [one, two] = await before.received(3);
      one?.acknowledge();
      await before.pause();
      await bus.send(command('a', '4'));
      two?.acknowledge();
      await sleep(QUIET_MS);
      expect(textsOf(before.messages)).toEqual(['1', '2', '3']);
      await reopen();
      const after = await consume(bus);
      expect(textsOf(await after.received(2))).toEqual(['3', '4']);
    });

    test('a bus consumes once', async () => {
      await consume(bus);
      await expect(bus.consume(1, () => undefined)).rejects.toThrow();
    });

    test('a request gets its reply, and each its own', async () => {
      const inbox = await consume(bus);
      const replies = [0, 1, 2].map((number) => bus.request(command(`key ${number}`, String(number)), 10_000));
      const messages = await inbox.received(3);
      for (const message of [...messages].reverse()) {
        if (message.replyTo === undefined) throw new Error('a request says where to answer');
        await bus.reply(message.replyTo, reply(textOf(message)));
        message.acknowledge();
      }
      expect(await Promise.all(replies)).toEqual([reply('0'), reply('1'), reply('2')]);
    });

    test('a reply without a body is a reply', async () => {
      const inbox = await consume(bus);
      const waiting = bus.request(command('a', '1'), 10_000);
      const [message] = await inbox.received(1);
      if (message?.replyTo === undefined) throw new Error('a request says where to answer');
      await bus.reply(message.replyTo, { status: 204, headers: {} });
      expect(await waiting).toEqual({ status: 204, headers: {} });
    });

    test('a request without a reply times out, its command is kept, and the late reply is no error', async () => {
      await expect(bus.request(command('a', 'slow'), 200)).rejects.toThrow(TimeoutError);
      const inbox = await consume(bus);
      const [message] = await inbox.received(1);
      if (message?.replyTo === undefined) throw new Error('a request says where to answer');
      expect(textOf(message)).toBe('slow');
      await bus.reply(message.replyTo, reply('late'));
      const next = bus.request(command('a', 'next'), 10_000);
      const [, second] = await inbox.received(2);
      if (second?.replyTo === undefined) throw new Error('a request says where to answer');
      await bus.reply(second.replyTo, reply('next'));
      expect(await next).toEqual(reply('next'));
    });

    test('a reply to somebody who has gone is no error', async () => {
      await expect(bus.request(command('a', '1'), 200)).rejects.toThrow(TimeoutError);
      await reopen();
      const inbox = await consume(bus);
      const [message] = await inbox.received(1);
      if (message?.replyTo === undefined) throw new Error('a request says where to answer');
      await bus.reply(message.replyTo, reply('nobody'));
      message.acknowledge();
      await bus.send(command('a', '2'));
      expect(textsOf(await inbox.received(2))).toEqual(['1', '2']);
    });

    test('events arrive on their topic, with their key and content, in order', async () => {
      const events = [
        event('events', 'partyRole.PartyRoleCreateEvent', { name: 'Zoë' }),
        event('events', 'partyRole.PartyRoleDeleteEvent', {}),
        event('dead', 'malformed', {}),
        event('events', 'partyRole.PartyRoleCreateEvent', { name: 'last' }),
      ];
      const seen: SeenEvent[] = [];
      await under.listen((one) => seen.push(one));
      for (const one of events) await bus.publish(one);
      await until(() => seen.length >= events.length, 'all events are seen');
      for (const topic of ['events', 'dead'] as const) {
        expect(seen.filter((one) => one.topic === topic)).toEqual(
          events.filter((one) => one.topic === topic).map(({ key, content }) => ({ topic, key, content })),
        );
      }
    });

    test('an event without a listener is no error', async () => {
      await bus.publish(event('events', 'partyRole.PartyRoleCreateEvent', {}));
      await bus.publish(event('dead', 'refused', {}));
    });

    test('an event that is sent again arrives again, to all or to one destination alone', async () => {
      const seen: SeenEvent[] = [];
      await under.listen((one) => seen.push(one));
      const [first, other] = [event('events', 'partyRole.PartyRoleCreateEvent', 1), event('events', 'partyRole.PartyRoleCreateEvent', 2)];
      await bus.publish(first);
      await bus.republish(first);
      await expect(bus.republish(first, 'nobody-is-here')).rejects.toThrow(UnroutableError);
      const destination = await under.destination?.();
      if (destination) await bus.republish(first, destination.name);
      await bus.publish(other);
      await until(() => seen.length >= 3, 'all events are seen');
      expect(seen.map((one) => one.content)).toEqual([first.content, first.content, other.content]);
      if (destination) expect(await destination.contents()).toEqual([first.content]);
    });

    test('many events under way at once are all held', async () => {
      const seen: SeenEvent[] = [];
      await under.listen((one) => seen.push(one));
      const events = Array.from({ length: 3000 }, (_, number) => event('events', 'partyRole.PartyRoleCreateEvent', { number }));
      await Promise.all(events.map((one) => bus.publish(one)));
      await until(() => seen.length >= events.length, 'all events are seen');
      expect(new Set(seen.map((one) => one.content)).size).toBe(events.length);
    });

    test('the largest content is at least a TM Forum resource with room to spare', () => {
      expect(bus.maxContentBytes).toBeGreaterThanOrEqual(256 * 1024);
    });

    test('closing waits for what was sent', async () => {
      const sent = bus.send(command('a', 'last words'));
      await reopen();
      await sent;
      const inbox = await consume(bus);
      expect(textsOf(await inbox.received(1))).toEqual(['last words']);
    });

    test('a bus is up until it is closed; closing again is harmless, and nothing else works', async () => {
      expect(bus.status()).toEqual({ up: true });
      await bus.close();
      await bus.close();
      expect(bus.status().up).toBe(false);
      await expect(bus.send(command('a', '1'))).rejects.toThrow(UnavailableError);
      await expect(bus.request(command('a', '1'), 1000)).rejects.toThrow(UnavailableError);
      await expect(bus.publish(event('events', 'partyRole.PartyRoleCreateEvent', {}))).rejects.toThrow(UnavailableError);
      await expect(bus.republish(event('events', 'partyRole.PartyRoleCreateEvent', {}))).rejects.toThrow(UnavailableError);
      await expect(bus.reply({ address: 'nobody' }, reply('x'))).rejects.toThrow(UnavailableError);
      await expect(bus.consume(1, () => undefined)).rejects.toThrow(UnavailableError);
    });
  });
}

/** The lanes that the messages came from, sorted. */
export function lanesOf(messages: readonly Message[]): number[] {
  return [...new Set(messages.map((message) => message.origin.lane))].sort((one, other) => one - other);
}

/** Waits until the bus can be used; fails with its own reason. */
export async function up(bus: Bus): Promise<void> {
  await until(
    () => bus.status().up,
    () => JSON.stringify(bus.status()),
    30_000,
  );
}

/** Waits until `condition` holds; `what` is what the failure says. */
export async function until(condition: () => boolean, what: string | (() => string), timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(10);
  }
}

/** What a consumption handed over so far. */
export interface Inbox {
  readonly messages: Message[];
  /** All messages so far, as soon as there are at least `count`. */
  received(count: number): Promise<Message[]>;
  pause(): Promise<void>;
}

export async function consume(bus: Bus, prefetch = 100): Promise<Inbox> {
  const messages: Message[] = [];
  const consumption = await bus.consume(prefetch, (message) => messages.push(message));
  return {
    messages,
    received: async (count) => {
      await until(
        () => messages.length >= count,
        () => `${count} messages, there are ${messages.length}`,
      );
      return messages;
    },
    pause: () => consumption.pause(),
  };
}

export function command(key: string, text: string): OutgoingCommand {
  return {
    resource: 'partyRole',
    key,
    attributes: { specversion: '1.0', id: randomUUID(), source: '/test', type: 'org.tmforum.partyRole.create' },
    contentType: 'application/json',
    body: Buffer.from(text),
  };
}

export function event(topic: OutgoingEvent['topic'], key: string, data: unknown): OutgoingEvent {
  const id = randomUUID();
  return { topic, key, id, content: JSON.stringify({ specversion: '1.0', id, source: '/test', type: key, data }) };
}

export function textOf(message: Message): string {
  return Buffer.from(message.body).toString('utf8');
}

export function textsOf(messages: readonly Message[]): string[] {
  return messages.map(textOf);
}

function reply(text: string): Reply {
  return { status: 201, headers: { Location: `/partyRole/${text}`, ETag: '"1"' }, body: { name: `Zoë ${text}`, nested: [1, null, true] } };
}
