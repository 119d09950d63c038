import type { Bus } from '../../src/bus/bus.js';
import type { Store } from '../../src/store/store.js';

/** What may happen around one call: before it, instead of it, after it. */
export type Fault<Args extends unknown[], Result> = (real: (...args: Args) => Promise<Result>, ...args: Args) => Promise<Result>;

/** A real port with some of its methods wrapped. */
function wrapped<Port extends object>(port: Port, faults: Partial<Port>): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const own = Object.hasOwn(faults, name) ? faults : target;
      const value: unknown = Reflect.get(own, name, own);
      return typeof value === 'function' ? (value.bind(own) as unknown) : value;
    },
  });
}

export function faultyStore(store: Store, faults: { commit?: Fault<Parameters<Store['commit']>, Awaited<ReturnType<Store['commit']>>>; markPublished?: Fault<Parameters<Store['markPublished']>, void> }): Store {
  const { commit, markPublished } = faults;
  return wrapped(store, {
    ...(commit ? { commit: (batch) => commit((real) => store.commit(real), batch) } : {}),
    ...(markPublished ? { markPublished: (ids) => markPublished((real) => store.markPublished(real), ids) } : {}),
  });
}

export function faultyBus(bus: Bus, publish: Fault<Parameters<Bus['publish']>, void>): Bus {
  return wrapped(bus, { publish: (event) => publish((real) => bus.publish(real), event) });
}
