import { appendFileSync } from 'node:fs';
import { openBus, openStore } from '../../src/adapters.js';
import type { Bus } from '../../src/bus/bus.js';
import { readConfig } from '../../src/config.js';
import { exitProcess } from '../../src/exit.js';
import { runService } from '../../src/service.js';
import { faulty } from '../support/faults.js';
import { KillPoints, type KillOrder } from './kill-points.js';

/** The service as it is, but for the points at which the drill, its parent, tells it to die. */
const killPoints = new KillPoints();
process.on('message', (order: KillOrder | 'live') => killPoints.obey(order));
// Nobody is left to end it.
process.on('disconnect', () => exitProcess(1));
runService(readConfig(), {
  openStore: async (...args) => killPoints.ofStore(await openStore(...args)),
  openBus: (...args) => killPoints.ofBus(recorded(openBus(...args))),
});

/** EVENTS_FILE: where each event goes before it counts as published; the log may lose its last lines with the process. */
function recorded(bus: Bus): Bus {
  const file = process.env['EVENTS_FILE'];
  if (file === undefined) return bus;
  return faulty(bus, {
    publish: async (real, event) => {
      await real(event);
      if (event.topic === 'events') appendFileSync(file, `${event.content}\n`);
    },
  });
}
