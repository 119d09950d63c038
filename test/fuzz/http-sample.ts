import { anyPatch, PATCH_TYPES } from './hostile-patches.js';
import { anyName, anyText, anyTree, ATTRIBUTES, damaged, mutated, NAMES, TEXTS, validRole } from './hostile-values.js';
import { jsonText } from './json-text.js';
import { Random } from './random.js';

export const BASE_PATH = '/tmf-api/partyRoleManagement/v4';
const COLLECTION = `${BASE_PATH}/partyRole`;

/** One request as its bytes. */
export interface HttpSample {
  readonly method: string;
  readonly bytes: Buffer;
  /** Whether it is a complete HTTP request, so that there must be an answer. */
  readonly complete: boolean;
}

/** The request of this seed and index; no other is needed to make it. */
export function httpSampleOf(seed: number, index: number): HttpSample {
  const random = new Random(seed, index);
  const method = random.weighted([
    [10, () => 'GET'],
    [4, () => 'POST'],
    [6, () => 'PATCH'],
    [1, () => 'DELETE'],
    [1, () => random.pick(['HEAD', 'OPTIONS', 'PUT', 'TRACE', 'PROPFIND', 'QUERY'])],
  ]);
  const target = targetOf(method, random);
  const body = bodyOf(method, random);
  const headers = headersOf(body, random);
  const bytes = Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1'), body ? body.content : Buffer.alloc(0)]);
  if (!random.chance(0.06)) return { method, bytes, complete: true };
  return { method, bytes: broken(bytes, random), complete: false };
}

function targetOf(method: string, random: Random): string {
  const path = random.weighted([
    [method === 'POST' ? 10 : 3, () => COLLECTION],
    [method === 'POST' ? 0.2 : 6, () => `${COLLECTION}/${random.chance(0.8) ? `r${random.below(40)}` : encodedId(random)}`],
    [1, () => anyPath(random)],
  ]);
  return method === 'GET' || random.chance(0.1) ? path + queryOf(random) : path;
}

function encodedId(random: Random): string {
  return random.pick([encodeURIComponent(anyText(random).slice(0, 300).toWellFormed()), '%', '%FF', '%00', '%2e%2e', '..', 'a%2Fb', 'x'.repeat(129), '__proto__', 'constructor', ';a=b', '%C0%80', 'r1%20']);
}

function anyPath(random: Random): string {
  return random.pick(['/', '//', '*', '/health/live', '/health/ready', '/health', '/hub', '/admin', '/%', '/%FF', '/../../etc/passwd', BASE_PATH, `${BASE_PATH}/`, `${COLLECTION}/`, `${COLLECTION}//`, `${COLLECTION}/r1/name`, COLLECTION.toUpperCase(), `http://other.example${COLLECTION}`, `${COLLECTION}/${'a/'.repeat(500)}`, `/${'x'.repeat(9_000)}`, `${COLLECTION}#a`, `/__proto__/partyRole`]);
}

function queryOf(random: Random): string {
  const count = random.weighted([[8, () => random.below(4)], [1, () => random.below(80)]]);
  const parts = Array.from({ length: count }, () => parameter(random));
  return parts.length === 0 ? random.pick(['', '?', '?&', '??']) : `?${parts.join(random.pick(['&', '&', '&', ';', '&&']))}`;
}

function parameter(random: Random): string {
  const encoded = (text: string): string => (random.chance(0.9) ? encodeURIComponent(text.toWellFormed()) : text.replaceAll(/[^!-~]/g, '.')).slice(0, 2_000);
  const attribute = (): string => random.pick([...ATTRIBUTES, 'id', 'href', 'validFor.startDateTime', 'relatedParty.id', 'engagedParty.name', 'characteristic.value', '@type']);
  const operator = (): string => random.pick(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'regex', 'regex', 'like', '$where', '__proto__']);
  return random.weighted([
    [4, () => `${attribute()}=${encoded(anyText(random))}`],
    [4, () => `${attribute()}.${operator()}=${encoded(random.chance(0.5) ? pattern(random) : anyText(random))}`],
    [2, () => `${encoded(anyName(random))}${random.pick(['=', '>', '<', '>=', '!=', '*=', '%3E', '%3C%3D', '', '=='])}${encoded(anyText(random))}`],
    [2, () => `fields=${encoded(random.pick([attribute(), anyName(random), 'none', ',', 'a..b', 'a.'.repeat(300), anyText(random)]))}`],
    [2, () => `sort=${random.pick(['', '-', '+', '%2B', '--'])}${encoded(random.pick([attribute(), anyName(random), anyText(random), Array.from({ length: 12 }, attribute).join(',')]))}`],
    [2, () => `${random.pick(['offset', 'limit'])}=${encoded(random.pick(['0', '1', '10', '1000', '1001', '-1', '1e3', '0x10', '2147483647', '2147483648', '99999999999999999999', '', ' 1', anyText(random)]))}`],
    [1, () => random.pick(['filter=$..*', 'expand=x', 'cursor=', 'cursor=x', 'cursor=W10', 'depth=1', 'status[$ne]=1', 'status[]=1', '$where=1', 'a=%', 'a=%FF', '%=1', '=', '=1', 'a', `a=${'b,'.repeat(300)}`, `name=${'x'.repeat(9_000)}`])],
  ]);
}

function pattern(random: Random): string {
  return random.pick(['(a+)+$', '(a|aa)*b', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*', '.*.*.*.*.*.*.*=', 'a{1,1000}{1,1000}', 'a{100000}', '(?=x)', '(?<n>x)\\k<n>', '\\1', '[', '(', '*', '\\', '(?i)abc', '(?', '\\p{L}', '[[:alpha:]]', '\\C', '\\Q(\\E', '\\z', '(?s).', '\0', 'Role', '^Role [0-9]+$', '('.repeat(190), '[^]', '[]', '[a-', '\\u0041', '\\x{110000}', '(?#c)', '(?P<a>b)', '|', '^*', '$', '()', '(?:)', '\\b\\B', 'é', '\\8', '{', '}', '{1}', 'x{,3}']);
}

interface Body {
  readonly content: Buffer;
  readonly type: string;
}

function bodyOf(method: string, random: Random): Body | undefined {
  const takesBody = method === 'POST' || method === 'PATCH';
  if (!takesBody && !random.chance(0.05)) return undefined;
  if (takesBody && random.chance(0.03)) return undefined;
  const type = method === 'PATCH' ? random.pick(PATCH_TYPES) : 'application/json';
  const role = random.chance(0.5) ? validRole(random) : mutated(validRole(random), random);
  const text = jsonText(method === 'PATCH' ? anyPatch(type, random) : random.chance(0.95) ? role : anyTree(random));
  const named = method === 'POST' && random.chance(0.5) && text.startsWith('{"') ? `{"id":"r${random.below(40)}",${text.slice(1)}` : text;
  const bytes = Buffer.from(named);
  const content = random.chance(0.08) ? damaged(bytes, random) : bytes;
  return { content, type: random.chance(0.95) ? type : random.pick(['text/plain', '', 'application/json; charset=utf-16', 'application/json;;', 'application/JSON', 'multipart/form-data', 'x'.repeat(500)]) };
}

function headersOf(body: Body | undefined, random: Random): [string, string][] {
  const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e\x80-\xff]/g, '.').slice(0, 3_000);
  const headers: [string, string][] = [
    ['Host', 'x'],
    ['Connection', 'close'],
  ];
  if (body) headers.push(['Content-Length', String(body.content.length)], ['Content-Type', body.type]);
  const strange = ['Accept', 'If-Match', 'If-None-Match', 'Idempotency-Key', 'X-Channel', 'X-Correlation-ID', 'traceparent', 'tracestate', 'Content-Encoding', 'Accept-Encoding', 'Range', 'X-HTTP-Method-Override', 'Cookie', 'Authorization', 'Expect', 'X-Forwarded-For', '__proto__', 'constructor'];
  for (let more = random.weighted([[6, () => 0], [3, () => 1], [1, () => random.below(6)]]); more > 0; more -= 1) {
    headers.push([random.pick(strange), random.pick(['*', '"1"', 'W/"1"', '"1","2"', '"', '"x', '""', ',', '*/*', 'text/html', 'application/json;q=0', 'gzip', 'deflate', 'br', 'identity', 'gzip, gzip', 'key-1', 'bytes=0-1', '100-continue', printable(random.pick([...TEXTS, ...NAMES]))])]);
  }
  return headers;
}

/** Bytes that are no HTTP request any more, or one that never ends. */
function broken(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1');
  return random.weighted([
    [3, () => damaged(bytes, random)],
    [2, () => bytes.subarray(0, random.below(bytes.length))],
    [1, () => Buffer.from(text.replace('Connection: close\r\n', 'Connection: close\r\nTransfer-Encoding: chunked\r\n'), 'latin1')],
    [1, () => Buffer.from(text.replace(/Content-Length: .*\r\n/, () => `Content-Length: ${random.pick(['-1', '1e9', '99999999', '0x10', '1, 2', '', '5\r\nContent-Length: 6'])}\r\n`), 'latin1')],
    [1, () => Buffer.from(text.replace('Host: x\r\n', random.pick(['', 'Host: x\r\nHost: y\r\n', 'Host : x\r\n', ' Host: x\r\n', `Host: ${'y'.repeat(20_000)}\r\n`, `${'A: b\r\n'.repeat(3_000)}`])), 'latin1')],
    [1, () => Buffer.from(text.replace('HTTP/1.1', random.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9', 'http/1.1', ''])), 'latin1')],
    [1, () => Buffer.from(random.pick(['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00', '\r\n\r\n', '\0'.repeat(100), 'GET\r\n\r\n', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n']), 'latin1')],
    [1, () => Buffer.from(text.replace(/Content-Length: .*\r\n/, 'Transfer-Encoding: chunked\r\n').replace('\r\n\r\n', random.pick(['\r\n\r\nffffffffff\r\n', '\r\n\r\n5\r\nabc', '\r\n\r\n-1\r\n', '\r\n\r\nz\r\n', '\r\n\r\n1;'])), 'latin1')],
  ]);
}
