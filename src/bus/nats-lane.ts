import { setTimeout as sleep } from 'node:timers/promises';
import { textOf } from '../errors.js';
import { LET_GO_MS } from './bus.js';
import type { NatsSession } from './nats-connection.js';
import { LaneConsumer, type LaneSpec } from './nats-consumer.js';
import { NatsLease, type Leases } from './nats-lease.js';

/** How often a lane that someone else holds is tried again; each pause lies between half of it and the whole. */
const RETRY_MS = 1_000;

/** One lane as this process sees it: when it is preferred, taken under a lease as soon as it is free, and read while the lease and the connection last. */
export class NatsLane {
  private readonly stopping = new AbortController();
  private preferred = true;
  private wake: () => void = () => undefined;
  private running: Promise<void> = Promise.resolve();
  private consumer: LaneConsumer | undefined;
  /** Left over when the connection was lost. It runs out unless this process is back in time: whoever is back first takes the lane. */
  private kept: NatsLease | undefined;

  constructor(
    private readonly spec: LaneSpec,
    private readonly leases: Leases,
    private readonly leaseName: string,
  ) {}

  /** Whether to take the lane, or to let it go. */
  prefer(preferred: boolean): void {
    if (preferred === this.preferred || this.stopping.signal.aborted) return;
    this.preferred = preferred;
    if (preferred) this.wake();
    else void this.letGo();
  }

  /** The connection is up. */
  start(session: NatsSession): void {
    const lost = new AbortController();
    void session.connection.closed().then(() => {
      lost.abort();
      this.wake();
      this.consumer?.end('the connection is lost');
    });
    const signal = AbortSignal.any([this.stopping.signal, lost.signal]);
    this.running = this.running.then(() => this.takeAgainAndAgain(session, signal));
  }

  /** Hands nothing more over. The lane is given back as soon as all that was handed over is acknowledged. */
  pause(): void {
    this.stopping.abort();
    this.wake();
    const { consumer } = this;
    void consumer?.pause().then(() => consumer.end('paused'));
  }

  /** Gives the lane back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    this.consumer?.end('closed');
    await this.running;
    await this.kept?.release();
  }

  private async letGo(): Promise<void> {
    const { consumer } = this;
    if (!consumer) return;
    await Promise.race([consumer.pause(), sleep(LET_GO_MS, undefined, { ref: false })]);
    consumer.end('it is for another worker');
  }

  private async takeAgainAndAgain(session: NatsSession, signal: AbortSignal): Promise<void> {
    const { lane, log } = this.spec;
    while (!signal.aborted) {
      try {
        if (this.preferred) await this.hold(session, signal);
      } catch (error) {
        log.warn({ lane, why: textOf(error) }, 'a lane could not be taken');
      }
      if (!signal.aborted) await this.rest(RETRY_MS / 2 + (Math.random() * RETRY_MS) / 2);
    }
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Resolves when another process has the lane, or after this one had it. */
  private async hold(session: NatsSession, signal: AbortSignal): Promise<void> {
    const { lane, log } = this.spec;
    const lease = await NatsLease.take(this.leases, this.leaseName, () => this.consumer?.end('the lease is lost'), log);
    if (!lease) return;
    this.kept = undefined;
    try {
      const consumer = await LaneConsumer.open(session, this.spec, () => lease.valid());
      this.consumer = consumer;
      log.info({ lane }, 'lane taken');
      if (signal.aborted || !this.preferred || !lease.valid()) consumer.end('it was no longer wanted');
      log.info({ lane, why: await consumer.ended }, 'lane left');
      await consumer.settle(session.connection);
    } finally {
      this.consumer = undefined;
      await this.giveBack(session, lease);
    }
  }

  private async giveBack(session: NatsSession, lease: NatsLease): Promise<void> {
    if (session.connection.isClosed()) {
      lease.abandon();
      this.kept = lease;
      return;
    }
    await lease.release();
  }
}
