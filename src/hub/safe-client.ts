import type { LookupFunction } from 'node:net';
import type { Logger } from 'pino';
import { Agent, type Dispatcher } from 'undici';
import { textOf } from '../errors.js';
import { noAnswerWithin, problemOf } from './http-problem.js';
import { resolverFor, type Resolve } from './name-resolver.js';
import { safeLookup } from './safe-lookup.js';
import { readTarget, RefusedTarget, type TargetRules } from './safe-target.js';

export interface SafeClientOptions {
  readonly rules: TargetRules;
  /** Default: `resolverFor` the rules, with the machine's name servers. */
  readonly resolve?: Resolve;
  /** From the call to the end of the answer, waiting for a free connection included. */
  readonly timeoutMs: number;
  /** To one origin, which several listeners may share. Default: as many as there are requests under way. */
  readonly connections?: number;
  readonly log: Logger;
}

export interface Answer {
  readonly status: number;
  /** The header Retry-After. */
  readonly retryAfter?: string;
  /** What came of it within the limits of time and size. */
  readonly body: string;
}

/** Why there is no answer, for people. */
export interface Unanswered {
  readonly problem: string;
}

/** More of an answer's body is not read, and its connection is closed. */
const MAX_BODY_BYTES = 64 * 1024;
/** There are firewalls that refuse whoever has none. */
const USER_AGENT = { 'user-agent': 'party-role-worker' };

/** Sends requests to URLs that others chose: to allowed targets only, with limits, and without following redirects. */
export class SafeClient {
  private readonly agent: Agent;

  constructor(private readonly options: SafeClientOptions) {
    const { rules, resolve = resolverFor(options.rules.allowed), timeoutMs, connections = null } = options;
    const lookup: LookupFunction = safeLookup(rules.allowed, resolve);
    this.agent = new Agent({ connect: { lookup, timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connections });
  }

  /** Never rejects. @param target an URL that is checked here, each time. */
  post(target: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer | Unanswered> {
    const url = readTarget(target, this.options.rules);
    if (!(url instanceof URL)) return Promise.resolve({ problem: url.problem });
    const { timeoutMs, log } = this.options;
    return new Promise((resolve) => {
      this.agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method: 'POST', headers: { ...USER_AGENT, ...headers }, body }, new Attempt(timeoutMs, log, resolve));
    });
  }

  /** Cuts off what is under way. */
  close(): Promise<void> {
    return this.agent.destroy();
  }
}

/** One request. Whatever comes after its end is ignored. */
class Attempt implements Dispatcher.DispatchHandler {
  private readonly timer: NodeJS.Timeout;
  private controller: Dispatcher.DispatchController | undefined;
  private head: Omit<Answer, 'body'> | undefined;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private over = false;

  constructor(
    private readonly timeoutMs: number,
    private readonly log: Logger,
    private readonly settle: (result: Answer | Unanswered) => void,
  ) {
    this.timer = setTimeout(() => this.cutOff(noAnswerWithin(timeoutMs)), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It waited too long for a connection.
    if (this.over) controller.abort(new Error('over'));
    else this.controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    // Interim ones come before the answer (RFC 9110, section 15.2).
    if (status < 200) return;
    const retryAfter = [headers['retry-after']].flat()[0];
    this.head = { status, ...(retryAfter === undefined ? {} : { retryAfter }) };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > MAX_BODY_BYTES) this.cutOff('');
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.end('');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.over) return;
    const problem = problemOf(error, this.timeoutMs);
    if (error instanceof RefusedTarget) this.log.warn({ address: error.address }, error.message);
    if (problem === undefined) this.log.warn({ reason: textOf(error) }, 'a request to a listener failed for a reason that is not known');
    this.end(problem ?? 'the request failed');
  }

  private cutOff(problem: string): void {
    this.end(problem);
    this.controller?.abort(new Error('over'));
  }

  /** What was answered counts, even when the end of its body is missing. @param problem why nothing was */
  private end(problem: string): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.settle(this.head === undefined ? { problem } : { ...this.head, body: Buffer.concat(this.chunks).toString() });
  }
}
