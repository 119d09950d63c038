import { openMemoryBus } from '../../src/bus/memory-bus.js';
import { MemoryBroker } from '../../src/bus/memory-broker.js';
import { partyRole } from '../../src/handlers/party-role.js';
import { References } from '../../src/handlers/references.js';
import { representationOf } from '../../src/handlers/representation.js';
import type { Message } from '../../src/message.js';
import { Relay } from '../../src/relay.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import { Worker } from '../../src/worker.js';
import { fromNats, fromRabbit, INBOX } from './deliveries.js';
import { ProcessGuard, STALL_MS, StallGuard } from './guarded-process.js';
import { sampleOf, sentinelsBefore, type Sample } from './sample.js';
import { checkState, EventReader } from './state-check.js';
import { sum, Tally } from './tally.js';

/** Messages that may be sent and not be done. */
const OUTSTANDING = 1_000;
const BODY_LIMIT = 524_288;

export interface RunReport {
  readonly seed: number;
  readonly messages: number;
  readonly seconds: number;
  /** Commands that were applied or refused with an answer, by status. */
  readonly answered: Record<string, number>;
  /** Messages set aside, by reason. */
  readonly parked: Record<string, number>;
  /** Answered from the first time. */
  readonly repeated: number;
  /** Refused because their command id was used before for something else. */
  readonly reused: number;
  readonly events: number;
  readonly resources: number;
  /** The longest time without any message done. */
  readonly longestPauseMs: number;
  /** What is wrong, empty when nothing is. */
  readonly findings: readonly string[];
}

/** Sends the messages `from` to `from + count - 1` of the seed through a worker on fresh data, and looks at everything that came of it. */
export async function runMessages(seed: number, from: number, count: number): Promise<RunReport> {
  const guard = new ProcessGuard();
  const stall = new StallGuard(`seed ${seed}`);
  const run = new Run(seed, from, count, stall);
  const report = await run.report();
  await stall.close();
  return { ...report, findings: [...report.findings, ...guard.close()] };
}

class Run {
  private readonly tally = new Tally();
  private readonly broker = new MemoryBroker();
  private readonly events = new EventReader();
  private readonly findings: string[] = [];
  private readonly samples = new Map<string, Sample>();
  private longestPauseMs = 0;
  private lastDone = Date.now();
  private lastCount = 0;

  constructor(
    private readonly seed: number,
    private readonly from: number,
    private readonly count: number,
    private readonly stall: StallGuard,
  ) {}

  async report(): Promise<RunReport> {
    const { tally, broker, events, findings, seed, count } = this;
    const store = await openEmbeddedStore({ path: undefined, retentionMs: 3_600_000, log: tally.log });
    const definition = partyRole;
    const representation = representationOf(() => '/tmf-api/partyRoleManagement/v4');
    const common = { bus: tally.bus(openMemoryBus({ broker, log: tally.log }), (message) => this.decoded(message)), store: tally.store(store), incarnation: 'fuzz', log: tally.log };
    broker.subscribe((event) => events.read(event));
    const relay = new Relay({ ...common, maxUnconfirmed: 2_000, sweepAfterMs: 3_600_000, sweepEveryMs: 3_600_000 });
    const worker = new Worker({
      ...common,
      relay,
      definitions: [definition],
      representation,
      notifications: { source: '/partyRoleManagement', domain: 'partyRoleManagement' },
      references: new References([definition], { missing: new Map(), deleted: new Map() }, () => false),
      envelope: { maxBytes: BODY_LIMIT, maxDepth: 64, resources: new Map([['partyRole', 'v4']]) },
      batch: { maxMessages: 500, maxBytes: 4 * 1024 * 1024 },
      maxWriteBytes: 8 * 1024 * 1024,
      prefetch: OUTSTANDING,
      tombstoneMs: 3_600_000,
      onFatal: (error) => findings.push(`the worker ended: ${error instanceof Error ? error.stack : String(error)}`),
    });
    worker.start();
    const started = Date.now();
    this.lastDone = started;
    await this.sendAll();
    const seconds = (Date.now() - started) / 1000;
    await worker.close(STALL_MS);
    await relay.close(STALL_MS);
    const state = await checkState(store, definition, representation, events, sentinelsBefore(this.from + count) - sentinelsBefore(this.from));
    const pending = await store.pending({ before: new Date(Date.now() + 1_000), limit: 10 });
    if (pending.length > 0) findings.push(`commits were never published, such as ${pending[0]?.id}`);
    await common.bus.close();
    await store.close();
    findings.push(...state.faults, ...events.faults, ...this.countingFaults());
    return {
      seed,
      messages: count,
      seconds,
      answered: Object.fromEntries(tally.answered),
      parked: Object.fromEntries(tally.parked),
      repeated: tally.logged.get('repeated command answered from its receipt') ?? 0,
      reused: tally.reused,
      events: events.events,
      resources: state.resources,
      longestPauseMs: this.longestPauseMs,
      findings,
    };
  }

  private async sendAll(): Promise<void> {
    const end = this.from + this.count;
    for (let index = this.from; index < end; index += 1) {
      const sample = sampleOf(this.seed, index);
      this.samples.set(String(index), sample);
      const { contentType, body } = sample;
      const attributes = Object.fromEntries(sample.attributes);
      const replyTo = sample.answered ? { address: INBOX.memory, correlationId: String(index) } : undefined;
      this.broker.enqueue({ resource: 'partyRole', key: String(index), attributes, ...(contentType === undefined ? {} : { contentType }), body }, replyTo);
      if (index % 100 === 0 && !(await this.until(() => index - this.from - this.tally.acknowledged < OUTSTANDING))) return;
    }
    await this.until(() => this.tally.acknowledged >= this.count);
  }

  /** False, and a finding, when nothing is done for too long. */
  private async until(condition: () => boolean): Promise<boolean> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      this.stall.progress(this.from + this.tally.acknowledged);
      const now = Date.now();
      const idleMs = now - this.lastDone;
      this.longestPauseMs = Math.max(this.longestPauseMs, idleMs);
      if (this.tally.acknowledged !== this.lastCount) [this.lastCount, this.lastDone] = [this.tally.acknowledged, now];
      if (idleMs > STALL_MS) this.findings.push(`no message done for ${idleMs} ms; seed ${this.seed}, not done are those from ${[...this.samples.keys()].slice(0, 3).join(', ')}`);
      if (this.findings.length > 0) return false;
      if (condition()) return true;
    }
  }

  /** The message as its carrier's client and adapter make it. */
  private decoded(message: Message): Message {
    const { key } = message.headers;
    const sample = typeof key === 'string' ? this.samples.get(key) : undefined;
    if (typeof key !== 'string' || !sample) throw new Error('a message was handed over twice');
    const acknowledge = (): void => {
      this.samples.delete(key);
      message.acknowledge();
    };
    switch (sample.carrier) {
      case 'memory':
        return { ...message, acknowledge };
      case 'rabbitmq':
        return fromRabbit(sample, this.seed, acknowledge);
      case 'nats':
        return fromNats(sample, this.seed, acknowledge);
    }
  }

  /** Every message is accounted for, and the counts at the ports are those of the log. */
  private countingFaults(): string[] {
    const { tally, count } = this;
    const logged = (text: string): number => tally.logged.get(text) ?? 0;
    const repeated = logged('repeated command answered from its receipt');
    const accounted = tally.answeredEntries + tally.parkedMessages + repeated + tally.reused;
    const checks: [string, number, number][] = [
      ['messages sent and acknowledged', count, tally.acknowledged],
      ['acknowledgements beyond the first', 0, tally.acknowledgedAgain],
      ['messages sent, and answered, parked, repeated or reused', count, accounted],
      ['parked messages in commits and in the log', tally.parkedMessages, logged('message parked')],
      ['answers in commits and in the log', tally.answeredEntries + tally.reused, logged('command answered')],
      ['parked messages and their announcements', tally.parkedMessages, this.events.announcements],
      ['handlers that threw', 0, tally.parked.get('failed') ?? 0],
      ['senders without an answer, or with two', 0, sum(new Map([...tally.waiting].map(([id, open]) => [id, Math.abs(open)])))],
    ];
    return [...checks.filter(([, one, other]) => one !== other).map(([what, one, other]) => `${what}: ${one} and ${other}`), ...tally.complaints];
  }
}
