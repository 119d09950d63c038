import type { HubStore, Progress, Tenure } from '../../src/store/hub-store.js';
import { newSubscription, parkedDelivery } from '../contract/hub-fixtures.js';

const SUBSCRIPTIONS = 80;
const TTL_MS = 600_000;
/** Still to come: they do not vanish while they are used. */
const time = (i: number): Date => new Date(Date.UTC(2126) + i);
const idOf = (i: number): string => `s${String(i).padStart(3, '0')}`;

const progress = (i: number): Progress => ({ id: idOf(i), epoch: 0, cursor: 5, health: { waiting: 0 } });

/** Two of three hubs have their share, a tenth is suspended, and all have parked deliveries. */
export async function fillHub(hub: HubStore): Promise<void> {
  const ids = Array.from({ length: SUBSCRIPTIONS }, (_, i) => idOf(i));
  await Promise.all(ids.map((id, i) => hub.register(newSubscription(id, { api: i % 20 === 0 ? 'party' : 'accountManagement' }))));
  for (let i = 0; i < SUBSCRIPTIONS; i += 10) await hub.suspend(idOf(i), 'test', 'hub');
  for (const holder of ['a', 'b', 'c', 'a', 'b']) {
    const { held, share } = await hub.claim(holder, TTL_MS);
    await hub.release(holder, held.slice(share).map(({ id }) => id));
  }
  await hub.parkDeliveries(Array.from({ length: 400 }, (_, i) => parkedDelivery(idOf(i % SUBSCRIPTIONS), `e${i}`, { at: time(i) })));
}

async function tenureOf(hub: HubStore, i: number): Promise<Tenure> {
  const found = await hub.subscription(idOf(i));
  if (!found) throw new Error(`no subscription ${i}`);
  return { id: found.id, epoch: found.epoch, registeredAt: found.registeredAt, holder: 'a' };
}

/** Every method of the port `HubStore`. */
export const hubUses: Readonly<Record<keyof HubStore, readonly (readonly [about: string, use: (hub: HubStore) => Promise<unknown>])[]>> = {
  register: [
    ['new', (hub) => hub.register(newSubscription('new'))],
    ['there already', (hub) => hub.register(newSubscription(idOf(1)))],
  ],
  subscription: [['one', (hub) => hub.subscription(idOf(1))]],
  subscriptions: [
    ['all', (hub) => hub.subscriptions({}, 5)],
    ['behind one', (hub) => hub.subscriptions({ after: idOf(20) }, 5)],
    ['of one API', (hub) => hub.subscriptions({ api: 'party' }, 5)],
    ['of one API, behind one', (hub) => hub.subscriptions({ api: 'party', after: idOf(30) }, 5)],
  ],
  countSubscriptions: [
    ['all', (hub) => hub.countSubscriptions()],
    ['of one API', (hub) => hub.countSubscriptions('party')],
  ],
  unregister: [
    ['one with parked deliveries', (hub) => hub.unregister(idOf(79))],
    ['one that is held', async (hub) => hub.unregister(await tenureOf(hub, 78))],
    ['one as it was read', async (hub) => hub.unregister((await hub.subscription(idOf(77))) ?? '')],
  ],
  setSecrets: [['one', (hub) => hub.setSecrets(idOf(1), { signing: [] }, { signing: [] })]],
  suspend: [['one', (hub) => hub.suspend(idOf(2), 'test', 'hub')]],
  resume: [
    ['a suspended one', (hub) => hub.resume(idOf(2))],
    ['an active one', (hub) => hub.resume(idOf(3), 1)],
  ],
  claim: [
    ['what is free', (hub) => hub.claim('c', TTL_MS)],
    ['nothing more', (hub) => hub.claim('a', TTL_MS)],
    ['among more hubs than before', (hub) => hub.claim('d', TTL_MS)],
    ['what the dead had', async (hub) => {
      await hub.claim('b', 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { held } = await hub.claim('d', TTL_MS);
      if (held.length < 10) throw new Error(`took ${held.length}`);
    }],
  ],
  release: [['some', (hub) => hub.release('c', [idOf(50), idOf(60), idOf(61)])]],
  recordProgress: [['of own ones and others', (hub) => hub.recordProgress('a', Array.from({ length: 30 }, (_, i) => progress(i)))]],
  parkDeliveries: [
    ['new and old', (hub) => hub.parkDeliveries([parkedDelivery(idOf(1), 'e1'), parkedDelivery(idOf(1), 'new')])],
    ['of one that is held', async (hub) => hub.parkDeliveries([parkedDelivery(idOf(4), 'new')], await tenureOf(hub, 4))],
  ],
  parkedDeliveries: [
    ['all', (hub) => hub.parkedDeliveries({}, 5)],
    ['behind one', (hub) => hub.parkedDeliveries({ after: { at: time(200), id: '' } }, 5)],
    ['of one subscription', (hub) => hub.parkedDeliveries({ subscription: idOf(3) }, 5)],
    ['of one subscription, behind one', (hub) => hub.parkedDeliveries({ subscription: idOf(3), after: { at: time(83), id: `${idOf(3)}:e83` } }, 5)],
  ],
  countParkedDeliveries: [
    ['of one subscription', (hub) => hub.countParkedDeliveries({ subscription: idOf(3) })],
    ['some by id', (hub) => hub.countParkedDeliveries({ ids: [`${idOf(3)}:e3`, `${idOf(4)}:e4`] })],
  ],
  dropDeliveries: [['some', (hub) => hub.dropDeliveries([`${idOf(3)}:e3`, `${idOf(4)}:e4`])]],
  leaveHub: [['one', (hub) => hub.leaveHub('a')]],
};
