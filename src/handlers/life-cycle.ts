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
  if (after !== undefined && !states.includes(String(after))) {
    throw new Refusal(400, `Not a valid ${typeName}`, [{ at, problem: `must be one of ${states.join(', ')}` }]);
  }
  if (before === undefined) return;
  const allowed = Object.hasOwn(lifeCycle, String(before)) ? (lifeCycle[String(before)] ?? []) : states;
  if (after !== undefined && allowed.includes(String(after))) return;
  const problem = `${String(before)} cannot ${after === undefined ? 'be removed' : `become ${String(after)}`}; allowed: ${allowed.join(', ') || 'none'}`;
  throw new Refusal(409, `${typeName} cannot change its ${statusAttribute} so`, [{ at, problem }]);
}
