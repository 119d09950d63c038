import pino from 'pino';
import { openMemoryBus } from '../../src/bus/memory-bus.js';
import type { Bus } from '../../src/bus/bus.js';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { definitions } from '../../src/handlers/index.js';
import { representationOf } from '../../src/handlers/representation.js';
import type { HttpOptions } from '../../src/http/http-options.js';
import { type ClientLimits, createHttpServer, type HttpServer } from '../../src/http/server.js';
import type { JsonObject } from '../../src/json.js';
import type { Message, Reply } from '../../src/message.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import { commitId, type Store } from '../../src/store/store.js';

/** Longer than any reply of these tests takes. */
export const CLOSE_MS = 5_000;

export const BASE_PATH = '/tmf-api/partyRoleManagement/v4';
const basePathOf = ({ api, version }: ResourceDefinition): string => `/tmf-api/${api}/${version}`;
export const NOW = '2024-05-31T08:30:00.000Z';

/** A REST adapter that really listens, on the memory bus and the embedded store; the test is its worker. */
export interface Rest {
  /** Address of the collection. */
  readonly roles: string;
  readonly origin: string;
  readonly bus: Bus;
  readonly store: Store;
  readonly server: HttpServer;
  /** What came over the bus. */
  readonly commands: Message[];
  /** Log lines, parsed. */
  readonly lines: JsonObject[];
  /** What commands are answered with from now on; undefined leaves them without an answer. */
  answerWith(reply: ((command: Message) => Reply) | undefined): void;
  /** Puts resources into the store at these revisions. */
  seed(...resources: { resource: JsonObject & { id: string }; revision?: number; deleted?: boolean }[]): Promise<void>;
  close(): Promise<void>;
}

export async function startRest(overrides: (parts: { store: Store }) => Partial<HttpOptions> = () => ({}), clients?: ClientLimits): Promise<Rest> {
  const lines: JsonObject[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as JsonObject) });
  const bus = openMemoryBus({ log });
  const store = await openEmbeddedStore({ path: undefined, retentionMs: 60_000, log });
  const commands: Message[] = [];
  let script: ((command: Message) => Reply) | undefined;
  await bus.consume(10, (command) => {
    commands.push(command);
    command.acknowledge();
    if (script && command.replyTo) void bus.reply(command.replyTo, script(command));
  });
  let ids = 0;
  let commits = 0;
  const server = createHttpServer({
    bus,
    store,
    definitions: definitions({ roleTypeDefault: true, lifeCycles: new Map() }),
    representation: representationOf(basePathOf),
    basePathOf,
    source: 'urn:test:rest',
    replyTimeoutMs: 2_000,
    bodyLimitBytes: 10_000,
    maxRequests: 50,
    pageDefault: 10,
    pageMax: 50,
    countMax: 1_000,
    log,
    now: () => new Date(NOW),
    newId: () => `new-${(ids += 1)}`,
    ...overrides({ store }),
  }, clients);
  const origin = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  return {
    roles: `${origin}${BASE_PATH}/partyRole`,
    origin,
    bus,
    store,
    server,
    commands,
    lines,
    answerWith: (reply) => {
      script = reply;
    },
    seed: async (...resources) => {
      const writes = resources.map(({ resource, revision = 1, deleted = false }) => ({
        type: 'partyRole',
        id: resource.id,
        expected: 0,
        revision,
        resource,
        deleted,
        ...(deleted ? { expires: new Date(Date.now() + 60_000) } : {}),
      }));
      const outcome = await store.commit({ id: commitId('test', (commits += 1)), at: new Date(), writes, guards: [], parked: [], entries: [] });
      if (outcome !== 'committed') throw new Error('seeding met a conflict');
    },
    close: async () => {
      await server.close(CLOSE_MS);
      await bus.close();
      await store.close();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A real request; the body is JSON or empty. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

/** The TM Forum error body that an answer must have. */
export function tmfError(status: number, message?: string | RegExp): object {
  return {
    '@type': 'Error',
    code: String(status),
    status: String(status),
    reason: expect.any(String) as string,
    message: message === undefined ? (expect.any(String) as string) : (expect.stringMatching(message) as string),
    referenceError: expect.stringMatching(/^https:/) as string,
  };
}
