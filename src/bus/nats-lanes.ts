import { allLanes, type SharedLanes } from './bus.js';
import type { NatsSession } from './nats-connection.js';
import type { NatsLane } from './nats-lane.js';

/** The lanes as this process sees them, whether it has them or not. */
export class NatsLanes implements SharedLanes {
  private preferred: ReadonlySet<number>;
  private lanes: readonly NatsLane[] = [];

  constructor(readonly count: number) {
    this.preferred = allLanes(count);
  }

  prefer(lanes: ReadonlySet<number>): void {
    this.preferred = lanes;
    this.lanes.forEach((lane, number) => lane.prefer(lanes.has(number)));
  }

  /** @throws Error the second time. */
  start(lanes: readonly NatsLane[]): void {
    if (this.lanes.length > 0) throw new Error('this bus is consumed already');
    this.lanes = lanes;
    this.prefer(this.preferred);
  }

  connected(session: NatsSession): void {
    for (const lane of this.lanes) lane.start(session);
  }

  pause(): void {
    for (const lane of this.lanes) lane.pause();
  }

  async stop(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stop()));
  }
}
