import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Operation } from './http-requests.js';

export interface Load {
  /** Address of the collection: `http://127.0.0.1:8080/partyRole`. */
  readonly url: string;
  readonly operation: Operation;
  /** How many requests are under way at any time, each on its own connection. */
  readonly concurrency: number;
  /** How many roles are stored: `role-0` and so on. */
  readonly roles: number;
  /** The first part is not measured. */
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

/** Times in milliseconds. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Sends requests from a thread of its own, the same for all who are measured. */
export class LoadGenerator {
  private readonly thread = new Worker(join(__dirname, 'http-load-thread.js'));

  /** One at a time. @throws Error when an answer is not a success. */
  async run(load: Load): Promise<LoadResult> {
    this.thread.postMessage(load);
    const [result] = (await once(this.thread, 'message')) as [LoadResult];
    return result;
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }
}
