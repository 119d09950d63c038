import type { Json } from './json.js';

/** Where a message came from, for the operator who finds it parked. */
export interface Origin {
  /** `rabbitmq`, `jetstream` or `memory`. */
  readonly bus: string;
  /** The queue or stream it was taken from. */
  readonly queue: string;
  /** The lane, counted from 0. */
  readonly lane: number;
  /** Stream sequence, where the broker gives one. */
  readonly sequence?: number;
}

/** Why a message can never be applied; the routing key of its announcement. */
export type ParkReason =
  /** Not a valid CloudEvent, or its data is not JSON. */
  | 'malformed'
  /** A type, content type or `dataschema` that this worker does not know. */
  | 'unsupported'
  /** Its `reply-to` aims at something that may not be written to. */
  | 'reply-to'
  /** Larger, or more deeply nested, than the limits allow. */
  | 'too-large'
  /** The handler said no and nobody asked for the answer. */
  | 'refused'
  /** The database refuses to store the result. */
  | 'rejected'
  /** The handler threw: a fault in this software. */
  | 'failed'
  /** Whoever tried it died, twice, the second time with nothing else in hand. */
  | 'crashed';

/** Each once; the compiler sees to it that none is forgotten. */
const REASONS: Readonly<Record<ParkReason, true>> = { malformed: true, unsupported: true, 'reply-to': true, 'too-large': true, refused: true, rejected: true, failed: true, crashed: true };
export const PARK_REASONS = Object.keys(REASONS) as readonly ParkReason[];

/** One message as a bus delivered it: nothing is understood yet. */
export interface Message {
  /** The exact bytes of the payload. */
  readonly body: Uint8Array;
  /** Headers and properties as delivered, names unchanged; kept with a parked message. */
  readonly headers: Readonly<Record<string, Json>>;
  /** Media type of the body, where the transport has one. */
  readonly contentType: string | undefined;
  /** CloudEvents attributes found in the headers (binary mode), lower case and without the binding's prefix. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Where to answer. Absent: nobody waits. */
  readonly replyTo?: ReplyTo;
  /** Set by the adapter when the message can already be seen to be impossible. */
  readonly unacceptable?: { readonly reason: ParkReason; readonly error: string };
  readonly origin: Origin;
  /** True when the broker says that it has handed this message out before. */
  readonly redelivered: boolean;
  /** How often the broker has handed it out, this time included; at least 1. */
  readonly attempts: number;
  /** Tells the broker that the message is done. Safe to call when the connection is gone: the message then comes again. */
  acknowledge(): void;
}

export interface ReplyTo {
  /** AMQP: routing key on the default exchange. NATS: subject. */
  readonly address: string;
  readonly correlationId?: string;
}

/** What a command asks for. */
export type Action = 'create' | 'patch' | 'delete';

/** A message that was understood. */
export interface Command {
  /** SHA-256 of `source` and `id`, hex: the command's identity. */
  readonly hash: string;
  /** SHA-256 of what is asked (type, subject, content type, expected revision, data), hex: tells a repetition from a reused id. */
  readonly digest: string;
  readonly id: string;
  readonly source: string;
  /** The CloudEvents type, `org.tmforum.partyRole.create`. */
  readonly type: string;
  /** `partyRole`. */
  readonly resource: string;
  readonly action: Action;
  /** The resource's id, where the sender named it. */
  readonly subject?: string;
  /** When it was asked, UTC text. */
  readonly time?: string;
  /** `datacontenttype` without parameters, lower case. */
  readonly contentType: string;
  /** Undefined when the command carries none. */
  readonly data?: Json;
  /** Revisions that the sender would accept, `*` for any; undefined: does not care. */
  readonly expectedRevision?: string;
  readonly authid?: string;
  readonly channel?: string;
  readonly correlationid?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** It comes from a mass import; its events say so too. */
  readonly imported?: true;
  /** The parked message that this command repeats. */
  readonly retryof?: string;
}

/** What a command is answered with: the same on the bus and over REST. `headers` in their usual HTTP spelling. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Json;
}

/** A command to put on the bus, in CloudEvents binary mode. */
export interface OutgoingCommand {
  /** The resource it is about: `partyRole`. */
  readonly resource: string;
  /** Chooses the lane: the subject, or for a create without one the command's id. */
  readonly key: string;
  /** CloudEvents attributes without `datacontenttype`: `id`, `source`, `type`, `specversion`, … */
  readonly attributes: Readonly<Record<string, string>>;
  /** `datacontenttype`; absent when there is no data. */
  readonly contentType?: string;
  readonly body: Uint8Array;
}

/** A CloudEvent to announce, ready to send in structured mode. */
export interface OutgoingEvent {
  /** `events`: notifications. `dead`: announcements of parked messages. */
  readonly topic: 'events' | 'dead';
  /** `partyRole.PartyRoleCreateEvent`, or for `dead` the park reason. */
  readonly key: string;
  /** CloudEvents `id`; a second publish of the same event has the same. */
  readonly id: string;
  /** The event as JSON text, `application/cloudevents+json`. */
  readonly content: string;
}

/** The header of a reply that was given before: this time nothing was done. */
export const REPLAYED = 'Idempotent-Replayed';

/** Media type of a CloudEvent in structured mode (CloudEvents JSON format, section 3). */
export const STRUCTURED = 'application/cloudevents+json';
