import { kinds, type Server } from './server.js';
import { sharedVariable, start, whyMissing } from './servers.js';

declare global {
  // jest hands nothing else from its set-up to its tear-down.
  var sharedServers: Server[] | undefined;
}

/** Starts one server of each kind that can be had, for all test files together: they take seconds to start. */
export default async function startShared(): Promise<void> {
  const servers: Server[] = [];
  globalThis.sharedServers = servers;
  const available = kinds.filter((kind) => whyMissing(kind) === undefined);
  const starts = await Promise.allSettled(
    available.map(async (kind) => {
      const server = await start(kind);
      servers.push(server);
      process.env[sharedVariable(kind)] = server.url;
    }),
  );
  const failures = starts.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (failures.length === 0) return;
  await Promise.all(servers.map((server) => server.stop()));
  throw new AggregateError(failures, failures.map(String).join('\n'));
}
