import { isObject, sameJson, type Json, type JsonObject } from '../json.js';
import type { Secrets } from './definition.js';

const SHOWN = 4;

/** The value with its attributes that must be forgotten left out, at any depth; the same value when it has none. */
export function withoutDropped<T extends Json>(value: T, { dropped }: Secrets): T {
  return dropped.length === 0 ? value : (pruned(value, new Set(dropped)) as T);
}

function pruned(value: Json, names: ReadonlySet<string>): Json {
  if (Array.isArray(value)) {
    const elements = value.filter((element) => !isAbout(element, names));
    return elements.map((element) => pruned(element, names));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, child]): [string, Json][] => (names.has(name) ? [] : [[name, pruned(child, names)]])));
}

/** An operation of a JSON Patch on such an attribute. */
function isAbout(element: Json, names: ReadonlySet<string>): boolean {
  if (!isObject(element)) return false;
  return [element['path'], element['from']].some((pointer) => typeof pointer === 'string' && pointer.split(/[/.?[\]'"]/).some((token) => names.has(token)));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A message body without the attributes that must be forgotten; the same bytes when it has none. JSON is written anew without them,
 * also inside `data_base64`; in what is no JSON each of them, as text, loses its value.
 */
export function forgetting(body: Uint8Array, secrets: Secrets): Uint8Array {
  const { dropped } = secrets;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (dropped.length === 0 || ![...dropped, '\\u', BASE64].some((text) => bytes.includes(text))) return body;
  const left = rewritten(bytes, (json) => withoutDropped(inBase64(json, secrets), secrets), (text) => withoutValues(text, dropped, 'null'));
  return left === bytes ? body : left;
}

/** A message body as anybody may see it. */
export function maskedBody(body: Uint8Array, secrets: Secrets): Uint8Array {
  const names = Object.keys(secrets.masked);
  if (names.length === 0) return body;
  return rewritten(Buffer.from(body), (json) => maskedDeep(json, secrets), (text) => withoutValues(text, names, '"****"'));
}

const BASE64 = 'data_base64';

function rewritten(bytes: Buffer, ofJson: (json: Json) => Json, ofText: (text: string) => string): Uint8Array {
  let json: Json;
  try {
    json = JSON.parse(utf8.decode(bytes)) as Json;
  } catch {
    const text = bytes.toString('latin1');
    const changed = ofText(text);
    return changed === text ? bytes : Buffer.from(changed, 'latin1');
  }
  const changed = ofJson(json);
  return sameJson(json, changed) ? bytes : Buffer.from(JSON.stringify(changed));
}

function inBase64(event: Json, secrets: Secrets): Json {
  const data = isObject(event) ? event[BASE64] : undefined;
  if (!isObject(event) || typeof data !== 'string') return event;
  const bytes = Buffer.from(data, 'base64');
  const left = forgetting(bytes, secrets);
  return left === bytes ? event : { ...event, [BASE64]: Buffer.from(left).toString('base64') };
}

/** Also what a quotation inside another text would be: `\\"cvv\\":`. */
function withoutValues(text: string, names: readonly string[], value: string): string {
  return names.reduce((left, name) => left.replace(new RegExp(`(\\\\*"${name}\\\\*"\\s*:\\s*)(\\\\*"(?:[^"\\\\]|\\\\[^"])*\\\\*"|[^,}\\]\\s]*)`, 'g'), `$1${value}`), text);
}

function maskedDeep(value: Json, secrets: Secrets): Json {
  if (Array.isArray(value)) return value.map((element) => maskedDeep(maskedOperation(element, secrets), secrets));
  if (!isObject(value)) return value;
  const shown = masked(value, secrets);
  return Object.fromEntries(Object.entries(shown).map(([name, child]) => [name, name === BASE64 ? '****' : maskedDeep(child, secrets)]));
}

/** An operation of a JSON Patch that writes such an attribute. */
function maskedOperation(element: Json, secrets: Secrets): Json {
  const names = new Set(Object.keys(secrets.masked));
  return isAbout(element, names) && isObject(element) && Object.hasOwn(element, 'value') ? { ...element, value: '****' } : element;
}

/** The resource as anybody may see it; the same one when it has no secrets. */
export function masked(resource: JsonObject, { masked: rules }: Secrets): JsonObject {
  const names = Object.keys(rules).filter((name) => Object.hasOwn(resource, name));
  if (names.length === 0) return resource;
  return { ...resource, ...Object.fromEntries(names.map((name) => [name, maskedValue(resource[name] ?? null, rules[name])])) };
}

/** A masked value that comes back with a patch stands for the value that it hides. */
export function unmasked(before: JsonObject, after: JsonObject, secrets: Secrets): JsonObject {
  const seen = masked(before, secrets);
  const returned = Object.keys(secrets.masked).filter((name) => Object.hasOwn(before, name) && Object.hasOwn(after, name) && after[name] === seen[name]);
  return { ...after, ...Object.fromEntries(returned.map((name) => [name, before[name] ?? null])) };
}

function maskedValue(value: Json, rule: 'lastFour' | 'all' | undefined): Json {
  if (typeof value !== 'string') return value === null ? null : '****';
  // Of a short text the last four would be most of it.
  const shown = rule === 'lastFour' && value.length >= 3 * SHOWN ? SHOWN : 0;
  return '*'.repeat(value.length - shown) + value.slice(value.length - shown);
}
