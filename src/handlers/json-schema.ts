import type { JsonObject } from '../json.js';
import { inBothCases } from './first-letter.js';
import { isReference, nameOfReferred, OF_REFERENCES, type SchemaNode } from './schema.js';

/** How a schema says what the drafts of JSON Schema have different words for, or none. */
export interface Dialect {
  /** What stands before the name of a schema that is referred to. */
  readonly place: string;
  /** A text that is a date-time. */
  readonly dateTime: JsonObject;
  /** An object with a start and an end. */
  readonly period: JsonObject;
  /** What is said besides of an attribute of this name. */
  readonly remark: (attribute: string) => JsonObject;
}

/**
 * A schema of the specification as JSON Schema. It departs from the specification's letter in these ways: a reference needs `id` or
 * `name` and nothing else; mandatory text may not be blank where that is asked for; the first letter's case of an enumerated
 * `@type` does not matter.
 */
export function schemaOf(node: SchemaNode, mandatoryTextNotBlank: boolean, dialect: Dialect): JsonObject {
  if (node.$ref !== undefined) return { $ref: dialect.place + nameOfReferred(node.$ref) };
  const schema: JsonObject = {};
  if (node.type !== undefined) schema['type'] = node.type;
  if (node.format === 'date-time') Object.assign(schema, dialect.dateTime);
  if (node.items) schema['items'] = schemaOf(node.items, false, dialect);
  if (node.minItems !== undefined) schema['minItems'] = node.minItems;
  if (node.default !== undefined) schema['default'] = node.default;
  if (node.properties) {
    const properties: JsonObject = {};
    for (const [name, property] of Object.entries(node.properties)) {
      const notBlank = mandatoryTextNotBlank && property.type === 'string' && property.format !== 'date-time' && node.required?.includes(name);
      properties[name] = { ...(property.enum ? enumerated(name, property.enum) : notBlank ? { type: 'string', pattern: '\\S' } : schemaOf(property, false, dialect)), ...dialect.remark(name) };
    }
    schema['properties'] = properties;
    if ('startDateTime' in properties && 'endDateTime' in properties) Object.assign(schema, dialect.period);
    const mandatory = [...(node.required ?? [])];
    if (isReference(node)) {
      schema['anyOf'] = [{ required: ['id'] }, { required: ['name'] }];
      schema['required'] = mandatory.filter((name) => !OF_REFERENCES.has(name));
    } else if (mandatory.length > 0) {
      schema['required'] = mandatory;
    }
  }
  return schema;
}

function enumerated(name: string, values: readonly string[]): JsonObject {
  return { type: 'string', enum: name === '@type' ? values.flatMap(inBothCases) : [...values] };
}
