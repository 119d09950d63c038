import type { JsonObject } from '../../src/json.js';
import type { Api } from '../e2e/api.js';
import { patch, settle, viewOf, type ApiOf, type View } from './household.js';

/** Two ways to the same customers. */
export interface Channels {
  readonly api: ApiOf;
  readonly customers: Api;
  /** The status of the reply to a merge patch of a party role over the bus. */
  readonly onBus: (subject: string, data: JsonObject, channel: string) => Promise<number>;
}

/** The same customer on every channel, at once. */
export function channelsSuite(channels: () => Channels): void {
  const ROUNDS = 15;

  beforeAll(() => settle(channels().api), 60_000);

  const view = (query: string): Promise<View> => viewOf(channels().customers, `ann${query}`);

  /** What one channel does, over the bus. */
  async function onBus(round: number): Promise<void> {
    expect(await channels().onBus('customer', { characteristic: [{ name: 'bus', value: round }] }, 'call-centre')).toBe(200);
  }

  /** What the other does, over REST. */
  async function onRest(round: number): Promise<void> {
    await patch(channels().api, 'individual', 'ann', { partyCharacteristic: [{ name: 'rest', value: round }] }, { 'X-Channel': 'web-shop' });
  }

  const valueOf = ({ characteristic }: View, name: string): unknown => characteristic.find((one) => one['name'] === name)?.['value'];

  test('each sees the change of the other at once, and who made it', async () => {
    const seen = { bus: -1, rest: -1 };
    const drive = async (mine: 'bus' | 'rest', other: 'bus' | 'rest', change: (round: number) => Promise<void>): Promise<void> => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await change(round);
        seen[mine] = round;
        const least = seen[other];
        const now = await view('?limit=5');
        // Its own change is there, and all that was answered to the other before it asked.
        expect(valueOf(now, mine)).toBe(round);
        expect(least === -1 || Number(valueOf(now, other)) >= least).toBe(true);
      }
    };
    await Promise.all([drive('bus', 'rest', onBus), drive('rest', 'bus', onRest)]);

    const { timeline } = await view('?limit=100&kind=change');
    const made = timeline.map(({ channel = '', type, id }) => `${channel} ${type} ${id}`);
    expect(made.filter((text) => text === 'call-centre PartyRole customer')).toHaveLength(ROUNDS);
    expect(made.filter((text) => text === 'web-shop Individual ann')).toHaveLength(ROUNDS);
  }, 90_000);

  test('each may be asked for alone', async () => {
    const [bus, rest] = [await view('?channel=call-centre&limit=100'), await view('?channel=web-shop&limit=100')];
    expect(new Set(bus.timeline.map(({ channel }) => channel))).toEqual(new Set(['call-centre']));
    expect(rest.timeline.map(({ channel }) => channel)).toEqual(Array.from({ length: ROUNDS }, () => 'web-shop'));
    const shop = await view('?channel=Shop');
    expect(shop.timeline.map(({ kind, id }) => [kind, id])).toEqual([['interaction', 'repair'], ['interaction', 'price']]);
    expect((await view('?channel=shop-1')).timeline).toEqual(shop.timeline);
  });
}
