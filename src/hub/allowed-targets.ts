import { BlockList, isIP } from 'node:net';

/** With underscores, which names of services in containers have. */
const HOST_NAME = /^\w([\w-]*\w)?(\.\w([\w-]*\w)?)*$/;

/** Whether it is a host name, an address, or a network in CIDR notation. */
export function isTarget(entry: string): boolean {
  const [address = '', length, more] = entry.split('/');
  // With a zone (fe80::1%eth0) nothing is connected to.
  if (address.includes('%')) return false;
  if (length === undefined) return isIP(address) !== 0 || isName(address);
  const bits = isIP(address) === 4 ? 32 : 128;
  return more === undefined && isIP(address) !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits;
}

/** What a URL parser makes an address of (10.1 is 10.0.0.1), or refuses, would never match as a name (URL Standard, host parser). */
function isName(text: string): boolean {
  const url = `http://${text}/`;
  return HOST_NAME.test(text) && URL.canParse(url) && new URL(url).hostname === text.toLowerCase();
}

/** What an operator allows beyond public addresses. */
export class AllowedTargets {
  private readonly names: ReadonlySet<string>;
  private readonly networks = new BlockList();

  /** @param entries each `isTarget` */
  constructor(entries: readonly string[]) {
    this.names = new Set(entries.filter((entry) => !isIP(entry.split('/')[0] ?? '')).map((name) => name.toLowerCase()));
    for (const entry of entries) {
      const [address = '', length] = entry.split('/');
      const version = isIP(address);
      if (version === 0) continue;
      this.networks.addSubnet(address, Number(length ?? (version === 4 ? 32 : 128)), version === 4 ? 'ipv4' : 'ipv6');
    }
  }

  /** A name that is allowed may resolve to any address. */
  hasName(host: string): boolean {
    return this.names.has(host.toLowerCase());
  }

  hasAddress(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.networks.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}
