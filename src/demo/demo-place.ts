import { randomUUID } from 'node:crypto';
import { openBus, openStore } from '../adapters.js';
import type { Config } from '../config.js';
import { MINUTE_MS } from '../date-time.js';
import { History } from '../history.js';
import { Lifecycle } from '../lifecycle.js';
import { createLogger } from '../logging.js';
import { start } from '../service.js';
import { ToolError } from '../tool-error.js';
import type { OpenPorts } from '../tool-ports.js';
import type { Origin } from '../transfer/record.js';
import { busTarget, collectionAt, ownUrl, restTarget, serviceUrl, type Target } from '../transfer/target.js';

/** More than any resource of the demo has. */
const CHANGES = 100;

/** Where the demo loads its customers, and what it can see there. */
export interface DemoPlace {
  readonly described: string;
  /** Where the service with the role http is. */
  readonly url: string;
  readonly targetOf: (origin: Origin) => Target;
  /** The types of the events about a resource, oldest first; undefined: they cannot be seen from here. */
  readonly eventsOf: ((resource: string, id: string) => Promise<string[]>) | undefined;
  readonly close: () => Promise<void>;
}

/** The bus where there is one; else the service at the URL; else one of its own. */
export async function placeOf(config: Config, url: string | undefined, ports: OpenPorts): Promise<DemoPlace> {
  const address = url === undefined ? ownUrl(config) : serviceUrl(url, config);
  if (!config.busUrl.startsWith('memory:')) return overBus(config, address, ports);
  if (await answers(address)) return overRest(config, address, config.adminToken, `Over REST, to the service at ${address}:`, () => Promise.resolve());
  if (url !== undefined) throw new ToolError(`no service answers at ${address}`);
  const lifecycle = new Lifecycle(createLogger({ level: 'warn', format: 'json' }));
  const token = randomUUID();
  const port = await startOwn(config, token, lifecycle);
  const described = `No service answers at ${address}, so this one is embedded here, in memory, and gone afterwards (npm start in another terminal keeps one):`;
  return overRest(config, `http://127.0.0.1:${port}`, token, described, () => lifecycle.close());
}

async function overBus(config: Config, url: string, ports: OpenPorts): Promise<DemoPlace> {
  const store = await ports.store();
  const bus = await ports.bus(store);
  const now = (): Date => new Date();
  const history = new History(store, config.retentionMinutes * MINUTE_MS, now);
  return {
    described: 'Over the bus, to the workers there:',
    url,
    targetOf: (origin) => busTarget(bus, origin, config.replyTimeoutMs, now),
    eventsOf: async (type, id) => typesIn((await history.changes({ type, id }, CHANGES)).changes),
    close: () => Promise.resolve(),
  };
}

function overRest(config: Config, url: string, token: string | undefined, described: string, close: () => Promise<void>): DemoPlace {
  const eventsOf = async (resource: string, id: string): Promise<string[]> => {
    const answer = await fetch(`${url}/admin/${resource}/${id}/history?limit=${CHANGES}`, { headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new ToolError(`the history of ${resource} ${id} is answered with ${answer.status}; ADMIN_TOKEN must be the service's`);
    return typesIn(((await answer.json()) as { changes: Changes }).changes);
  };
  return { described, url, targetOf: ({ definition }) => restTarget(collectionAt(url, config, definition)), eventsOf: token === undefined ? undefined : eventsOf, close };
}

type Changes = readonly { readonly events: readonly { readonly type: string }[] }[];

/** Changes come newest first. */
function typesIn(changes: Changes): string[] {
  return [...changes].reverse().flatMap(({ events }) => events.map(({ type }) => type));
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false;
  }
}

function startOwn(config: Config, adminToken: string, lifecycle: Lifecycle): Promise<number> {
  const own: Config = { ...config, host: '127.0.0.1', port: 0, storeUrl: 'memory:', adminToken, roles: new Set(['http', 'worker']) };
  const log = createLogger({ level: 'warn', format: 'json' });
  const onFatal = (error: unknown): never => {
    throw error;
  };
  return start(own, { openStore, openBus }, lifecycle, onFatal, log);
}
