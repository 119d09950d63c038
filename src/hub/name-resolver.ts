import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { AllowedTargets } from './allowed-targets.js';
import { plainName } from './safe-target.js';

/** The addresses of a host name. Rejects with an error whose `code` is `ENOTFOUND` when it has none, `EAI_AGAIN` when that cannot be said. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** For one name server to answer. */
const SERVER_TIMEOUT_MS = 2_000;
/** For the other family, once there are addresses of one (RFC 8305, section 3: resolution delay). */
const OTHER_FAMILY_MS = 50;
const NO_ADDRESS: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/**
 * Names of HUB_ALLOW are looked up as the machine does it, with `/etc/hosts` and search domains. That takes one of the few threads of
 * libuv for as long as the name server is silent, so everybody else's names are asked of DNS alone, where none waits for another.
 * Whoever asks for a name while it is looked up has the same answer; nothing is remembered beyond that.
 * @param servers default: those of `/etc/resolv.conf`
 */
export function resolverFor(allowed: AllowedTargets, servers?: readonly string[]): Resolve {
  const underWay = new Map<string, Promise<readonly LookupAddress[]>>();
  return (host) => {
    const name = plainName(host);
    let answer = underWay.get(name);
    if (answer === undefined) {
      answer = (allowed.hasName(name) ? lookup(host, { all: true }) : resolveByDns(host, servers)).finally(() => underWay.delete(name));
      underWay.set(name, answer);
    }
    return answer;
  };
}

/** Each time with a resolver of its own: it has a port of its own, which makes answers hard to forge, and can be cancelled alone. */
async function resolveByDns(host: string, servers: readonly string[] | undefined): Promise<LookupAddress[]> {
  const resolver = new Resolver({ timeout: SERVER_TIMEOUT_MS, tries: 1 });
  if (servers) resolver.setServers(servers);
  const families = [resolver.resolve4(host).then(ofFamily(4)), resolver.resolve6(host).then(ofFamily(6))];
  const all = Promise.allSettled(families);
  await Promise.race([all, Promise.any(families).then(() => pause(OTHER_FAMILY_MS), () => all)]);
  resolver.cancel();
  const answers = await all;
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const isKnown = answers.every((answer) => answer.status === 'fulfilled' || NO_ADDRESS.has((answer.reason as { code?: unknown }).code));
  throw Object.assign(new Error('no address'), { code: isKnown ? 'ENOTFOUND' : 'EAI_AGAIN' });
}

function ofFamily(family: 4 | 6): (addresses: readonly string[]) => LookupAddress[] {
  return (addresses) => addresses.map((address) => ({ address, family }));
}
