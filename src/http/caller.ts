import type { IncomingMessage } from 'node:http';
import { AUTHID_PATTERN, CHANNEL_PATTERN, DEFAULT_CHANNEL } from './header-patterns.js';
import { badHeader, singleHeader } from './headers.js';

/** Who asks, as a command's CloudEvents attributes say it. */
export interface Caller {
  readonly source: string;
  /** CloudEvents auth context extension; absent when nobody vouches for the caller. */
  readonly authid?: string;
  /** The channel that the caller works for: `rest` when it does not say. */
  readonly channel: string;
}

export interface CallerOptions {
  readonly source: string;
  readonly authidHeader?: string;
}

const AUTHID = new RegExp(AUTHID_PATTERN);
const CHANNEL = new RegExp(CHANNEL_PATTERN);

/** The only place that says who asked over REST. @throws Refusal 400 for a header that is repeated or not well-formed. */
export function callerOf(request: IncomingMessage, options: CallerOptions): Caller {
  const channel = singleHeader(request, 'X-Channel') ?? DEFAULT_CHANNEL;
  if (!CHANNEL.test(channel)) throw badHeader('X-Channel', 'must be 1 to 64 characters of A-Z a-z 0-9 . _ ~ : @ / -');
  const authid = options.authidHeader === undefined ? undefined : singleHeader(request, options.authidHeader);
  if (authid === undefined) return { source: options.source, channel };
  if (!AUTHID.test(authid)) throw badHeader(options.authidHeader ?? '', 'must be 1 to 256 characters of printable ASCII');
  return { source: options.source, authid, channel };
}
