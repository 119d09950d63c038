import { openBus, openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import { runService } from '../../src/service.js';
import { faulty } from '../support/faults.js';

/** The service as it is, but that no event leaves it: every commit stays pending. */
runService(readConfig(), {
  openStore,
  openBus: (...args) => faulty(openBus(...args), { publish: () => new Promise(() => undefined) }),
});
