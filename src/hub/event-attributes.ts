import type { ResourceDefinition } from '../handlers/definition.js';
import type { ScalarType } from '../handlers/schema.js';
import { undeclared } from '../handlers/undeclared.js';
import { type Fields, fieldsOf } from '../query/fields.js';
import type { NamedCondition } from '../query/filter-parameter.js';
import { compileCondition } from '../query/match.js';
import { badParameter } from '../query/parameter.js';
import type { Operator } from '../store/query.js';

/** CloudEvents extension: the event is part of a mass import. */
export const IMPORTED = 'imported';

/** What the TM Forum envelope has beside the resource, as `notification` writes it. */
const ENVELOPE: Readonly<Record<string, ScalarType>> = {
  eventId: 'string',
  eventTime: 'date-time',
  eventType: 'string',
  timeOcurred: 'date-time',
  domain: 'string',
  correlationId: 'string',
  fieldPath: 'string',
};

const ALWAYS = ['eventId', 'eventTime', 'eventType'];
const ALWAYS_OF_RESOURCE = ['id', 'href', '@type'];

/** What single value lies at a path of an event, where the envelope or the resource's specification says it. */
export function eventScalarType([first = '', name, ...path]: readonly string[], definitions: readonly ResourceDefinition[]): ScalarType | undefined {
  if (first === IMPORTED) return name === undefined ? 'boolean' : undefined;
  if (Object.hasOwn(ENVELOPE, first)) return name === undefined ? ENVELOPE[first] : undefined;
  return definitions.find((definition) => definition.wrapper === first && definition.name === name)?.scalarType(path);
}

/** Lets through what an event of these resources can fit. @throws Refusal 400 that names the parameter. */
export function checkEventCondition(condition: NamedCondition, definitions: readonly ResourceDefinition[]): void {
  const [first = ''] = condition.path;
  if (first === IMPORTED) checkMark(condition);
  else if (first === 'eventType') checkTypes(condition, definitions);
  else if (!Object.hasOwn(ENVELOPE, first)) checkInside(condition, definitions);
}

/** Which of the attributes are not in the specifications: senders' own, or mistakes, with which nothing would ever come. */
export function undeclaredIn(conditions: readonly NamedCondition[], definitions: readonly ResourceDefinition[]): string[] {
  const paths = conditions.map(({ path }) => path);
  return definitions.flatMap((definition) => {
    const inside = paths.filter(([first, name]) => first === definition.wrapper && name === definition.name);
    return undeclared(definition, inside.map((path) => path.slice(2)));
  });
}

/**
 * The choice that `fields=` makes of an envelope. A name that the envelope does not have is the resource's: `fields=name` is
 * `fields=event.partyRole.name`. What tells events and resources apart is always chosen.
 */
export function eventFields(names: readonly string[], definitions: readonly ResourceDefinition[]): Fields | undefined {
  const inside = (attribute: string): string[] => definitions.map(({ wrapper, name }) => `${wrapper}.${name}.${attribute}`);
  const paths = names.map((name) => name.trim()).flatMap((name) => (isPlain(name, definitions) ? [name] : inside(name)));
  return fieldsOf(paths, [...ALWAYS, ...ALWAYS_OF_RESOURCE.flatMap(inside)]);
}

/** Whether it is no attribute of a resource. */
function isPlain(name: string, definitions: readonly ResourceDefinition[]): boolean {
  const [first = ''] = name.split('.');
  return name === '' || name === 'none' || Object.hasOwn(ENVELOPE, first) || definitions.some(({ wrapper }) => wrapper === first);
}

function checkMark({ parameter, operator, values }: NamedCondition): void {
  if (!isEquality(operator) || !values.every((value) => value === 'true' || value === 'false')) throw badParameter(parameter, 'is true or false');
}

function checkTypes(condition: NamedCondition, definitions: readonly ResourceDefinition[]): void {
  const { parameter, operator, values } = condition;
  const types = definitions.flatMap(({ events }) => Object.values(events));
  const fits = compileCondition(condition);
  const unknown = isEquality(operator) ? values.find((value) => !types.includes(value)) : types.some((eventType) => fits({ eventType })) ? undefined : values.join();
  if (unknown !== undefined) throw badParameter(parameter, `this API has no event ${unknown.slice(0, 100)}; it has ${types.join(', ')}`);
}

function checkInside({ parameter, path: [first = '', name, ...path] }: NamedCondition, definitions: readonly ResourceDefinition[]): void {
  const definition = definitions.find((candidate) => candidate.wrapper === first && candidate.name === name);
  if (!definition) {
    const places = definitions.map((candidate) => `${candidate.wrapper}.${candidate.name}.…`);
    throw badParameter(parameter, `is nothing that events of this API have; they have ${[...Object.keys(ENVELOPE), IMPORTED, ...places].join(', ')}`);
  }
  if (path.length === 0) throw badParameter(parameter, `is no single value; an attribute of it is ${first}.${definition.name}.id`);
  const hidden = path.find((attribute) => Object.hasOwn(definition.secrets.masked, attribute));
  if (hidden !== undefined) throw badParameter(parameter, `${hidden} is masked in events, so they are not filtered by it`);
}

function isEquality(operator: Operator): boolean {
  return operator === 'eq' || operator === 'ne' || operator === 'in' || operator === 'nin';
}
