import { parentPort } from 'node:worker_threads';
import { Pool, type Dispatcher } from 'undici';
import type { Load, LoadResult } from './http-load.js';
import { httpRequest } from './http-requests.js';
import { percentile } from './percentile.js';

/** Counts over all loads, so that no request comes twice. */
let requests = 0;

async function carryOut({ url, operation, concurrency, roles, warmUpMs, measuredMs }: Load): Promise<LoadResult> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 });
  const from = performance.now() + warmUpMs;
  const until = from + measuredMs;
  const times: number[] = [];
  const client = async (): Promise<void> => {
    for (let now = performance.now(); now < until; ) {
      const { method, path, contentType, body } = httpRequest(operation, (requests += 1), roles);
      const headers = { accept: 'application/json', ...(contentType === undefined ? {} : { 'content-type': contentType }) };
      const status = await send(pool, { method, path: pathname + path, headers, body: body ?? null });
      if (status < 200 || status > 299) throw new Error(`${operation} ${url} was answered with ${status}`);
      const sent = now;
      now = performance.now();
      if (now >= from && now < until) times.push(now - sent);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  await pool.close();
  return { perSecond: (times.length / measuredMs) * 1000, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** The status, once the whole answer is there. */
function send(pool: Pool, request: Dispatcher.DispatchOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    pool.dispatch(request, {
      // Without it undici takes this for a handler of the older kind.
      onRequestStart: () => undefined,
      onResponseStart: (_controller, code) => {
        status = code;
      },
      onResponseData: () => undefined,
      onResponseEnd: () => resolve(status),
      onResponseError: (_controller, error) => reject(error),
    });
  });
}

parentPort?.on('message', (load: Load) => {
  void carryOut(load).then((result) => parentPort?.postMessage(result));
});
