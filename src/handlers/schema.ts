import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Fault } from '../errors.js';
import type { JsonObject } from '../json.js';
import { toUtcDateTime } from '../date-time.js';
import type { ScalarType } from './definition.js';

/** A TM Forum v4 specification file (Swagger 2.0); only its `definitions` are used. */
export interface Specification {
  readonly definitions: Readonly<Record<string, SchemaDefinition>>;
}

export interface SchemaDefinition {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, object>>;
}

/** A JSON Schema node as the specification writes it. */
interface SchemaNode {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
}

const DEFINITIONS = '#/definitions/';
const SCALARS: readonly ScalarType[] = ['string', 'number', 'integer', 'boolean'];

/**
 * Compiles the specification's schema of one definition, usually `<Resource>_Create`. Unknown attributes are allowed. It departs
 * from the specification's letter in three ways: a reference needs `id` or `name` and nothing else; the definition's own
 * mandatory text attributes may not be blank; date-times are read leniently and rewritten in place as UTC text.
 */
export function compileValidator(specification: Specification, definitionName: string): (resource: JsonObject) => Fault[] {
  const ajv = new Ajv({ allErrors: true, strictSchema: true, strictTypes: false });
  ajv.addKeyword({
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
  });
  const definitions: Record<string, object> = {};
  for (const [name, definition] of Object.entries(specification.definitions)) {
    definitions[name] = schemaOf(definition, name === definitionName);
  }
  const validate = ajv.compile({ definitions, $ref: DEFINITIONS + definitionName });
  return (resource) => (validate(resource) ? [] : faultsOf(validate));
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

/** The attributes that `<Resource>_Update` omits: a patch may not change them. */
export function omittedByUpdate(specification: Specification, typeName: string): string[] {
  const patchable = specification.definitions[`${typeName}_Update`]?.properties ?? {};
  return Object.keys(specification.definitions[typeName]?.properties ?? {}).filter((name) => !(name in patchable));
}

function resolve(specification: Specification, node: SchemaNode | undefined): SchemaNode | undefined {
  if (node?.$ref !== undefined) {
    return resolve(specification, ownProperty(specification.definitions, node.$ref.slice(DEFINITIONS.length)));
  }
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
  if (node.properties) {
    const properties: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(node.properties)) {
      properties[name] = schemaOf(property, false);
      if (mandatoryTextNotBlank && property.type === 'string' && node.required?.includes(name)) {
        properties[name] = { type: 'string', pattern: '\\S' };
      }
    }
    schema['properties'] = properties;
    if (isReference(node)) schema['anyOf'] = [{ required: ['id'] }, { required: ['name'] }];
    else if (node.required) schema['required'] = node.required;
  }
  return schema;
}

/** References to entities of other APIs carry `@referredType` (TMF630 part 2, entity references). */
function isReference(node: SchemaNode): boolean {
  return node.properties !== undefined && '@referredType' in node.properties;
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
