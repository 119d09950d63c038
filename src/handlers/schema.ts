import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Fault } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { toUtcDateTime } from '../date-time.js';
import { capitalized, uncapitalized } from './first-letter.js';

/** A TM Forum v4 specification file (Swagger 2.0); only its `definitions` are used. */
export interface Specification {
  readonly definitions: Readonly<Record<string, SchemaDefinition>>;
}

export interface SchemaDefinition {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, object>>;
  readonly allOf?: readonly object[];
}

/** A JSON Schema node as the specification writes it. */
interface SchemaNode {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly allOf?: readonly SchemaNode[];
  readonly enum?: readonly string[];
  readonly minItems?: number;
  readonly default?: Json;
}

/** JSON Schema types of single values, with text that is a date-time as a type of its own. */
export type ScalarType = 'string' | 'date-time' | 'number' | 'integer' | 'boolean';

/** An attribute that refers to another resource. */
export interface ReferenceAttribute {
  /** Attribute names from the resource downwards; arrays are passed through. */
  readonly path: readonly string[];
  /** The specification's schema of the reference: `RelatedParty`, `AccountRef`. */
  readonly schema: string;
}

const DEFINITIONS = '#/definitions/';
const SCALARS: readonly ScalarType[] = ['string', 'number', 'integer', 'boolean'];

/**
 * Compiles the specification's schema of one definition, usually `<Resource>_Create`. Unknown attributes are allowed. It departs
 * from the specification's letter in these ways: a reference needs `id` or `name` and nothing else; the definition's own
 * mandatory text attributes may not be blank; a period may not end before it starts; the first letter's case of an enumerated
 * `@type` does not matter; date-times are read leniently and rewritten in place as UTC text. Defaults are filled in place.
 */
export function compileValidator(specification: Specification, definitionName: string): (resource: JsonObject) => Fault[] {
  const definitions: Record<string, object> = {};
  for (const name of Object.keys(specification.definitions)) definitions[name] = schemaOf(flat(specification, name), name === definitionName);
  const validate = ajv.compile({ definitions, $ref: DEFINITIONS + definitionName });
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

/** Tells what single value, if any, the specification declares at a dotted path of a definition. */
export function scalarTypes(specification: Specification, definitionName: string): (path: readonly string[]) => ScalarType | undefined {
  return (path) => {
    const node = path.reduce<SchemaNode | undefined>(
      (parent, name) => ownProperty(resolve(specification, parent)?.properties, name),
      { $ref: DEFINITIONS + definitionName },
    );
    const { type, format } = resolve(specification, node) ?? {};
    if (format === 'date-time') return format;
    return SCALARS.find((scalar) => scalar === type);
  };
}

/** The names of the attributes of a definition, and of those that are made of it by `allOf`: its types. */
export function declaredAttributes(specification: Specification, definitionName: string): ReadonlySet<string> {
  const isType = (node: SchemaNode): boolean => node.allOf?.some(({ $ref }) => $ref === DEFINITIONS + definitionName) === true;
  const names = Object.entries(specification.definitions).flatMap(([name, node]) => (name === definitionName || isType(node) ? [name] : []));
  return new Set(names.flatMap((name) => Object.keys(flat(specification, name).properties ?? {})));
}

/** The attributes that `<Resource>_Update` omits: a patch may not change them. */
export function omittedByUpdate(specification: Specification, typeName: string): string[] {
  const patchable = flat(specification, `${typeName}_Update`).properties ?? {};
  return Object.keys(flat(specification, typeName).properties ?? {}).filter((name) => !(name in patchable));
}

/** Where the schema of one definition refers to other entities. */
export function referenceAttributes(specification: Specification, definitionName: string): ReferenceAttribute[] {
  const found: ReferenceAttribute[] = [];
  const enter = (node: SchemaNode, path: readonly string[], inside: readonly string[]): void => {
    if (node.type === 'array' && node.items) {
      enter(node.items, path, inside);
    } else if (node.$ref !== undefined) {
      const name = node.$ref.slice(DEFINITIONS.length);
      if (inside.includes(name)) return;
      const referred = flat(specification, name);
      if (isReference(referred)) found.push({ path, schema: name });
      enter(referred, path, [...inside, name]);
    } else {
      for (const [name, property] of Object.entries(node.properties ?? {})) enter(property, [...path, name], inside);
    }
  };
  enter({ $ref: DEFINITIONS + definitionName }, [], []);
  return found;
}

/** A definition with what it takes over from others (`allOf`) as its own. */
function flat(specification: Specification, name: string): SchemaNode {
  const node: SchemaNode = ownProperty(specification.definitions, name) ?? {};
  const { allOf, ...own } = node;
  if (!allOf) return own;
  const parts = [...allOf.map((part) => (part.$ref === undefined ? part : flat(specification, part.$ref.slice(DEFINITIONS.length)))), own];
  return {
    ...own,
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, SchemaNode>,
    required: parts.flatMap(({ required }) => required ?? []),
  };
}

function resolve(specification: Specification, node: SchemaNode | undefined): SchemaNode | undefined {
  if (node?.$ref !== undefined) return flat(specification, node.$ref.slice(DEFINITIONS.length));
  return node?.type === 'array' ? resolve(specification, node.items) : node;
}

function ownProperty<T>(object: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

function schemaOf(node: SchemaNode, mandatoryTextNotBlank: boolean): Record<string, unknown> {
  if (node.$ref !== undefined) return { $ref: node.$ref };
  const schema: Record<string, unknown> = {};
  if (node.type !== undefined) schema['type'] = node.type;
  if (node.format === 'date-time') schema['utcDateTime'] = true;
  if (node.items) schema['items'] = schemaOf(node.items, false);
  if (node.minItems !== undefined) schema['minItems'] = node.minItems;
  if (node.default !== undefined) schema['default'] = node.default;
  if (node.properties) {
    const properties: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(node.properties)) {
      properties[name] = schemaOf(property, false);
      if (property.enum) properties[name] = { type: 'string', enum: name === '@type' ? inBothCases(property.enum) : property.enum };
      else if (mandatoryTextNotBlank && property.type === 'string' && property.format !== 'date-time' && node.required?.includes(name)) properties[name] = { type: 'string', pattern: '\\S' };
    }
    schema['properties'] = properties;
    if ('startDateTime' in properties && 'endDateTime' in properties) schema['period'] = true;
    const mandatory = node.required ?? [];
    if (isReference(node)) {
      schema['anyOf'] = [{ required: ['id'] }, { required: ['name'] }];
      schema['required'] = mandatory.filter((name) => !OF_REFERENCES.has(name));
    } else if (mandatory.length > 0) {
      schema['required'] = mandatory;
    }
  }
  return schema;
}

/** `bankCard` in the enumeration, `BankCard` as the name of its schema. */
function inBothCases(values: readonly string[]): string[] {
  return values.flatMap((value) => [uncapitalized(value), capitalized(value)]);
}

function inOneCase(values: readonly string[]): string[] {
  return values.filter((value, index) => values.findIndex((other) => other.toLowerCase() === value.toLowerCase()) === index);
}

const OF_REFERENCES: ReadonlySet<string> = new Set(['id', 'href', 'name', '@referredType', 'isRef']);

/** References to entities of other APIs carry `@referredType` (TMF630 part 2, entity references) and are nothing without an id or a name. */
function isReference({ properties, required }: SchemaNode): boolean {
  return properties !== undefined && '@referredType' in properties && required?.some((name) => name === 'id' || name === 'name') === true;
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
    default:
      return { at, problem: error.message ?? error.keyword };
  }
}

/** One reference token of a JSON pointer (RFC 6901, section 3). */
export function escapeToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
