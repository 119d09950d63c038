import { v5 as uuidv5 } from 'uuid';
import { type Fault, Refusal } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { NAMESPACE } from '../handlers/notification.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { Dialect, NewSubscription, OAuthClient, SigningSecret } from '../store/hub-store.js';
import { AttributeReader } from './attribute-reader.js';
import { DEFAULT_DIALECT, DIALECTS } from './dialects.js';
import { MAX_EVENT_QUERY, parseEventQuery } from './event-filter.js';
import { checkCallback, type TargetRules } from './safe-target.js';
import { readSecret } from './signature.js';

/** What was asked for: all of a new subscription but where it begins. */
export type Registration = Omit<NewSubscription, 'cursor'>;

/** Longer than any callback that is accepted. */
const MAX_TARGET = 10_000;

/**
 * Reads the body of a registration: `callback`, `query` and `@type` (TMF630 part 1, notifications: `EventSubscriptionInput`), and
 * the extensions `dialect`, `signingSecret` (`whsec_…`, Standard Webhooks) and `oauth` (`tokenUrl`, `clientId`, `clientSecret`,
 * `scope`). What is null is absent; other attributes are ignored.
 * @param definitions those of the API
 * @throws Refusal 400 that names each attribute that is wrong; 403 for targets that this deployment does not allow.
 */
export function readRegistration(body: Json, api: string, definitions: readonly ResourceDefinition[], rules: TargetRules): Registration {
  if (!isObject(body)) throw new Refusal(400, 'The request body must be a JSON object');
  const reader = new AttributeReader(body);
  const forbidden: Fault[] = [];
  const callback = targetIn(reader, 'callback', rules, forbidden);
  const query = queryIn(reader, definitions);
  const dialect = dialectIn(reader);
  const type = reader.optional('@type');
  const signing = signingIn(reader);
  const oauth = oauthIn(reader, rules, forbidden);
  for (const [name, meant] of misspelt(body)) reader.fault(name, `is ${meant} in another case`);
  if (reader.faults.length > 0) throw new Refusal(400, 'The registration is not valid', reader.faults);
  if (forbidden.length > 0) throw new Refusal(403, 'This target is not allowed', forbidden);
  const id = uuidv5(JSON.stringify([api, callback, query, dialect]), NAMESPACE);
  return { id, api, callback, query, dialect, ...(type === undefined ? {} : { type }), secrets: { signing, ...(oauth ? { oauth } : {}) } };
}

const KNOWN = ['callback', 'query', 'dialect', 'signingSecret', 'oauth'] as const;

/** Ignored they would make a subscription that is not filtered, or not signed. */
function misspelt(body: JsonObject): [name: string, meant: string][] {
  return Object.keys(body).flatMap((name): [string, string][] => {
    const meant = KNOWN.find((known) => known !== name && known.toLowerCase() === name.toLowerCase());
    return meant === undefined ? [] : [[name, meant]];
  });
}

/** A URL that events or credentials are sent to. */
function targetIn(reader: AttributeReader, name: string, rules: TargetRules, forbidden: Fault[]): string {
  const target = reader.required(name, MAX_TARGET);
  if (target === undefined) return '';
  const verdict = checkCallback(target, rules);
  if ('ok' in verdict) return target;
  if (verdict.status === 400) reader.fault(name, verdict.problem);
  // Whoever asked can do nothing about it; whom they ask needs to know what to look for.
  else forbidden.push({ at: reader.pointer(name), problem: `${verdict.problem} (the operator's setting ${rules.httpsOnly && !/^https:/i.test(target) ? 'HUB_HTTPS_ONLY' : 'HUB_ALLOW'})` });
  return target;
}

function queryIn(reader: AttributeReader, definitions: readonly ResourceDefinition[]): string {
  const query = reader.optional('query', MAX_EVENT_QUERY) ?? '';
  try {
    parseEventQuery(query, definitions);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const { at, problem } of error.faults) reader.fault('query', `${at}: ${problem}`);
  }
  return query;
}

function dialectIn(reader: AttributeReader): Dialect {
  const text = reader.optional('dialect');
  const dialect = text === undefined ? DEFAULT_DIALECT : DIALECTS.find((known) => known === text);
  if (dialect === undefined) reader.fault('dialect', `must be one of ${DIALECTS.join(', ')}`);
  return dialect ?? DEFAULT_DIALECT;
}

function signingIn(reader: AttributeReader): SigningSecret[] {
  const text = reader.optional('signingSecret');
  if (text === undefined) return [];
  const secret = readSecret(text);
  if (secret !== undefined) return [{ secret }];
  reader.fault('signingSecret', 'must be whsec_ and 24 to 64 bytes in base64');
  return [];
}

function oauthIn(reader: AttributeReader, rules: TargetRules, forbidden: Fault[]): OAuthClient | undefined {
  const inner = reader.within('oauth');
  if (!inner) return undefined;
  const tokenUrl = targetIn(inner, 'tokenUrl', rules, forbidden);
  const clientId = inner.required('clientId') ?? '';
  const clientSecret = inner.required('clientSecret') ?? '';
  const scope = inner.optional('scope');
  return { tokenUrl, clientId, clientSecret, ...(scope === undefined ? {} : { scope }) };
}
