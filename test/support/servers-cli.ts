import { fetchNeeded } from './fetch-needed.js';
import { kinds, type Kind, type Server } from './server.js';
import { start } from './servers.js';

const USAGE = `Usage: npm run servers[:fetch] [-- ${kinds.join('|')} ...]
  servers        gets the servers that this machine lacks, starts them, prints their URLs and stops them at Ctrl-C
  servers:fetch  only gets them, from the package registries
Without names: all of them.
`;

/** A shell variable for each, as the README uses them. */
const variableOf: Readonly<Record<Kind, (url: string) => string>> = {
  mongo: (url) => `MONGO_URL='${url.replace('/?', '/partyrole?')}'`,
  rabbit: (url) => `AMQP_URL='${url}'`,
  nats: (url) => `NATS_URL='${url}'`,
};

async function main([command, ...names]: string[]): Promise<void> {
  if (names.some((name) => name === '--help' || name === '-h')) {
    process.stdout.write(USAGE);
    return;
  }
  const unknown = names.find((name) => !kinds.some((kind) => kind === name));
  if ((command !== 'fetch' && command !== 'start') || unknown !== undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const chosen = kinds.filter((kind) => names.length === 0 || names.includes(kind));
  if (!(await fetchNeeded(chosen))) process.exitCode = 1;
  else if (command === 'start') await startAll(chosen);
}

async function startAll(chosen: readonly Kind[]): Promise<void> {
  const servers: Server[] = [];
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const starts = await Promise.allSettled(chosen.map((kind) => start(kind)));
  starts.forEach((result, index) => {
    const kind = chosen[index];
    if (kind === undefined) return;
    if (result.status === 'rejected') {
      say(`${kind} did not start: ${String(result.reason)}`);
      process.exitCode = 1;
      return;
    }
    servers.push(result.value);
    process.stdout.write(`export ${variableOf[kind](result.value.url)}\n`);
  });
  if (servers.length === chosen.length) {
    say('Ctrl-C stops them and removes their data.');
    await stopped;
  }
  await Promise.all(servers.map((server) => server.stop()));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  say(String(error));
  process.exitCode = 1;
});
