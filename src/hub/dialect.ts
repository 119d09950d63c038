import { CloudEvent, HTTP } from 'cloudevents';
import type { JsonObject } from '../json.js';
import { STRUCTURED } from '../message.js';
import type { Dialect } from '../store/hub-store.js';
import type { LoggedEvent } from './logged-event.js';
import { odaName } from './oda-names.js';
import type { Outgoing } from './sending.js';

export type Content = Pick<Outgoing, 'headers' | 'body'>;

const JSON_HEADERS = { 'content-type': 'application/json' };
const STRUCTURED_HEADERS = { 'content-type': STRUCTURED };

/** Whole events in each dialect, and their headers in binary mode: made once for all listeners. */
const contents = new WeakMap<LoggedEvent, Map<Dialect, Content>>();
const binaryHeaders = new WeakMap<LoggedEvent, Record<string, string>>();

/** What is sent of an event. @param envelope the event's own, or one with less in it */
export function outgoingOf(event: LoggedEvent, dialect: Dialect, envelope: JsonObject): Content {
  if (envelope !== event.envelope) return contentOf(event, dialect, envelope);
  const known = contents.get(event) ?? new Map<Dialect, Content>();
  contents.set(event, known);
  const content = known.get(dialect) ?? contentOf(event, dialect, envelope);
  known.set(dialect, content);
  return content;
}

function contentOf(event: LoggedEvent, dialect: Dialect, envelope: JsonObject): Content {
  switch (dialect) {
    case 'tmf':
      return { headers: JSON_HEADERS, body: JSON.stringify(envelope) };
    case 'oda':
      return { headers: JSON_HEADERS, body: JSON.stringify({ ...envelope, eventType: odaName(event.eventType) }) };
    case 'cloudevents-structured':
      return { headers: STRUCTURED_HEADERS, body: envelope === event.envelope ? event.recorded.content : JSON.stringify({ ...event.cloudEvent, data: envelope }) };
    case 'cloudevents-binary':
      return { headers: binaryHeadersOf(event), body: JSON.stringify(envelope) };
  }
}

function binaryHeadersOf(event: LoggedEvent): Record<string, string> {
  let headers = binaryHeaders.get(event);
  if (headers === undefined) {
    // Not validated: it was made here, and an event that went into the log must not be stopped now.
    const { data: _, ...attributes } = event.cloudEvent;
    headers = Object.fromEntries(Object.entries(HTTP.binary(new CloudEvent(attributes, false)).headers).map(([name, value]) => [name, headerValue(name, value)]));
    binaryHeaders.set(event, headers);
  }
  return headers;
}

/** The SDK leaves out the percent-encoding of CloudEvents HTTP binding, section 3.1.3.2; without it, other than ASCII cannot be sent. */
function headerValue(name: string, value: unknown): string {
  return name.startsWith('ce-') ? String(value).toWellFormed().replace(/[^\x21\x23\x24\x26-\x7e]/gu, encodeURIComponent) : String(value);
}
