import { BlockList, isIP } from 'node:net';
import type { AllowedTargets } from './allowed-targets.js';

/** IANA IPv4 special-purpose address registry, and one more. */
const NOT_PUBLIC_4 = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24',
  '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
  // Metadata and more of the machine itself, in one cloud (Azure).
  '168.63.129.16/32',
];

/** What is public of IPv6 lies here (IANA IPv6 address space), so that all else is refused without being listed. */
const GLOBAL_6 = '2000::/3';

/** IANA IPv6 special-purpose address registry, within `GLOBAL_6`. */
const NOT_PUBLIC_6 = ['2001::/23', '2001:db8::/32', '3fff::/20'];

const notPublic = networks([...NOT_PUBLIC_4, ...NOT_PUBLIC_6]);
const global6 = networks([GLOBAL_6]);

function networks(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', length] = entry.split('/');
    list.addSubnet(address, Number(length), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Whether a connection to it may be made: it is public, or an operator allowed it. @param address as `isIP` takes it; anything else may not */
export function isReachable(address: string, allowed: AllowedTargets): boolean {
  // With a zone (fe80::1%eth0) it is none of the internet.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const within = isIP(address) === 6 ? carried(address) : undefined;
  if (allowed.hasAddress(address) || (within !== undefined && allowed.hasAddress(within))) return true;
  return isPublic(within ?? address);
}

function isPublic(address: string): boolean {
  return isIP(address) === 4 ? !notPublic.check(address, 'ipv4') : global6.check(address, 'ipv6') && !notPublic.check(address, 'ipv6');
}

/** The IPv4 address that an IPv6 address leads to: mapped (RFC 4291), NAT64 (RFC 6052) and 6to4 (RFC 3056). */
function carried(address: string): string | undefined {
  const groups = groupsOf(address);
  const start = groups.slice(0, 6).join(':');
  if (start === '0:0:0:0:0:ffff' || start === '64:ff9b:0:0:0:0') return dotted(groups.slice(6));
  if (groups[0] === '2002') return dotted(groups.slice(1, 3));
  return undefined;
}

/** The eight groups, in lower case and without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = [], tail = []] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').map((part) => part.split(':').filter((group) => group !== ''));
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
}

function dotted(groups: readonly string[]): string {
  return groups.map((group) => parseInt(group, 16)).map((bits) => `${bits >> 8}.${bits & 255}`).join('.');
}
