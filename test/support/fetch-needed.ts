import { fetchServers } from './fetch.js';
import { kinds } from './server.js';
import { isSet } from './servers.js';

/** Gets the servers that this machine lacks. In CI one that cannot be had is a failure, and false; elsewhere there may be Docker, or who needs it says so. */
export async function fetchNeeded(chosen = kinds): Promise<boolean> {
  const failures = await fetchServers(chosen, say);
  for (const failure of failures) say(failure);
  return failures.length === 0 || !isSet('CI');
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
