import { openBus, openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import { runService } from '../../src/service.js';
import { KillPoints, type KillOrder } from './kill-points.js';

/** The service as it is, but for the points at which the drill, its parent, tells it to die. */
const killPoints = new KillPoints();
process.on('message', (order: KillOrder | 'live') => killPoints.obey(order));
// Nobody is left to end it.
process.on('disconnect', () => process.exit(1));
runService(readConfig(), {
  openStore: async (...args) => killPoints.ofStore(await openStore(...args)),
  openBus: (...args) => killPoints.ofBus(openBus(...args)),
});
