import { pino } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { MemoryBroker } from '../../src/bus/memory-broker.js';
import { openMemoryBus } from '../../src/bus/memory-bus.js';
import { busContract, command, consume, textsOf } from '../contract/bus.contract.js';

const log = pino({ level: 'silent' });

busContract('memory', () => {
  const broker = new MemoryBroker();
  let bus: Bus = openMemoryBus({ broker, log });
  return Promise.resolve({
    bus,
    reopen: async () => {
      await bus.close();
      bus = openMemoryBus({ broker, log });
      return bus;
    },
    listen: (onEvent) => {
      broker.subscribe(({ topic, key, content }) => onEvent({ topic, key, content }));
      return Promise.resolve();
    },
    close: () => bus.close(),
  });
});

describe('memory bus', () => {
  test('one bus consumes at a time; the next takes over what the first did not acknowledge', async () => {
    const broker = new MemoryBroker();
    const first = openMemoryBus({ broker, log });
    const second = openMemoryBus({ broker, log });
    const firstInbox = await consume(first);
    const secondInbox = await consume(second);
    for (const text of ['1', '2']) await second.send(command('a', text));
    const [one] = await firstInbox.received(2);
    one?.acknowledge();
    expect(secondInbox.messages).toEqual([]);
    await first.close();
    await second.send(command('a', '3'));
    expect(textsOf(await secondInbox.received(2))).toEqual(['2', '3']);
    await second.close();
  });

  test('its lane is its own, however many processes there are', async () => {
    const bus = openMemoryBus({ log });
    expect(bus.lanes).toBeUndefined();
    await bus.close();
  });

  test('the sender may use its buffer again', async () => {
    const bus = openMemoryBus({ log });
    const body = Buffer.from('before');
    await bus.send({ ...command('a', ''), body });
    body.fill('x');
    const inbox = await consume(bus);
    expect(textsOf(await inbox.received(1))).toEqual(['before']);
    await bus.close();
  });
});
