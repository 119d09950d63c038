import { setTimeout as sleep } from 'node:timers/promises';
import { allLanes, type Bus, type SharedLanes } from '../../src/bus/bus.js';
import { command, consume, lanesOf, textsOf, until, up } from './bus.contract.js';

/** Long enough for a message that must not arrive to show itself. */
const QUIET_MS = 300;

/** The promises of `SharedLanes`; `open` opens one more bus on the broker state of this test, as another process would. */
export function lanesContract(name: string, begin: () => () => Bus): void {
  describe(`shared lanes: ${name}`, () => {
    const none: ReadonlySet<number> = new Set();
    let open: () => Bus;
    let bus: Bus;
    let lanes: SharedLanes;
    let all: ReadonlySet<number>;

    beforeEach(async () => {
      open = begin();
      bus = open();
      await up(bus);
      lanes = sharedBy(bus);
      all = allLanes(lanes.count);
    }, 30_000);

    async function another(): Promise<[Bus, SharedLanes]> {
      const other = open();
      await up(other);
      return [other, sharedBy(other)];
    }

    test('those that are preferred are taken, before and after it consumes, and no others', async () => {
      lanes.prefer(none);
      const inbox = await consume(bus);
      const texts = Array.from({ length: 40 }, (_, number) => String(number));
      await Promise.all(texts.map((text) => bus.send(command(`key ${text}`, text))));
      await sleep(QUIET_MS);
      expect(inbox.messages).toEqual([]);

      const [first = 0, ...others] = all;
      lanes.prefer(new Set(others));
      await until(() => lanesOf(inbox.messages).length === others.length, 'the lanes are taken');
      await sleep(QUIET_MS);
      expect(lanesOf(inbox.messages)).toEqual(others);

      lanes.prefer(new Set([first]));
      for (const message of inbox.messages) message.acknowledge();
      await inbox.received(texts.length);
      expect(textsOf(inbox.messages).sort()).toEqual(texts.sort());
    });

    test('one that is let go is another process\'s when what was handed over is acknowledged: nothing twice, all in order', async () => {
      const [other, otherLanes] = await another();
      otherLanes.prefer(none);
      const [before, after] = [await consume(bus, 2 * lanes.count), await consume(other)];
      for (const text of ['1', '2', '3', '4', '5']) await bus.send(command('a', text));
      const [first, second] = await before.received(2);
      otherLanes.prefer(all);
      lanes.prefer(none);
      first?.acknowledge();
      await sleep(QUIET_MS);
      expect([textsOf(before.messages), after.messages]).toEqual([['1', '2'], []]);
      second?.acknowledge();
      await after.received(3);
      await bus.send(command('a', '6'));
      expect(textsOf(await after.received(4))).toEqual(['3', '4', '5', '6']);

      for (const message of after.messages) message.acknowledge();
      lanes.prefer(all);
      otherLanes.prefer(none);
      await bus.send(command('a', '7'));
      expect(textsOf(await before.received(3))).toEqual(['1', '2', '7']);
      expect(after.messages).toHaveLength(4);
    });

    test('one that is let go waits for some time only: what is not acknowledged then comes again elsewhere, in order', async () => {
      const [other] = await another();
      const before = await consume(bus);
      for (const text of ['1', '2', '3']) await bus.send(command('a', text));
      await before.received(3);
      lanes.prefer(none);
      const after = await consume(other);
      expect(textsOf(await after.received(3))).toEqual(['1', '2', '3']);
      // Too late: they are the other's now.
      for (const message of before.messages) message.acknowledge();
      await bus.send(command('a', '4'));
      expect(textsOf(await after.received(4))).toEqual(['1', '2', '3', '4']);
      expect(before.messages).toHaveLength(3);
    });

    test('one that is wanted again while it is let go goes on, in order', async () => {
      const inbox = await consume(bus);
      for (const text of ['1', '2']) await bus.send(command('a', text));
      const [first, second] = await inbox.received(2);
      lanes.prefer(none);
      await bus.send(command('a', '3'));
      lanes.prefer(all);
      first?.acknowledge();
      second?.acknowledge();
      expect(textsOf(await inbox.received(3))).toEqual(['1', '2', '3']);
    });
  });
}

function sharedBy(bus: Bus): SharedLanes {
  if (!bus.lanes) throw new Error('this bus shares no lanes');
  return bus.lanes;
}
