import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AllowedTargets } from './allowed-targets.js';
import type { Resolve } from './name-resolver.js';
import { isReachable } from './public-address.js';
import { plainName, RefusedTarget } from './safe-target.js';

/**
 * Resolves host names for connections, which then use exactly the addresses that were checked here: nobody is asked again who
 * could answer otherwise (DNS rebinding). Fails with RefusedTarget when one of the addresses may not be connected to.
 */
export function safeLookup(allowed: AllowedTargets, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    checked(host, allowed, resolve).then(
      ([first, ...others]) => (options.all === true ? callback(null, [first, ...others]) : callback(null, first.address, first.family)),
      (error: unknown) => callback(error as NodeJS.ErrnoException, []),
    );
  };
}

async function checked(host: string, allowed: AllowedTargets, resolve: Resolve): Promise<[LookupAddress, ...LookupAddress[]]> {
  const [first, ...others] = await resolve(host);
  if (first === undefined) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
  const addresses: [LookupAddress, ...LookupAddress[]] = [first, ...others];
  if (allowed.hasName(plainName(host))) return addresses;
  for (const { address } of addresses) if (!isReachable(address, allowed)) throw new RefusedTarget(plainName(host), address);
  return addresses;
}
