import { createHash } from 'node:crypto';
import { busNames, streamName } from './names.js';

/** The names that a prefix stands for, `tmf` in the examples. */
export interface NatsNames {
  /** Stream of commands, `TMF_COMMANDS`, and the subjects it takes, `tmf.commands.*.*`. */
  readonly commands: { readonly stream: string; readonly subjects: string };
  /** Stream of events, `TMF_EVENTS`, `tmf.events.>`. */
  readonly events: { readonly stream: string; readonly subjects: string };
  /** Stream of parked messages' announcements, `TMF_DEAD`, `tmf.dead.>`. */
  readonly dead: { readonly stream: string; readonly subjects: string };
  /** `tmf.lanes.3.*.*`: what the stream of commands makes of the subjects that fall into lane 3. */
  laneFilter(lane: number): string;
}

export function natsNames(prefix: string): NatsNames {
  const { commands, events, dead } = busNames(prefix);
  return {
    commands: { stream: streamName(prefix, 'commands'), subjects: `${commands}.*.*` },
    events: { stream: streamName(prefix, 'events'), subjects: `${events}.>` },
    dead: { stream: streamName(prefix, 'dead'), subjects: `${dead}.>` },
    laneFilter: (lane) => `${prefix}.lanes.${lane}.*.*`,
  };
}

/** The server ends a connection whose protocol line is longer than 4096 bytes (`max_control_line`). */
const MAX_TOKEN = 1024;

/** Where a command goes: `tmf.commands.partyRole.<key>`. A key too long for a subject is hashed: it only has to choose the lane. */
export function commandSubject(prefix: string, resource: string, key: string): string {
  const token = subjectToken(key);
  const short = token.length <= MAX_TOKEN ? token : createHash('sha256').update(key).digest('hex');
  return `${busNames(prefix).commands}.${subjectToken(resource)}.${short}`;
}

/** Any text as one token of a subject: everything but letters, digits, `-` and `_` is percent-encoded as UTF-8; the empty text is a lone `%`. */
export function subjectToken(key: string): string {
  if (key === '') return '%';
  return key.replace(/[^A-Za-z0-9_-]/gu, (character) =>
    Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** The reverse of `subjectToken`. @throws URIError for what `subjectToken` never gives. */
export function keyOfToken(token: string): string {
  return token === '%' ? '' : decodeURIComponent(token);
}
