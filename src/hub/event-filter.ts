import type { ResourceDefinition } from '../handlers/definition.js';
import type { JsonObject } from '../json.js';
import { parseConditions } from '../query/conditions.js';
import { selectFields } from '../query/fields.js';
import type { NamedCondition } from '../query/filter-parameter.js';
import { compileCondition } from '../query/match.js';
import { badParameter, decodeList } from '../query/parameter.js';
import { checkEventCondition, eventFields, eventScalarType, IMPORTED, undeclaredIn } from './event-attributes.js';
import type { LoggedEvent } from './logged-event.js';

/** Which events a subscriber wants, and what of them. */
export interface EventFilter {
  matches(event: LoggedEvent): boolean;
  /** What was chosen of a TM Forum envelope; the same object when nothing was. */
  slim(envelope: JsonObject): JsonObject;
  /** What whoever asked should know, though it may be as it is meant. */
  readonly warnings: readonly string[];
}

export const MAX_EVENT_QUERY = 8_000;

const FIELDS = 'fields=';

/**
 * Reads the `query` of a subscription (TMF630 part 1, notifications): the filters of lists, on what an event says. Names go from
 * the TM Forum envelope downwards: `eventType=PartyRoleCreateEvent&event.partyRole.status=active`; `imported` says whether it is
 * part of a mass import. `fields=` chooses what of the envelope is sent. An empty query wants everything of the API.
 * @param definitions those of one API
 * @throws Refusal 400 that names the parameter.
 */
export function parseEventQuery(query: string, definitions: readonly ResourceDefinition[]): EventFilter {
  if (query.length > MAX_EVENT_QUERY) throw badParameter('query', `has more than ${MAX_EVENT_QUERY} characters`);
  const parts = query.replace(/^\?/, '').split('&').filter((part) => part !== '');
  const chosen = parts.filter((part) => part.startsWith(FIELDS));
  const conditions = parseConditions(parts.filter((part) => !part.startsWith(FIELDS)), (path) => eventScalarType(path, definitions));
  for (const condition of conditions) checkEventCondition(condition, definitions);
  const fields = eventFields(chosen.flatMap((part) => decodeList('fields', part.slice(FIELDS.length))), definitions);
  return { matches: compiled(conditions, definitions), slim: (envelope) => selectFields(envelope, fields), warnings: undeclaredIn(conditions, definitions) };
}

function compiled(conditions: readonly NamedCondition[], definitions: readonly ResourceDefinition[]): EventFilter['matches'] {
  const keys = keysOf(conditions.filter(isAboutType), definitions);
  const onMark = conditions.filter(isAboutMark).map(compileCondition);
  const onEnvelope = conditions.filter((condition) => !isAboutType(condition) && !isAboutMark(condition)).map(compileCondition);
  return (event) =>
    keys.has(event.recorded.key) &&
    (onMark.length === 0 || fitsAll({ [IMPORTED]: isImported(event) }, onMark)) &&
    (onEnvelope.length === 0 || fitsAll(event.envelope, onEnvelope));
}

/** Which types fit is known beforehand, so that most events are passed over without a look at their content. */
function keysOf(conditions: readonly NamedCondition[], definitions: readonly ResourceDefinition[]): ReadonlySet<string> {
  const tests = conditions.map(compileCondition);
  return new Set(definitions.flatMap(({ name, events }) => Object.values(events).filter((eventType) => fitsAll({ eventType }, tests)).map((eventType) => `${name}.${eventType}`)));
}

function fitsAll(json: JsonObject, tests: readonly ((json: JsonObject) => boolean)[]): boolean {
  return tests.every((test) => test(json));
}

/** It lies around the envelope, and is absent where it is not true. */
function isImported({ cloudEvent }: LoggedEvent): boolean {
  return cloudEvent[IMPORTED] === true;
}

function isAboutType({ path: [name] }: NamedCondition): boolean {
  return name === 'eventType';
}

function isAboutMark({ path: [name] }: NamedCondition): boolean {
  return name === IMPORTED;
}
