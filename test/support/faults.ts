/** What may happen around one call: before it, instead of it, after it. */
export type Fault<Args extends unknown[], Result> = (real: (...args: Args) => Promise<Result>, ...args: Args) => Promise<Result>;

export type Faults<Port> = { readonly [Name in keyof Port]?: Port[Name] extends (...args: infer Args) => Promise<infer Result> ? Fault<Args, Result> : never };

/** A real port with some of its methods wrapped. */
export function faulty<Port extends object>(port: Port, faults: Faults<Port>): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const real = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      const fault = Reflect.get(faults, name) as Fault<unknown[], unknown> | undefined;
      return fault ? (...args: unknown[]) => fault(real, ...args) : real;
    },
  });
}
