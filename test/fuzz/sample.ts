import { STRUCTURED } from '../../src/message.js';
import { anyPatch, PATCH_TYPES } from './hostile-patches.js';
import { anyName, anyText, anyTree, damaged, mutated, validRole } from './hostile-values.js';
import { jsonText, Members, type Tree } from './json-text.js';
import { Random } from './random.js';
import { SENTINEL_SOURCE, sentinelCommand } from './sentinels.js';

/** How a sample reaches the worker: as the bus in memory carries it, or decoded from what that broker's client would deliver. */
export const CARRIERS = ['memory', 'rabbitmq', 'nats'] as const;
export type Carrier = (typeof CARRIERS)[number];

/** One message, valid or hostile, before a carrier writes it. */
export interface Sample {
  readonly index: number;
  readonly carrier: Carrier;
  /** CloudEvents attributes outside of the body, but for `datacontenttype`; a name may come twice. */
  readonly attributes: readonly (readonly [string, string])[];
  readonly contentType?: string;
  readonly body: Buffer;
  /** Whether the sender waits for an answer. */
  readonly answered: boolean;
  /** Whether its headers may be made strange on the way. */
  readonly hostile: boolean;
}

/** Every so many messages one is a valid command with an effect that is checked at the end. */
const SENTINEL_EVERY = 20;

/** How many of the messages before this index are valid commands. */
export function sentinelsBefore(index: number): number {
  return Math.ceil(index / SENTINEL_EVERY);
}

/** The message of this seed and index; no other message is needed to make it. */
export function sampleOf(seed: number, index: number): Sample {
  const random = new Random(seed, index);
  const carrier = random.pick(CARRIERS);
  const common = { index, carrier, answered: random.chance(0.3) };
  if (index % SENTINEL_EVERY === 0) {
    const { data, contentType, ...attributes } = sentinelCommand(index / SENTINEL_EVERY);
    const entries = Object.entries({ specversion: '1.0', source: SENTINEL_SOURCE, ...attributes });
    return { ...common, ...packed(entries, contentType, Buffer.from(JSON.stringify(data)), random), hostile: false };
  }
  // The same again, on whatever carrier.
  if (index > 0 && random.chance(0.03)) return { ...sampleOf(seed, index - 1 - random.below(Math.min(index, 200))), ...common };
  return { ...common, ...hostileCommand(index, random), hostile: true };
}

type Content = Pick<Sample, 'attributes' | 'contentType' | 'body'>;

/** A well-formed command in either mode. */
function packed(attributes: readonly (readonly [string, string])[], contentType: string, body: Buffer, random: Random): Content {
  if (random.chance(0.5)) return { attributes, contentType, body };
  const event = new Members([...attributes, ['datacontenttype', contentType]]);
  // The data's text is put in as it is: it may be no JSON.
  const text = jsonText(event).slice(0, -1);
  return { attributes: [], contentType: STRUCTURED, body: Buffer.concat([Buffer.from(`${text},"data":`), body, Buffer.from('}')]) };
}

function hostileCommand(index: number, random: Random): Content {
  const action = random.weighted([[3, () => 'create'], [6, () => 'patch'], [0.5, () => 'delete']]);
  const contentType = action === 'create' ? 'application/json' : random.pick(PATCH_TYPES);
  const data = action === 'delete' ? undefined : dataOf(action, contentType, random);
  const attributes: (readonly [string, string])[] = [
    ['specversion', '1.0'],
    ['id', idOf(index, random)],
    ['source', random.chance(0.03) ? SENTINEL_SOURCE : '/fuzz/hostile'],
    ['type', `org.tmforum.partyRole.${action}`],
    ...(random.chance(0.9) ? [['subject', roleId(random)] as const] : []),
    ...(random.chance(0.1) ? [['expectedrevision', revisionText(random)] as const] : []),
    ...(random.chance(0.1) ? [[random.pick(['time', 'dataschema', 'authid', 'channel', 'correlationid', 'traceparent', 'tracestate', 'retryof']), anyText(random)] as const] : []),
  ];
  const body = Buffer.from(data === undefined ? '' : jsonText(data));
  const envelope = random.chance(0.15) ? mutatedAttributes(attributes, random) : attributes;
  const declared = random.chance(0.08) ? anyContentType(random) : contentType;
  const content = random.chance(0.1) ? mixture(envelope, declared, body, random) : packed(envelope, declared, body, random);
  return random.chance(0.08) ? { ...content, body: damaged(content.body, random) } : content;
}

function dataOf(action: string, contentType: string, random: Random): Tree {
  if (action === 'patch') return anyPatch(contentType, random);
  const role = validRole(random);
  return random.weighted<Tree>([
    [6, () => role],
    [7, () => mutated(role, random)],
    [3, () => mutated(mutated(role, random), random)],
    [1, () => anyTree(random)],
  ]);
}

/** New ones, those of commands before it, those of valid commands. */
function idOf(index: number, random: Random): string {
  return random.weighted([
    [40, () => `hostile-${index}`],
    [2, () => `hostile-${Math.max(0, index - random.below(50))}`],
    [1, () => `sentinel-command-${random.below(1 + Math.floor(index / SENTINEL_EVERY))}`],
    [1, () => anyText(random)],
  ]);
}

/** Few, so that commands meet; some of them no id can be. None is a sentinel's. */
function roleId(random: Random): string {
  return random.weighted([
    [30, () => `r${random.below(60)}`],
    [2, () => random.pick(['a'.repeat(128), 'a'.repeat(129), '.', '..', '~', '@', ':', '-', 'constructor', 'toString', '__proto__', 'a.b', 'a:b@c', '0', 'null'])],
    [1, () => anyText(random)],
  ]);
}

function revisionText(random: Random): string {
  return random.pick(['0', '1', '2', '3', '*', '1,2', '1, 2,3', '0,*', '', '-1', '1.0', '1e3', '"1"', 'W/"1"', '9999999999999999', '99999999999999999', ' 1', '1 ', ',', '1,,2', '٣', '*,*', `1${',1'.repeat(20_000)}`]);
}

function mutatedAttributes(attributes: readonly (readonly [string, string])[], random: Random): (readonly [string, string])[] {
  const at = random.below(attributes.length);
  const [name] = attributes[at] ?? ['id'];
  return random.weighted([
    [3, () => attributes.toSpliced(at, 1)],
    [4, () => attributes.with(at, [name, anyText(random)])],
    [2, () => attributes.with(at, [name, random.pick(['org.tmforum.partyRole.', 'org.tmforum.party.create', 'org.tmforum.__proto__.create', 'org.tmforum.constructor.patch', 'ORG.TMFORUM.PARTYROLE.CREATE', '0.3', '1', '1.0 '])])],
    [2, () => [...attributes, [anyName(random), anyText(random)] as const]],
    [1, () => [...attributes, [name, anyText(random)] as const]],
    [1, () => attributes.with(at, [name.toUpperCase(), anyText(random)])],
  ]);
}

function anyContentType(random: Random): string {
  return random.pick(['', ' ', 'text/plain', 'application/xml', 'application/octet-stream', 'APPLICATION/JSON; CHARSET=UTF-16', 'application/json;', ';', 'application/json, text/plain', STRUCTURED, 'application/cloudevents-batch+json', 'application/cloudevents+xml', '+json', '/json', 'x/y+json', 'multipart/form-data; boundary=x', 'a'.repeat(3_000)].concat(PATCH_TYPES));
}

/** Structured and binary mode at once, `data` and `data_base64` at once, attributes of every JSON type. */
function mixture(attributes: readonly (readonly [string, string])[], contentType: string, body: Buffer, random: Random): Content {
  const base64 = random.pick([body.toString('base64'), body.toString('base64url'), '=', '****', 'é', '']);
  const entries: (readonly [string, Tree])[] = [...attributes, ['datacontenttype', contentType]];
  const at = random.below(entries.length);
  const event = random.weighted<Tree>([
    [3, () => new Members([...entries, ['data_base64', base64]])],
    [1, () => new Members([...entries, ['data_base64', anyTree(random)]])],
    [2, () => new Members([...entries, ['data', anyTree(random)], ['data_base64', base64]])],
    [3, () => new Members(entries.with(at, [entries[at]?.[0] ?? '', anyTree(random)]))],
    [2, () => new Members([...entries, [anyName(random), anyTree(random)]])],
    [1, () => [new Members(entries)]],
    [1, () => anyTree(random)],
  ]);
  return {
    attributes: random.chance(0.5) ? attributes : [],
    body: Buffer.from(jsonText(event)),
    ...random.weighted<{ contentType?: string }>([
      [5, () => ({ contentType: STRUCTURED })],
      [2, () => ({ contentType })],
      [1, () => ({ contentType: 'application/octet-stream' })],
      [1, () => ({})],
    ]),
  };
}
