import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '../../src/bus/bus.js';
import type { Store } from '../../src/store/store.js';
import { faulty } from '../support/faults.js';

/** Where a worker can be made to die, in the order in which a batch passes them. */
export const points = ['before-commit', 'in-commit', 'after-commit', 'before-publish', 'before-mark'] as const;

export type Point = (typeof points)[number];

/** Die when this point is reached for the `count`-th time from now on. */
export interface KillOrder {
  readonly point: Point;
  readonly count: number;
}

/** Some writes of the transaction are then on their way, and its commit is not. */
const IN_COMMIT_MS = 2;
/** Time for the acknowledgements, which go out together with the first events. */
const ACKNOWLEDGED_MS = 50;

/** Kills its own process as nobody else can: exactly between two steps. */
export class KillPoints {
  private order: { point: Point; left: number } | undefined;

  /** `live` takes back the order. */
  obey(order: KillOrder | 'live'): void {
    this.order = order === 'live' ? undefined : { point: order.point, left: order.count };
  }

  /** The store's half: around the commit, and before marking. */
  ofStore(store: Store): Store {
    return faulty(store, {
      commit: async (real, commit) => {
        if (this.isReached('before-commit')) return die();
        if (this.isReached('in-commit')) {
          real(commit).catch(() => undefined);
          await pause(IN_COMMIT_MS);
          return die();
        }
        const result = await real(commit);
        if (result === 'committed' && this.isReached('after-commit')) return die();
        return result;
      },
      markPublished: (real, ids) => (this.isReached('before-mark') ? die() : real(ids)),
    });
  }

  /** The bus's half: acknowledged, and not published. */
  ofBus(bus: Bus): Bus {
    return faulty(bus, {
      publish: async (real, event) => {
        if (!this.isReached('before-publish')) return real(event);
        await pause(ACKNOWLEDGED_MS);
        return die();
      },
    });
  }

  private isReached(point: Point): boolean {
    if (this.order?.point !== point) return false;
    this.order.left -= 1;
    return this.order.left === 0;
  }
}

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}
