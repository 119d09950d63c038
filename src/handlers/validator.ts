import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { toUtcDateTime } from '../date-time.js';
import type { Fault } from '../errors.js';
import type { JsonObject } from '../json.js';
import { escapeToken } from './json-pointer.js';
import { flat, type Specification } from './schema.js';
import { schemaOf, type Dialect } from './json-schema.js';

/** What is checked, with keywords of our own. */
const CHECKED: Dialect = { place: '#/definitions/', dateTime: { utcDateTime: true }, period: { period: true }, remark: () => ({}) };

/**
 * Compiles the specification's schema of one definition, usually `<Resource>_Create`. Unknown attributes are allowed. The definition's
 * own mandatory text attributes may not be blank; a period may not end before it starts; date-times are read leniently and rewritten
 * in place as UTC text. Defaults are filled in place. For the rest see `schemaOf`.
 */
export function compileValidator(specification: Specification, definitionName: string): (resource: JsonObject) => Fault[] {
  const definitions: Record<string, object> = {};
  for (const name of Object.keys(specification.definitions)) definitions[name] = schemaOf(flat(specification, name), name === definitionName, CHECKED);
  const validate = ajv.compile({ definitions, $ref: CHECKED.place + definitionName });
  return (resource) => (validate(resource) ? [] : faultsOf(validate));
}

/** One for all; what is compiled is made here, and need not be looked over by the schema of schemas, which takes longer than the rest. */
const ajv = new Ajv({ allErrors: true, strictSchema: true, strictTypes: false, useDefaults: true, validateSchema: false })
  .addKeyword({
    keyword: 'utcDateTime',
    type: 'string',
    schema: false,
    modifying: true,
    errors: false,
    validate: (text: string, context?: { parentData: JsonObject; parentDataProperty: string | number }) => {
      const utc = toUtcDateTime(text);
      if (utc === undefined || context === undefined) return false;
      if (utc !== text) context.parentData[context.parentDataProperty] = utc;
      return true;
    },
  })
  .addKeyword({ keyword: 'period', type: 'object', schema: false, errors: false, validate: isPeriod });

/** Whether it does not end before it starts; what is no date-time is told elsewhere. */
function isPeriod({ startDateTime, endDateTime }: JsonObject): boolean {
  if (typeof startDateTime !== 'string' || typeof endDateTime !== 'string') return true;
  const [start, end] = [toUtcDateTime(startDateTime), toUtcDateTime(endDateTime)];
  return start === undefined || end === undefined || start <= end;
}

/** Whoever has more faults than these has one that is not in the details. */
const MAX_FAULTS = 100;

function faultsOf(validate: ValidateFunction): Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of validate.errors ?? []) {
    const fault = faultOf(error);
    if (fault) faults.set(`${fault.at} ${fault.problem}`, fault);
  }
  const all = [...faults.values()];
  return all.length <= MAX_FAULTS ? all : [...all.slice(0, MAX_FAULTS), { at: '/', problem: `and ${all.length - MAX_FAULTS} more` }];
}

function faultOf(error: ErrorObject): Fault | undefined {
  const at = error.instancePath === '' ? '/' : error.instancePath;
  switch (error.keyword) {
    case 'required': {
      // The two halves of "id or name" are told once, by anyOf.
      if (error.schemaPath.includes('/anyOf/')) return undefined;
      const missing = (error.params as { missingProperty: string }).missingProperty;
      return { at: `${error.instancePath}/${escapeToken(missing)}`, problem: 'is mandatory' };
    }
    case 'anyOf':
      return { at, problem: 'needs id or name' };
    case 'pattern':
      return { at, problem: 'must not be empty' };
    case 'period':
      return { at: `${error.instancePath}/endDateTime`, problem: 'is before startDateTime' };
    case 'enum':
      return { at, problem: `must be one of ${inOneCase((error.params as { allowedValues: string[] }).allowedValues).join(', ')}` };
    case 'utcDateTime':
      return { at, problem: 'must be a date-time such as 2024-05-31T08:30:00.000Z' };
    case 'minItems': {
      const { limit } = error.params as { limit: number };
      return { at, problem: `must have at least ${limit} ${limit === 1 ? 'element' : 'elements'}` };
    }
    case 'type': {
      const { type } = error.params as { type: string };
      return { at, problem: `must be ${/^[aio]/.test(type) ? 'an' : 'a'} ${type}` };
    }
    default:
      return { at, problem: error.message ?? error.keyword };
  }
}

function inOneCase(values: readonly string[]): string[] {
  return values.filter((value, index) => values.findIndex((other) => other.toLowerCase() === value.toLowerCase()) === index);
}
