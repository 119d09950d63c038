import { setTimeout as pause } from 'node:timers/promises';
import { openBus, openStore } from '../../src/adapters.js';
import type { Bus } from '../../src/bus/bus.js';
import { readConfig } from '../../src/config.js';
import { exitProcess } from '../../src/exit.js';
import { runService } from '../../src/service.js';
import type { Store } from '../../src/store/store.js';
import { faulty } from '../support/faults.js';
import { breakages, type Breakage } from './breakages.js';
import { KillPoints, type KillOrder } from './kill-points.js';

/** The service with one of its guarantees broken on purpose, or with none: it shows what the drill can see. */
const config = readConfig();
const killPoints = new KillPoints();
const breakage: Breakage = breakages[process.env['BREAKAGE'] ?? ''] ?? {};
process.on('message', (order: KillOrder | 'live') => killPoints.obey(order));
process.on('disconnect', () => exitProcess(1));
breakage.prepare?.();

runService(config, {
  openStore: async (...args) => {
    const store = paced(killPoints.ofStore(await openStore(...args)));
    return breakage.ofStore?.(store, config.storeUrl) ?? store;
  },
  openBus: (...args) => {
    const bus = sharingNothing(killPoints.ofBus(openBus(...args)));
    return breakage.ofBus?.(bus) ?? bus;
  },
});

/** Every worker stands in line for every lane, in the order of their coming: a play knows who has the lane, and who is next. */
function sharingNothing(bus: Bus): Bus {
  return new Proxy(bus, { get: (target, name): unknown => (name === 'lanes' ? undefined : Reflect.get(target, name)) });
}

/** SLOW_COMMIT_MS: how long each commit waits first, and says so. WITHOUT_NOTES: nothing is noted before redelivered messages are tried. */
function paced(store: Store): Store {
  const slowMs = Number(process.env['SLOW_COMMIT_MS'] ?? 0);
  const withoutNotes = process.env['WITHOUT_NOTES'] !== undefined;
  return faulty(store, {
    commit: async (real, commit) => {
      if (slowMs > 0) {
        process.stdout.write(`${JSON.stringify({ msg: 'slow commit' })}\n`);
        await pause(slowMs);
      }
      return real(commit);
    },
    ...(withoutNotes ? { notes: () => Promise.resolve(new Map()), writeNotes: () => Promise.resolve(), removeNotes: () => Promise.resolve() } : {}),
  });
}
