import { isDeepStrictEqual } from 'node:util';
import { Refusal } from '../errors.js';
import type { SigningSecret, Subscription, SubscriptionSecrets } from '../store/hub-store.js';
import type { Store } from '../store/store.js';
import { logBounds, outside } from './log-bounds.js';
import type { Registration } from './registration.js';
import type { TargetRules } from './safe-target.js';

/** What registrations must keep to. */
export interface RegistrationRules {
  readonly targets: TargetRules;
  /** How many subscriptions there may be, of all APIs; those that register at the same moment may exceed it by their number. */
  readonly max: number;
  /** How long a signing secret still signs after it was replaced. */
  readonly rotationMs: number;
}

/** Whoever rotates often still has no more signatures than these. */
const MAX_SECRETS = 4;

/**
 * Registers a listener for what comes from now on. The same registration again is the same subscription: secrets that are given
 * replace its own, and when the hub has suspended it, it goes on from where it stopped. What an operator suspended stays so.
 * @throws Refusal 409 when there are as many as there may be, or when the log does not have any more what comes next.
 */
export async function register(store: Pick<Store, 'hub' | 'lastPosition' | 'readLog'>, wanted: Registration, rules: RegistrationRules, now: Date): Promise<Subscription> {
  const { hub } = store;
  const present = await hub.subscription(wanted.id);
  if (present) return (await renew(store, present, wanted, rules, now)) ?? register(store, wanted, rules, now);
  if ((await hub.countSubscriptions()) >= rules.max) throw new Refusal(409, `There are ${rules.max} subscriptions, and there may be no more (the operator's setting HUB_MAX)`);
  const { subscription, isNew } = await hub.register({ ...wanted, cursor: await store.lastPosition() });
  return isNew ? subscription : register(store, wanted, rules, now);
}

/** Undefined when it was deleted or had its secrets replaced meanwhile. */
async function renew(store: Pick<Store, 'hub' | 'lastPosition' | 'readLog'>, present: Subscription, { secrets }: Registration, { rotationMs }: RegistrationRules, now: Date): Promise<Subscription | undefined> {
  const { hub } = store;
  const { id, cursor, suspended } = present;
  const goesOn = suspended !== undefined && suspended.by !== 'operator';
  const problem = goesOn ? outside(cursor, await logBounds(store)) : undefined;
  // Nothing is left out that the listener does not know of.
  if (problem !== undefined) throw new Refusal(409, 'It was suspended and cannot go on where it stopped', [{ at: id, problem: `${problem}; DELETE this subscription and register anew, or have the operator resume it elsewhere` }]);
  const wanted = renewedSecrets(present.secrets, secrets, rotationMs, now);
  if (!isDeepStrictEqual(wanted, present.secrets) && !(await hub.setSecrets(id, wanted, present.secrets))) return undefined;
  if (goesOn) await hub.resume(id);
  return hub.subscription(id);
}

function renewedSecrets(old: SubscriptionSecrets, given: SubscriptionSecrets, rotationMs: number, now: Date): SubscriptionSecrets {
  const oauth = given.oauth ?? old.oauth;
  return { signing: rotated(old.signing, given.signing[0], rotationMs, now), ...(oauth ? { oauth } : {}) };
}

function rotated(old: readonly SigningSecret[], given: SigningSecret | undefined, rotationMs: number, now: Date): readonly SigningSecret[] {
  if (!given || given.secret === old[0]?.secret) return old;
  const end = new Date(now.getTime() + rotationMs);
  const replaced = old.map(({ secret, until = end }) => ({ secret, until })).filter(({ secret, until }) => secret !== given.secret && until > now);
  return [given, ...replaced].slice(0, MAX_SECRETS);
}
