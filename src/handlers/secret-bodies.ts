import { deeperThan, isObject, type Json } from '../json.js';
import type { ResourceDefinition, Secrets } from './definition.js';
import { withOtherValues } from './loose-text.js';
import { HIDDEN, maskedDeep, withoutDropped } from './secrets.js';

/** Larger than any command may be, and deeper: such a body is taken for a text, since understanding it would cost too much. */
const MAX_JSON_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 100;

const BASE64 = 'data_base64';

/** Reads what the envelope reads. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A message body without the attributes that must be forgotten; the same bytes when it has none. JSON is written anew without them,
 * also inside `data_base64`; in what is no JSON each of them, as text, loses its value.
 */
export function forgetting(body: Uint8Array, secrets: Pick<Secrets, 'dropped'>): Uint8Array {
  const { dropped } = secrets;
  if (dropped.length === 0) return body;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!mayHold(bytes, dropped)) return body;
  const ofText = (text: string): string =>
    withOtherValues(withOtherValues(text, [BASE64], (value) => (mayHold(Buffer.from(value, 'base64'), dropped) ? '' : value)), keysIn(text, dropped), () => '');
  return rewritten(bytes, (json) => withoutDropped(forgettingBase64(json, secrets), secrets), ofText) ?? body;
}

/** What is not known to be about one resource loses what any of them wants forgotten. */
export function forgettingAll(body: Uint8Array, definitions: readonly Pick<ResourceDefinition, 'secrets'>[]): Uint8Array {
  return definitions.reduce((left, { secrets }) => forgetting(left, secrets), body);
}

/** A message body as anybody may see it. */
export function maskedBody(body: Uint8Array, secrets: Secrets): Uint8Array {
  const names = Object.keys(secrets.masked);
  if (names.length === 0) return body;
  const ofJson = (json: Json): Json => {
    const seen = maskedDeep(json, secrets);
    return isObject(seen) && Object.hasOwn(seen, BASE64) ? { ...seen, [BASE64]: HIDDEN } : seen;
  };
  const ofText = (text: string): string => withOtherValues(text, [...keysIn(text, names), BASE64], () => HIDDEN);
  return rewritten(Buffer.from(body.buffer, body.byteOffset, body.byteLength), ofJson, ofText) ?? body;
}

/** As they are, in escapes, in base64, or in UTF-16, of which every other byte is 0. */
function mayHold(bytes: Buffer, names: readonly string[]): boolean {
  return [...names, '\\u', BASE64].some((text) => bytes.includes(text)) || bytes.includes(0);
}

/** In a broken JSON Patch the value stands beside the name, not behind it. */
function keysIn(text: string, names: readonly string[]): readonly string[] {
  return /\bop\b/.test(text) && /\bpath\b/.test(text) ? [...names, 'value'] : names;
}

/** Undefined when nothing changes. */
function rewritten(bytes: Buffer, ofJson: (json: Json) => Json, ofText: (text: string) => string): Buffer | undefined {
  const parsed = parse(bytes);
  if (parsed) {
    const changed = ofJson(parsed.json);
    return changed === parsed.json ? undefined : Buffer.from(JSON.stringify(changed));
  }
  const text = bytes.toString('latin1');
  const changed = ofText(text);
  return changed === text ? undefined : Buffer.from(changed, 'latin1');
}

function parse(bytes: Buffer): { readonly json: Json } | undefined {
  if (bytes.byteLength > MAX_JSON_BYTES) return undefined;
  try {
    const json = JSON.parse(utf8.decode(bytes)) as Json;
    return deeperThan(json, MAX_DEPTH) ? undefined : { json };
  } catch {
    return undefined;
  }
}

function forgettingBase64(event: Json, secrets: Pick<Secrets, 'dropped'>): Json {
  const data = isObject(event) ? event[BASE64] : undefined;
  if (!isObject(event) || typeof data !== 'string') return event;
  const bytes = Buffer.from(data, 'base64');
  const left = forgetting(bytes, secrets);
  return left === bytes ? event : { ...event, [BASE64]: Buffer.from(left).toString('base64') };
}
