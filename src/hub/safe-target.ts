import { isIP } from 'node:net';
import type { AllowedTargets } from './allowed-targets.js';
import { isReachable } from './public-address.js';

/** What may be connected to. */
export interface TargetRules {
  readonly allowed: AllowedTargets;
  readonly httpsOnly: boolean;
}

/** 400: it is no callback. 403: it is one, and not allowed. The problem quotes nothing of it but the host. */
export interface RefusedCallback {
  readonly status: 400 | 403;
  readonly problem: string;
}

export type Verdict = { readonly ok: true } | RefusedCallback;

/** A host name leads to an address that may not be connected to. */
export class RefusedTarget extends Error {
  override readonly name = 'RefusedTarget';

  /** The message tells whoever registered nothing of a network that only the hub sees. @param address for the log */
  constructor(
    host: string,
    readonly address: string,
  ) {
    super(notAllowed(host));
  }
}

const MAX_LENGTH = 2_000;
/** An URL parser would mend more than this: white space, backslashes, missing slashes. */
const ABSOLUTE = /^https?:\/\/[^/\\?#\s][^\\\s]*$/i;
/** Names of the machine itself, and of what gives its credentials away. */
const OWN_NAME = /^(?:(?:.*\.)?localhost|metadata\.google\.internal)$/;

/** Whether it may be registered. Names are not resolved here: that is done for each connection. */
export function checkCallback(callback: string, rules: TargetRules): Verdict {
  const target = readTarget(callback, rules);
  if (!(target instanceof URL)) return target;
  if (!isSentAsGiven(callback, target)) return { status: 400, problem: 'must have path and query as they are sent: percent-encoded, and without . and .. in the path' };
  return { ok: true };
}

/** Whether the URL parser changes nothing behind the host. A path that is absent is `/` (RFC 9110, section 4.2.3). */
function isSentAsGiven(callback: string, { pathname, search }: URL): boolean {
  const given = callback.replace(/^https?:\/\/[^/?]*/i, '');
  return (given.startsWith('/') ? given : `/${given}`) === pathname + search;
}

/** The URL to connect to. What writings of an address there are, the URL parser brings to one (URL Standard, host parser). */
export function readTarget(callback: string, rules: TargetRules): URL | RefusedCallback {
  if (callback.length > MAX_LENGTH) return { status: 400, problem: `must not have more than ${MAX_LENGTH} characters` };
  if (!ABSOLUTE.test(callback) || !URL.canParse(callback)) return { status: 400, problem: 'must be an absolute URL with http or https' };
  const url = new URL(callback);
  if (url.username !== '' || url.password !== '') return { status: 400, problem: 'must not have a user name or a password' };
  if (callback.includes('#')) return { status: 400, problem: 'must not have a fragment' };
  if (rules.httpsOnly && url.protocol !== 'https:') return { status: 403, problem: 'must be https' };
  const host = hostOf(url);
  if (!isHostAllowed(host, rules.allowed)) return { status: 403, problem: notAllowed(host) };
  return url;
}

/** A name may have a dot at its end, and is the same. */
export function plainName(host: string): string {
  return host.replace(/\.+$/, '').toLowerCase();
}

function hostOf(url: URL): string {
  return plainName(url.hostname.replace(/^\[|\]$/g, ''));
}

function isHostAllowed(host: string, allowed: AllowedTargets): boolean {
  if (isIP(host) !== 0) return isReachable(host, allowed);
  return allowed.hasName(host) || !OWN_NAME.test(host);
}

function notAllowed(target: string): string {
  return `the target ${target} is not allowed`;
}
