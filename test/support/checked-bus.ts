import type { Bus } from '../../src/bus/bus.js';
import { isObject, type Json, type JsonObject } from '../../src/json.js';
import { mediaType } from '../../src/media-type.js';
import { STRUCTURED, type OutgoingCommand } from '../../src/message.js';
import type { BusCheck } from './bus-check.js';

/** The same bus, whose commands and replies are held against the contract; what was refused may have been asked in any way. */
export function checkedBus(bus: Bus, check: BusCheck): Bus {
  const request: Bus['request'] = async (command, timeoutMs) => {
    const reply = await bus.request(command, timeoutMs);
    const event = structuredForm(command);
    if (!event) return reply;
    check.reply(event.type, JSON.parse(JSON.stringify(reply)));
    if (reply.status < 400) check.command(event);
    return reply;
  };
  return Object.create(bus, { request: { value: request } }) as Bus;
}

/** The command as CloudEvent in structured mode; undefined for bytes that are none. */
function structuredForm({ attributes, contentType, body }: OutgoingCommand): (JsonObject & { readonly type: string }) | undefined {
  const text = Buffer.from(body).toString();
  try {
    const json = text === '' ? undefined : (JSON.parse(text) as Json);
    const isStructured = mediaType(contentType) === STRUCTURED;
    const event = isStructured ? json : { ...attributes, ...(contentType === undefined ? {} : { datacontenttype: contentType }), ...(json === undefined ? {} : { data: json }) };
    return isObject(event) && typeof event['type'] === 'string' ? { ...event, type: event['type'] } : undefined;
  } catch {
    return undefined;
  }
}
