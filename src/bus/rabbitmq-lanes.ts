import { LET_GO_MS, allLanes, type SharedLanes } from './bus.js';
import type { RabbitConnection } from './rabbitmq-connection.js';
import type { RabbitLane } from './rabbitmq-lane.js';

interface Consumption {
  readonly connection: RabbitConnection;
  readonly open: (lane: number) => RabbitLane;
}

/**
 * The lanes that this process reads. One that is taken while another process has it waits at the broker in line; the broker
 * passes it on when that process closes its channel, or is known to be gone.
 */
export class RabbitLanes implements SharedLanes {
  private preferred: ReadonlySet<number>;
  private consumption: Consumption | undefined;
  private readonly taken = new Map<number, RabbitLane>();
  /** Their channels are open until what was handed over is acknowledged. */
  private readonly leaving = new Set<RabbitLane>();

  constructor(readonly count: number) {
    this.preferred = allLanes(count);
  }

  prefer(lanes: ReadonlySet<number>): void {
    this.preferred = lanes;
    if (!this.consumption) return;
    const { connection, open } = this.consumption;
    for (const [number, lane] of this.taken) if (!lanes.has(number)) void this.letGo(number, lane, connection);
    for (const number of lanes) {
      if (this.taken.has(number)) continue;
      const lane = open(number);
      this.taken.set(number, lane);
      connection.add(lane);
    }
  }

  /** `connection` is new: it has no channels yet. */
  start(consumption: Consumption): void {
    this.consumption = consumption;
    this.prefer(this.preferred);
  }

  /** No lane hands anything over any more, none is taken or let go. */
  pause(): void {
    this.consumption = undefined;
    for (const lane of this.taken.values()) lane.pause();
  }

  flush(): void {
    for (const lane of [...this.taken.values(), ...this.leaving]) lane.flush();
  }

  private async letGo(number: number, lane: RabbitLane, connection: RabbitConnection): Promise<void> {
    this.taken.delete(number);
    this.leaving.add(lane);
    await lane.settle(LET_GO_MS);
    await connection.remove(lane);
    this.leaving.delete(lane);
  }
}
