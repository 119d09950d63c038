import { BlockList, isIP } from 'node:net';

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** Whether it is a host name, an address, or a network in CIDR notation. */
export function isTarget(entry: string): boolean {
  const [address = '', length, more] = entry.split('/');
  if (length === undefined) return isIP(address) !== 0 || HOST_NAME.test(address);
  const bits = isIP(address) === 4 ? 32 : 128;
  return more === undefined && isIP(address) !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits;
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
