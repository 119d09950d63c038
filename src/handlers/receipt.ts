import { v5 as uuidv5 } from 'uuid';
import { entityTag } from '../entity-tag.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { Reply } from '../message.js';
import type { Entry, ParkedMessage, RecordedEvent } from '../store/store.js';
import { NAMESPACE, type NotificationSettings } from './notification.js';
import { warningHeader } from './warnings.js';

/** The answer that a command got the first time, from its receipt. */
export function recordedReply(entry: Entry): Reply {
  if (entry.reply) return entry.reply;
  if (entry.status === 204) return { status: 204, headers: {} };
  const body = announcedResource(entry.events.at(-1));
  const headers: Record<string, string> = { ETag: entityTag(entry.revision ?? 0), ...warningHeader(entry.warnings ?? []) };
  if (entry.status === 201) headers['Location'] = body['href'] as string;
  return { status: entry.status, headers, body };
}

/** The resource inside an event's TM Forum envelope: the only attribute of the wrapper, whatever its name. */
export function announcedResource(event: RecordedEvent | undefined): JsonObject {
  const { data } = JSON.parse(event?.content ?? '{}') as { data?: JsonObject };
  const wrapper = Object.values(data ?? {}).find((value): value is JsonObject => isObject(value));
  return Object.values(wrapper ?? {})[0] as JsonObject;
}

/** The announcement of a parked message: a CloudEvent `org.tmforum.command.parked` without its payload. */
export function parkedAnnouncement(
  parked: ParkedMessage,
  context: { readonly now: string; readonly notifications: NotificationSettings },
): RecordedEvent {
  const id = uuidv5(`parked/${parked.id}`, NAMESPACE);
  const data: Record<string, Json> = { id: parked.id, reason: parked.reason, origin: { ...parked.origin } };
  if (parked.type !== undefined) data['type'] = parked.type;
  if (parked.subject !== undefined) data['subject'] = parked.subject;
  const event = {
    specversion: '1.0',
    id,
    source: context.notifications.source,
    type: 'org.tmforum.command.parked',
    subject: parked.id,
    time: context.now,
    datacontenttype: 'application/json',
    data,
  };
  return { topic: 'dead', key: parked.reason, order: `parked/${parked.id}`, id, content: JSON.stringify(event) };
}
