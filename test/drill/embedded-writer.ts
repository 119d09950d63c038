import { setTimeout as pause } from 'node:timers/promises';
import type { CollectedEvent } from './events.js';
import type { Findings, Tally } from './findings.js';

const COLLECTION = '/tmf-api/partyRoleManagement/v4/partyRole';
const ANSWER_MS = 10_000;
const RETRY_MS = 100;
const LIFE = 40;
const REPEATED = 0.05;
const GIVEN_UP = 0.1;

/** What became of one append, as far as the writer knows. */
type Known = 'answered' | 'given up';

/** One role, and what was appended to it, in order. */
interface Written {
  readonly role: string;
  readonly appended: Map<string, Known>;
  /** As read at the end. */
  revision: number;
}

/** A REST client that writes one role after the other, repeats what was not answered under the same key, and sometimes gives up. */
export class EmbeddedWriter {
  private readonly written: Written[] = [];
  private readonly wrong: string[] = [];
  private running: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly name: string,
    private readonly random: () => number,
    /** `http://127.0.0.1:PORT`; changes with each start. */
    private readonly address: () => string,
  ) {}

  start(): void {
    this.running = this.write();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  /** Holds the state against the answers. Call it first. */
  async check(findings: Findings, tally: Tally): Promise<void> {
    for (const line of this.wrong) findings.add('wrong answer', line);
    for (const written of this.written) await this.checkRole(written, findings, tally);
  }

  /** Undefined when every change of its roles was announced in order, else what is wrong. */
  eventProblem(events: readonly CollectedEvent[]): string | undefined {
    for (const { role, revision } of this.written) {
      const ids = new Map<number, string>();
      for (const { subject, sequence, id } of events) {
        if (subject !== role) continue;
        if (ids.has(sequence) && ids.get(sequence) !== id) return `two ids: sequence ${sequence} of role ${role}`;
        if (!ids.has(sequence) && sequence !== ids.size + 1) return `out of order: sequence ${sequence} of role ${role} after ${ids.size}`;
        ids.set(sequence, id);
      }
      if (ids.size !== revision) return `never announced: ${ids.size} of ${revision} events of role ${role}`;
    }
    return undefined;
  }

  private async write(): Promise<void> {
    for (let generation = 0; !this.stopping; generation += 1) {
      const role = `${this.name}-${generation}`;
      await this.ask(`create-${role}`, 'POST', '', 'application/json', { id: role, name: role, characteristic: [] }, 201, 0);
      const written: Written = { role, appended: new Map(), revision: 0 };
      this.written.push(written);
      for (let number = 0; number < LIFE && !this.stopping; number += 1) {
        const key = `${role}-${number}`;
        const append = [{ op: 'add', path: '/characteristic/-', value: { name: key, value: number } }];
        const send = (givenUp: number): Promise<Known> => this.ask(key, 'PATCH', `/${role}`, 'application/json-patch+json', append, 200, givenUp);
        written.appended.set(key, await send(GIVEN_UP));
        if (written.appended.get(key) === 'answered' && this.random() < REPEATED) await send(0);
      }
    }
  }

  /** Repeats the request under its key until it is answered; `givenUp`: how likely each failure is the last one. */
  private async ask(key: string, method: string, path: string, contentType: string, body: object, expected: number, givenUp: number): Promise<Known> {
    for (;;) {
      const status = await this.request(key, method, path, contentType, body);
      if (status !== undefined) {
        if (status !== expected) this.wrong.push(`${method} with key ${key}: ${status}, expected ${expected}`);
        return 'answered';
      }
      if (this.random() < givenUp) return 'given up';
      await pause(RETRY_MS);
    }
  }

  /** Undefined when nobody knows what became of it. */
  private async request(key: string, method: string, path: string, contentType: string, body: object): Promise<number | undefined> {
    try {
      const headers = { 'content-type': contentType, 'idempotency-key': key };
      const response = await fetch(`${this.address()}${COLLECTION}${path}`, { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS) });
      await response.arrayBuffer();
      return response.status === 503 || response.status === 504 ? undefined : response.status;
    } catch {
      return undefined;
    }
  }

  private async checkRole(written: Written, findings: Findings, tally: Tally): Promise<void> {
    const { role, appended } = written;
    const response = await fetch(`${this.address()}${COLLECTION}/${role}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (response.status !== 200) return findings.add('lost', `role ${role} was created and is answered with ${response.status}`);
    const { characteristic } = (await response.json()) as { characteristic: readonly { name: string }[] };
    written.revision = Number(response.headers.get('etag')?.replaceAll('"', ''));
    const found = characteristic.map(({ name }) => name);
    const expected = [...appended].filter(([key, known]) => known === 'answered' || found.includes(key)).map(([key]) => key);
    tally.add('roles');
    for (const known of appended.values()) tally.add(known);
    tally.add('given up and applied', [...appended].filter(([key, known]) => known === 'given up' && found.includes(key)).length);
    if (JSON.stringify(found) !== JSON.stringify(expected)) findings.add('wrong state', `role ${role} has ${found.join(' ')}, expected ${expected.join(' ')}`);
    if (written.revision !== found.length + 1) findings.add('wrong state', `role ${role} has revision ${written.revision} after ${found.length + 1} changes`);
  }
}
