import { referencePlaces, resourceNames, statedNames } from './handlers/index.js';
import type { LifeCycle } from './handlers/life-cycle.js';
import type { DeletionMode, ReferenceMode } from './handlers/references.js';
import { isTarget } from './hub/allowed-targets.js';
import { isObject } from './json.js';

/** One setting: an environment variable, its default and what it is for. */
interface Setting<T> {
  readonly name: string;
  readonly fallback: string;
  readonly help: string;
  /** @throws Error that says what is wrong with the text. */
  readonly parse: (text: string) => T;
}

function setting<T>(name: string, fallback: string, help: string, parse: (text: string) => T): Setting<T> {
  return { name, fallback, help, parse };
}

const text = (value: string): string => value;
const optional = (value: string): string | undefined => (value === '' ? undefined : value);
const oneOf =
  <T extends string>(...allowed: readonly T[]) =>
  (value: string): T => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
    return found;
  };
const integer =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) throw new Error(`must be a whole number from ${least} to ${most}`);
    return number;
  };
const flag = (value: string): boolean => oneOf('on', 'off')(value) === 'on';

function urlOf(...schemes: readonly string[]): (value: string) => string {
  return (value) => {
    const scheme = /^([a-z+]+):/.exec(value)?.[1];
    if (scheme === undefined || !schemes.includes(scheme)) throw new Error(`must begin with ${schemes.map((name) => `${name}:`).join(', ')}`);
    return value;
  };
}

function publicUrl(value: string): string {
  if (value === '') return '';
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') throw new Error('must be an http(s) URL without query');
  return value.replace(/\/+$/, '');
}

function basePath(value: string): string {
  const path = value.replace(/\/+$/, '');
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) throw new Error('must be a path such as /tmf-api');
  return path;
}

function prefix(value: string): string {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(value)) throw new Error('must be 1 to 31 of a-z 0-9 -, beginning with a letter');
  return value;
}

function eventSource(value: string): string {
  if (value === '' || /\s/.test(value)) throw new Error('must be a URI reference');
  return value;
}

function headerName(value: string): string | undefined {
  if (value !== '' && !/^[A-Za-z0-9-]+$/.test(value)) throw new Error('must be the name of an HTTP header');
  return optional(value.toLowerCase());
}

function adminToken(value: string): string | undefined {
  if (value !== '' && !/^[\x21-\x7e]{16,}$/.test(value)) throw new Error('must be 16 or more visible ASCII characters');
  return optional(value);
}

/** Host names, addresses and networks (CIDR). */
function allowedTargets(value: string): readonly string[] {
  const entries = value.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
  for (const entry of entries) if (!isTarget(entry)) throw new Error(`${entry}: must be a host name, an address or a network such as 10.1.0.0/16`);
  return entries;
}

export type Role = 'http' | 'worker' | 'hub';

function roles(value: string): ReadonlySet<Role> {
  return new Set(value.split(',').map((role) => oneOf<Role>('http', 'worker', 'hub')(role.trim())));
}

/** An index that an operator wants beside those of the resource's definition. */
export interface OwnIndex {
  /** `partyRole` */
  readonly resource: string;
  /** Dotted. */
  readonly path: string;
  readonly filterOnly: boolean;
}

/** MongoDB has at most 64 on a collection. */
const MAX_INDEXES = 40;

function indexes(value: string): readonly OwnIndex[] {
  const entries = value.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
  if (entries.length > MAX_INDEXES) throw new Error(`has more than ${MAX_INDEXES} entries`);
  return entries.map((entry) => {
    const [, resource = '', path = '', use] = /^([^:]*):([^:]*)(:filter)?$/.exec(entry) ?? [];
    if (!resourceNames.includes(resource)) throw new Error(`${entry}: must be RESOURCE:PATH or RESOURCE:PATH:filter, and there is the resource ${resourceNames.join(', ')}`);
    if (!/^[^.$[\]\s][^.[\]\s]*(\.[^.$[\]\s][^.[\]\s]*){0,19}$/.test(path)) throw new Error(`${entry}: the path must be attribute names joined by dots`);
    if (path === 'id' || path === 'href') throw new Error(`${entry}: lists by ${path} need no index of their own`);
    return { resource, path, filterOnly: use !== undefined };
  });
}

/** `lenient,partyRole.engagedParty:strict`: one for all, and others by place. The key `*` is that for all. */
const byPlace =
  <T extends string>(...allowed: readonly T[]) =>
  (value: string): ReadonlyMap<string, T> =>
    new Map(
      value.split(',').map((entry): [string, T] => {
        const [, place = '*', mode = ''] = /^(?:([^:]*):)?([^:]*)$/.exec(entry.trim()) ?? [];
        if (place !== '*' && !referencePlaces.includes(place)) throw new Error(`${entry}: there is no reference ${place}; there are ${referencePlaces.join(', ')}`);
        return [place, oneOf(...allowed)(mode)];
      }),
    );

/** JSON: by resource, each state with those that may follow it; null for none. */
function lifeCycles(value: string): ReadonlyMap<string, LifeCycle | undefined> {
  if (value === '') return new Map();
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    throw new Error('must be JSON such as {"partyRole":{"active":["suspended"],"suspended":["active"]}}');
  }
  if (!isObject(json)) throw new Error('must be a JSON object');
  return new Map(Object.entries(json).map(([resource, states]) => [resource, lifeCycleOf(resource, states)]));
}

function lifeCycleOf(resource: string, states: unknown): LifeCycle | undefined {
  if (!statedNames.includes(resource)) throw new Error(`${resource}: there is no such resource that has a state; there are ${statedNames.join(', ')}`);
  if (states === null) return undefined;
  if (!isObject(states)) throw new Error(`${resource}: must be an object of states, or null`);
  const known = Object.keys(states);
  if (known.length === 0) throw new Error(`${resource}: must have at least one state; null stands for no life cycle`);
  for (const [state, next] of Object.entries(states)) {
    if (!Array.isArray(next)) throw new Error(`${resource}.${state}: must be the list of the states that may follow`);
    const unknown = next.find((other) => typeof other !== 'string' || !known.includes(other));
    if (unknown !== undefined) throw new Error(`${resource}.${state}: ${JSON.stringify(unknown)} is no state of it (one that ends it is listed with [])`);
  }
  return states as unknown as LifeCycle;
}

const DAY = 24 * 60;

const settings = {
  busUrl: setting('BUS_URL', 'memory:', 'The broker: amqp(s)://…, nats://…, tls://… (NATS over TLS) or memory: (one process, embedded)', urlOf('amqp', 'amqps', 'nats', 'tls', 'memory')),
  storeUrl: setting('STORE_URL', 'file:./data', 'The database: mongodb(+srv)://…/NAME, file:FOLDER (embedded) or memory: (embedded, forgotten at the end)', urlOf('mongodb', 'mongodb+srv', 'file', 'memory')),
  port: setting('PORT', '8080', 'Port of the REST adapter and the health endpoints; 0 takes any free one', integer(0, 65535)),
  host: setting('HOST', '127.0.0.1', 'Address that the REST adapter listens on', text),
  roles: setting('ROLES', 'http,worker,hub', 'What this process does: http, worker and hub (delivers to registered listeners), one or more of them', roles),
  prefix: setting('PREFIX', 'tmf', 'First part of every exchange, queue, subject and stream; one deployment has one', prefix),
  lanes: setting('LANES', '8', 'How many lanes carry the commands; fixed at the first start', integer(1, 256)),
  topology: setting('TOPOLOGY', 'declare', 'declare: create exchanges, queues and streams; check: only see that they are there', oneOf('declare', 'check')),
  replyPrefix: setting('REPLY_PREFIX', '', 'Only reply-to addresses that begin so are answered (NATS: beside _INBOX.); empty: AMQP any queue but our own, NATS only _INBOX.', optional),
  publicUrl: setting('PUBLIC_URL', '', 'Public base URL of the API, first part of every href; empty: hrefs are paths', publicUrl),
  basePath: setting('BASE_PATH', '/tmf-api', 'Base path of all APIs: the one of party roles is then /tmf-api/partyRoleManagement/v4', basePath),
  eventSource: setting('EVENT_SOURCE', '/partyRoleManagement', 'CloudEvents source of the notifications, the same for all instances', eventSource),
  eventDomain: setting('EVENT_DOMAIN', '', 'The attribute domain of the TM Forum event envelope; empty: the name of the API, such as partyRoleManagement', optional),
  roleTypeDefault: setting('ROLE_TYPE_DEFAULT', 'on', 'on: a party role without roleType is answered with roleType {}; off: without', flag),
  lifeCycles: setting('LIFE_CYCLES', '', 'Life cycles in place of the built-in ones, as JSON: {"partyRole":{"active":["suspended","closed"],"suspended":["active"],"closed":[]},"individual":null}', lifeCycles),
  references: setting('REFERENCES', 'lenient', 'References to what should be here and is not: lenient (a warning), strict (409) or off (then deletions do not look there either); others by place: lenient,partyRole.engagedParty:strict', byPlace<ReferenceMode>('lenient', 'strict', 'off')),
  onDelete: setting('ON_DELETE', 'refuse', 'Deleting what others refer to: refuse (409), detach (their references are taken out) or keep; others by place: refuse,partyInteraction.relatedParty:keep', byPlace<DeletionMode>('refuse', 'detach', 'keep')),
  authidHeader: setting('AUTHID_HEADER', '', 'HTTP header in which a trusted gateway names the caller; empty: callers are not told apart', headerName),
  replyTimeoutMs: setting('REPLY_TIMEOUT_MS', '10000', 'How long a REST write waits for its reply', integer(100, 600_000)),
  bodyLimitBytes: setting('BODY_LIMIT_BYTES', '524288', 'Largest command or request body', integer(1024, 4 * 1024 * 1024)),
  maxDepth: setting('MAX_DEPTH', '64', 'Levels of arrays and objects in a resource', integer(4, 90)),
  pageDefault: setting('PAGE_DEFAULT', '100', 'Page size of a list without limit', integer(1, 10_000)),
  pageMax: setting('PAGE_MAX', '1000', 'Largest limit of a list', integer(1, 10_000)),
  countMax: setting('COUNT_MAX', '10000', 'How far the total of a list is counted; what goes on says so with X-Total-Count-Relation: gte', integer(1, 100_000_000)),
  indexes: setting('INDEXES', '', 'Further indexes for lists on MongoDB, as partyRole:PATH (filter and sort) or partyRole:PATH:filter, separated by commas', indexes),
  queryTimeoutMs: setting('QUERY_TIMEOUT_MS', '5000', 'How long a list query may run in the database', integer(100, 600_000)),
  prefetch: setting('PREFETCH', '2000', 'Commands taken from the broker and not yet acknowledged, over all lanes', integer(1, 10_000)),
  batchMax: setting('BATCH_MAX', '500', 'Commands in one commit', integer(1, 5_000)),
  retentionMinutes: setting('RETENTION_MINUTES', String(30 * DAY), 'How long receipts and published events are kept: a command repeated later is applied anew', integer(1, 3650 * DAY)),
  tombstoneMinutes: setting('TOMBSTONE_MINUTES', String(30 * DAY), 'How long a deleted resource keeps its place: created again before, it counts its revisions on', integer(1, 3650 * DAY)),
  maxRequests: setting('MAX_REQUESTS', '500', 'Requests under way at a time; beyond that the answer is 503 with Retry-After', integer(1, 100_000)),
  hubAllow: setting('HUB_ALLOW', '', 'Private targets that listeners may have, separated by commas: host names, addresses and networks such as 10.1.0.0/16', allowedTargets),
  hubHttpsOnly: setting('HUB_HTTPS_ONLY', 'off', 'on: listeners must be https', flag),
  hubTimeoutMs: setting('HUB_TIMEOUT_MS', '10000', 'How long a listener may take to answer', integer(10, 600_000)),
  hubConcurrency: setting('HUB_CONCURRENCY', '8', 'Deliveries under way to one listener', integer(1, 100)),
  hubAttempts: setting('HUB_ATTEMPTS', '12', 'How often an event is refused while others to the same listener are taken; then it is parked', integer(1, 1_000)),
  hubRetryMaxMs: setting('HUB_RETRY_MAX_MS', '60000', 'The longest pause between two attempts', integer(10, 3_600_000)),
  hubSuspendMinutes: setting('HUB_SUSPEND_MINUTES', '1440', 'After so long without any success a subscription is suspended', integer(1, 30 * DAY)),
  hubMax: setting('HUB_MAX', '1000', 'How many subscriptions there may be', integer(1, 100_000)),
  hubRotationMinutes: setting('HUB_ROTATION_MINUTES', '1440', 'How long the signing secret before the last still signs, too', integer(0, 30 * DAY)),
  maxStreams: setting('MAX_STREAMS', '100', 'Event streams (text/event-stream) under way at a time; beyond that the answer is 503', integer(1, 100_000)),
  adminToken: setting('ADMIN_TOKEN', '', 'Bearer token of /admin (dead letters, the hub, history), 16 characters or more; empty: there is no /admin', adminToken),
  drainMs: setting('DRAIN_MS', '0', 'After SIGTERM: how long requests are still accepted while readiness says no, for a load balancer to look elsewhere', integer(0, 600_000)),
  shutdownMs: setting('SHUTDOWN_MS', '10000', 'After that: how long what is under way may take', integer(0, 600_000)),
  logLevel: setting('LOG_LEVEL', 'info', 'trace, debug (a line for each command and event, with contents), info, warn, error, fatal or silent', oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')),
  logFormat: setting('LOG_FORMAT', 'auto', 'json, pretty, or auto: pretty on a terminal', oneOf('json', 'pretty', 'auto')),
};

type Settings = typeof settings;

/** All settings, as they were checked at start. */
export type Config = { readonly [Name in keyof Settings]: Settings[Name] extends Setting<infer T> ? T : never };

/** Names, defaults and help of all settings, for `--help` and the README. */
export const settingList: readonly Omit<Setting<unknown>, 'parse'>[] = Object.values(settings);

/** Every setting that is wrong, each with its name and what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** @throws ConfigError that names every bad variable at once. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, { name, fallback, parse }] of Object.entries(settings)) {
    try {
      values[key] = (parse as (value: string) => unknown)(environment[name] || fallback);
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const config = values as Config;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function contradictions(config: Config): string[] {
  const found: string[] = [];
  if (config.busUrl.startsWith('memory:') && !(config.roles.has('http') && config.roles.has('worker'))) found.push('BUS_URL memory: is one process, so ROLES must have http and worker');
  if (/^file:\/*$/.test(config.storeUrl)) found.push('STORE_URL file: must name a folder');
  if (config.pageDefault > config.pageMax) found.push('PAGE_DEFAULT must not be more than PAGE_MAX');
  if (config.tombstoneMinutes < config.retentionMinutes) found.push('TOMBSTONE_MINUTES must not be less than RETENTION_MINUTES: a kept receipt would outlive its resource');
  return found;
}

/** The text of `--help`. */
export function helpText(): string {
  const lines = settingList.map(({ name, fallback, help }) => `  ${name}${fallback === '' ? '' : `=${fallback}`}\n      ${help}`);
  return `Party Role Worker: applies TM Forum commands about customers and their roles once and announces every change.\nOperator's tools: dlq, hub, replay, snapshot, import, export, demo; each has its own --help.\n\nSettings, as environment variables with their defaults:\n${lines.join('\n')}\n`;
}
