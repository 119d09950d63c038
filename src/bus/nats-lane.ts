import { setTimeout as sleep } from 'node:timers/promises';
import { textOf } from '../errors.js';
import type { NatsSession } from './nats-connection.js';
import { LaneConsumer, type LaneSpec } from './nats-consumer.js';
import { NatsLease, type Leases } from './nats-lease.js';

/** How often a lane that someone else holds is tried again; each pause lies between half of it and the whole. */
const RETRY_MS = 3_000;

/** One lane as this process sees it: taken under a lease whenever it is free, and read while the lease and the connection last. */
export class NatsLane {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private consumer: LaneConsumer | undefined;
  /** Left over when the connection was lost. It runs out unless this process is back in time: whoever is back first takes the lane. */
  private kept: NatsLease | undefined;

  constructor(
    private readonly spec: LaneSpec,
    private readonly leases: Leases,
    private readonly leaseName: string,
  ) {}

  /** The connection is up. */
  start(session: NatsSession): void {
    const lost = new AbortController();
    void session.connection.closed().then(() => {
      lost.abort();
      this.consumer?.end('the connection is lost');
    });
    const signal = AbortSignal.any([this.stopping.signal, lost.signal]);
    this.running = this.running.then(() => this.takeAgainAndAgain(session, signal));
  }

  /** Hands nothing more over. The lane is given back as soon as all that was handed over is acknowledged. */
  pause(): void {
    this.stopping.abort();
    const { consumer } = this;
    void consumer?.pause().then(() => consumer.end('paused'));
  }

  /** Gives the lane back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.consumer?.end('closed');
    await this.running;
    await this.kept?.release();
  }

  private async takeAgainAndAgain(session: NatsSession, signal: AbortSignal): Promise<void> {
    const { lane, log } = this.spec;
    while (!signal.aborted) {
      try {
        await this.hold(session, signal);
      } catch (error) {
        log.warn({ lane, why: textOf(error) }, 'a lane could not be taken');
      }
      const pause = RETRY_MS / 2 + (Math.random() * RETRY_MS) / 2;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
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
      if (signal.aborted || !lease.valid()) consumer.end('it was no longer wanted');
      log.info({ lane, why: await consumer.ended }, 'lane left');
      await consumer.settle(session.connection);
    } finally {
      this.consumer = undefined;
      await this.letGo(session, lease);
    }
  }

  private async letGo(session: NatsSession, lease: NatsLease): Promise<void> {
    if (session.connection.isClosed()) {
      lease.abandon();
      this.kept = lease;
      return;
    }
    await lease.release();
  }
}
