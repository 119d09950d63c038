import { openBus, openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import { runService } from '../../src/service.js';
import { faulty } from '../support/faults.js';

/** The service as it is, but that it dies whenever it is about to commit a role with the name `killer`. */
runService(readConfig(), {
  openStore: async (...args) =>
    faulty(await openStore(...args), {
      commit: (real, commit) => {
        if (commit.writes.some(({ resource }) => resource['name'] === 'killer')) process.kill(process.pid, 'SIGKILL');
        return real(commit);
      },
    }),
  openBus,
});
