import { randomUUID } from 'node:crypto';
import { openMemoryBus } from '../../src/bus/memory-bus.js';
import { partyRole } from '../../src/handlers/party-role.js';
import { References } from '../../src/handlers/references.js';
import { representationOf } from '../../src/handlers/representation.js';
import { createHttpServer } from '../../src/http/server.js';
import { isObject, type Json } from '../../src/json.js';
import { Relay } from '../../src/relay.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import { Worker } from '../../src/worker.js';
import { ProcessGuard, StallGuard } from './guarded-process.js';
import { exchange, type RawAnswer } from './http-client.js';
import { BASE_PATH, httpSampleOf, type HttpSample } from './http-sample.js';
import { count, Tally } from './tally.js';

const AT_A_TIME = 16;
const CLOSE_MS = 5_000;
const PAGE = 100;

export interface HttpReport {
  readonly seed: number;
  readonly requests: number;
  readonly seconds: number;
  /** Answers by status; `none`: closed without one, which only bytes that are no request may be. */
  readonly answers: Record<string, number>;
  readonly roles: number;
  readonly findings: readonly string[];
}

/** Sends requests of the seed to a REST adapter with a worker behind it, over real sockets, and looks at every answer. */
export async function runHttp(seed: number, requests: number): Promise<HttpReport> {
  const guard = new ProcessGuard();
  const stall = new StallGuard(`HTTP, seed ${seed}`);
  const tally = new Tally();
  const { log } = tally;
  const bus = openMemoryBus({ log });
  const store = await openEmbeddedStore({ path: undefined, retentionMs: 3_600_000, log });
  const definition = partyRole;
  const representation = representationOf(() => BASE_PATH);
  const relay = new Relay({ bus, store, incarnation: 'fuzz', maxUnconfirmed: 2_000, sweepAfterMs: 3_600_000, sweepEveryMs: 3_600_000, log });
  const findings: string[] = [];
  const worker = new Worker({
    ...{ bus, store, relay, definitions: [definition], representation, incarnation: 'fuzz', log },
    notifications: { source: '/partyRoleManagement', domain: 'partyRoleManagement' },
    references: new References([definition], { missing: new Map(), deleted: new Map() }, () => false),
    envelope: { maxBytes: 524_288, maxDepth: 64, resources: new Map([['partyRole', 'v4']]) },
    batch: { maxMessages: 500, maxBytes: 4 * 1024 * 1024 },
    maxWriteBytes: 8 * 1024 * 1024,
    prefetch: 1_000,
    tombstoneMs: 3_600_000,
    onFatal: (error) => findings.push(`the worker ended: ${String(error)}`),
  });
  worker.start();
  const server = createHttpServer({
    ...{ bus, store, definitions: [definition], representation, basePathOf: () => BASE_PATH, log },
    ...{ source: '/fuzz/rest', replyTimeoutMs: 10_000, bodyLimitBytes: 524_288, maxRequests: 500, pageDefault: 20, pageMax: PAGE, countMax: 10_000 },
    now: () => new Date(),
    newId: randomUUID,
  });
  const port = await server.listen(0, '127.0.0.1');

  const started = Date.now();
  const answers = new Map<string, number>();
  let next = 0;
  const sendSome = async (): Promise<void> => {
    for (let index = next++; index < requests && findings.length < 20; index = next++) {
      const sample = httpSampleOf(seed, index);
      stall.progress(index);
      const about = `request ${index} of seed ${seed}: ${JSON.stringify(sample.bytes.toString('latin1').slice(0, 300))}`;
      try {
        const answer = await exchange(port, sample.bytes, !sample.complete);
        count(answers, String(answer?.status ?? 'none'));
        findings.push(...faultsOf(sample, answer).map((fault) => `${fault} (${about})`));
      } catch (error) {
        findings.push(`${String(error)} (${about})`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, sendSome));
  const seconds = (Date.now() - started) / 1000;
  const roles = await readEverything(port, findings);
  await server.close(CLOSE_MS);
  await worker.close(CLOSE_MS);
  await relay.close(CLOSE_MS);
  await bus.close();
  await store.close();
  await stall.close();
  return { seed, requests, seconds, answers: Object.fromEntries(answers), roles, findings: [...findings, ...tally.complaints, ...guard.close()] };
}

function faultsOf({ method, complete }: HttpSample, answer: RawAnswer | undefined): string[] {
  if (!answer) return complete ? ['no answer'] : [];
  const { status, headers, body } = answer;
  if (status >= 500) return [`${status} ${body.slice(0, 300)}`];
  // Whoever refuses bytes does not know which method they mean.
  if ((method === 'HEAD' && complete) || status === 204 || status === 304) return body === '' ? [] : [`${status} with a body`];
  if (method === 'HEAD' && body === '') return [];
  if (headers.get('content-type') !== 'application/json; charset=utf-8') return [`${status} as ${headers.get('content-type') ?? 'nothing'}`];
  const json = jsonIn(body);
  if (json === undefined) return [`${status} with a body that is no JSON`];
  return status < 400 || isTmfError(json, status) ? [] : [`${status} without a TM Forum error: ${body.slice(0, 300)}`];
}

function jsonIn(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

function isTmfError(json: Json, status: number): boolean {
  return isObject(json) && json['@type'] === 'Error' && json['code'] === String(status) && json['status'] === String(status) && typeof json['reason'] === 'string' && typeof json['message'] === 'string';
}

/** The server still answers: its health, a new role, and every role there is, page by page. */
async function readEverything(port: number, findings: string[]): Promise<number> {
  const origin = `http://127.0.0.1:${port}`;
  const collection = `${origin}${BASE_PATH}/partyRole`;
  const ready = await fetch(`${origin}/health/ready`);
  if (!ready.ok) findings.push(`not ready any more: ${await ready.text()}`);
  const made = await fetch(collection, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"Last"}' });
  if (made.status !== 201) findings.push(`a valid creation is answered ${made.status}`);
  let seen = 0;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Response = await fetch(`${collection}?limit=${PAGE}&cursor=${cursor}`);
    const roles = (await page.json()) as { id: string; href: string }[];
    for (const { id, href } of roles) {
      const role = await fetch(origin + href);
      const again = (await role.json()) as { id?: string };
      if (role.status !== 200 || again.id !== id) findings.push(`${href} is answered ${role.status}`);
    }
    seen += roles.length;
    cursor = page.headers.get('x-next-cursor');
  }
  return seen;
}
