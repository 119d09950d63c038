import { binary } from './binaries.js';
import { dockerAnswers, startContainer } from './containers.js';
import { startLocal } from './local-server.js';
import { mongoRecipe } from './mongo-server.js';
import { natsRecipe } from './nats-server.js';
import { rabbitRecipe } from './rabbit-server.js';
import { kinds, type Kind, type Server } from './server.js';

export type { Kind, Server } from './server.js';

/** Where a server that is already there is named. */
const URL_VARIABLE: Readonly<Record<Kind, string>> = { mongo: 'TEST_MONGO_URL', rabbit: 'TEST_AMQP_URL', nats: 'TEST_NATS_URL' };

/** A private MongoDB: a single-node replica set, or the server of TEST_MONGO_URL, which only whoever started it can kill or restart. */
export function startMongo(): Promise<Server> {
  return start('mongo');
}

/** A private RabbitMQ with the exchange type `x-modulus-hash`, or the server of TEST_AMQP_URL. */
export function startRabbit(): Promise<Server> {
  return start('rabbit');
}

/** A private NATS with JetStream that syncs before it acknowledges, or the server of TEST_NATS_URL. */
export function startNats(): Promise<Server> {
  return start('nats');
}

/** Looks in this order: URL in the environment, program on this machine or in the cache, Docker. */
export async function start(kind: Kind): Promise<Server> {
  const url = process.env[URL_VARIABLE[kind]];
  if (url !== undefined) return external(kind, url);
  const program = binary(kind);
  if (program === undefined) return startContainer(kind);
  switch (kind) {
    case 'mongo':
      return startLocal(kind, (folder) => mongoRecipe(program, folder));
    case 'rabbit':
      return startLocal(kind, (folder) => rabbitRecipe(program, folder));
    case 'nats':
      return startLocal(kind, (folder) => natsRecipe(program, folder));
  }
}

function external(kind: Kind, url: string): Server {
  const refuse = (): Promise<never> => Promise.reject(new Error(`${URL_VARIABLE[kind]} names a server that is not ours to end`));
  return { url, stop: () => Promise.resolve(), kill: refuse, restart: refuse };
}

const missing = new Map<Kind, string | undefined>();

/** Why there is no server of this kind, or undefined when there is one. TEST_SERVERS lists the kinds to use (`none`: none of them); unset: all. */
export function whyMissing(kind: Kind): string | undefined {
  if (isLeftOut(kind)) return `TEST_SERVERS leaves ${kind} out`;
  if (process.env[URL_VARIABLE[kind]] !== undefined) return undefined;
  if (!missing.has(kind)) {
    const exists = binary(kind) !== undefined || dockerAnswers();
    missing.set(kind, exists ? undefined : `no ${kind} server: set ${URL_VARIABLE[kind]}, or run "npm run servers:fetch", or start Docker`);
  }
  return missing.get(kind);
}

function isLeftOut(kind: Kind): boolean {
  const wanted = process.env['TEST_SERVERS'];
  if (wanted === undefined || wanted === '') return false;
  const names = wanted.split(',');
  const unknown = names.find((name) => name !== 'none' && !kinds.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`TEST_SERVERS: "${unknown}" is none of none, ${kinds.join(', ')}`);
  return !names.includes(kind);
}

/** The suite when its servers can be had. Otherwise it fails in CI, unless TEST_SERVERS asked for that, and is skipped elsewhere, saying why. */
export function whenServers(name: string, needed: readonly Kind[], suite: () => void): void {
  const lacking = needed.filter((kind) => whyMissing(kind) !== undefined);
  const why = lacking.map(whyMissing).join('; ');
  if (lacking.length === 0) {
    describe(name, suite);
  } else if (isSet('CI') && !lacking.every(isLeftOut)) {
    describe(name, () => {
      it('has its servers', () => {
        throw new Error(why);
      });
    });
  } else {
    process.stderr.write(`SKIPPED ${name}: ${why}\n`);
    describe.skip(`${name} (${why})`, suite);
  }
}

export function isSet(variable: string): boolean {
  return (process.env[variable] ?? '') !== '';
}

/** How the global set-up tells the test files where the shared servers are. */
export function sharedVariable(kind: Kind): string {
  return `TEST_SHARED_${kind.toUpperCase()}_URL`;
}

/** The server that all test files share: take names (prefix, database) of your own, and never end it. Call it inside a test or hook. */
export function sharedUrl(kind: Kind): string {
  const url = process.env[sharedVariable(kind)];
  if (url === undefined) throw new Error(`no shared ${kind} server: jest must run with test/support/global-setup.ts`);
  return url;
}
