import { Refusal } from '../errors.js';
import type { Json } from '../json.js';

/** The states of a resource, each with those that may follow it. */
export type LifeCycle = Readonly<Record<string, readonly string[]>>;

interface WithLifeCycle {
  readonly typeName: string;
  readonly statusAttribute: string | undefined;
  readonly lifeCycle: LifeCycle | undefined;
}

/**
 * Whether the state may go from `before` to `after`; a resource without a state may get any. A state that the life cycle does not
 * know, since it was stored before that was configured, may be followed by any that it knows.
 * @throws Refusal 400 for an unknown state, 409 with the allowed ones for a transition that is not allowed.
 */
export function checkLifeCycle({ typeName, statusAttribute, lifeCycle }: WithLifeCycle, before: Json | undefined, after: Json | undefined): void {
  if (statusAttribute === undefined || lifeCycle === undefined || before === after) return;
  const states = Object.keys(lifeCycle);
  const at = `/${statusAttribute}`;
  const [from, to] = [before, after].map((state) => (state === undefined ? undefined : textOf(state)));
  if (to !== undefined && !states.includes(to)) throw new Refusal(400, `Not a valid ${typeName}`, [{ at, problem: `must be one of ${states.join(', ')}` }]);
  if (from === undefined) return;
  const allowed = Object.hasOwn(lifeCycle, from) ? (lifeCycle[from] ?? []) : states;
  if (to !== undefined && allowed.includes(to)) return;
  const problem = `${from} cannot ${to === undefined ? 'be removed' : `become ${to}`}; allowed: ${allowed.join(', ') || 'none'}`;
  throw new Refusal(409, `${typeName} cannot change its ${statusAttribute} so`, [{ at, problem }]);
}

function textOf(state: Json): string {
  return typeof state === 'string' ? state : JSON.stringify(state);
}
