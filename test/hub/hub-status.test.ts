import { faulty } from '../support/faults.js';
import { until } from '../support/service.js';
import { RunningHub } from './running-hub.js';

let running: RunningHub;
beforeEach(async () => (running = await RunningHub.open()));
afterEach(() => running.close());

it('the status of a hub says why subscriptions cannot be claimed, as long as they cannot', async () => {
  let away = true;
  const store = faulty(running.store.hub, {
    claim: async (real, ...args) => {
      if (away) throw new Error('the database is away');
      return real(...args);
    },
  });
  const hub = running.start({}, { store });
  await until('it has failed', () => !hub.status().up);
  expect(hub.status()).toEqual({ up: false, why: 'subscriptions cannot be claimed: the database is away' });
  away = false;
  await until('it can claim', () => hub.status().up);
  away = true;
  await until('it has failed again', () => !hub.status().up);
});
