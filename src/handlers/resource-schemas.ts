import { isObject, type Json, type JsonObject } from '../json.js';
import { RESOURCE_ID_PATTERN } from '../resource-id.js';
import type { ResourceSchemas, Secrets } from './definition.js';
import { inBothCases } from './first-letter.js';
import { schemaOf, type Dialect } from './json-schema.js';
import { mergePatchSchema } from './merge-patch-schema.js';
import { flat, type SchemaNode, type Specification } from './schema.js';

/** Resources that are checked by the schema of their `@type`, the first letter of which may have either case. */
export interface Subtypes {
  /** The schema of those without one of their own. */
  readonly common: string;
  /** By `@type`, the first letter lower case. */
  readonly schemas: ReadonlyMap<string, string>;
}

export interface SchemaOutline {
  readonly specification: Specification;
  readonly typeName: string;
  readonly subtypes: Subtypes | undefined;
  readonly secrets: Secrets;
  /** What the service sets where a creation lacks it. */
  readonly setOnCreate: readonly string[];
}

/** Where components lie in a schema that stands alone. */
export const DEFS = '#/$defs/';

/** The same schemas that the resource is checked by, in words that everybody knows: a period may end before it starts. */
export function resourceSchemas(outline: SchemaOutline): ResourceSchemas {
  const { typeName } = outline;
  let built: Record<string, JsonObject> | undefined;
  return {
    whole: typeName,
    create: `${typeName}_Create`,
    patch: `${typeName}_Update`,
    // Few processes are asked for them.
    get components() {
      return (built ??= componentsOf(outline));
    },
  };
}

function componentsOf({ specification, typeName, subtypes, secrets, setOnCreate }: SchemaOutline): Record<string, JsonObject> {
  const dialect: Dialect = { place: DEFS, dateTime: { format: 'date-time' }, period: {}, remark: (attribute) => remarkOn(attribute, secrets) };
  const components: Record<string, JsonObject> = {};
  const partOf = (name: string): JsonObject => (components[name] ??= schemaOf(flat(specification, name), subtypeNames.has(name), dialect));
  const subtypeNames = new Set(subtypes?.schemas.values());
  const bySubtype = subtypes ? { allOf: [...subtypes.schemas].map(([type, schema]) => ({ if: typeIs(type), then: { $ref: DEFS + schema } })) } : {};

  const rules = flat(specification, subtypes?.common ?? `${typeName}_Create`);
  const mandatory = [...new Set(rules.required)];
  const created = schemaOf({ ...rules, required: mandatory.filter((name) => !setOnCreate.includes(name)) }, true, dialect);
  components[`${typeName}_Create`] = { ...created, properties: { ...propertiesOf(created), id: ID }, ...bySubtype };

  const whole = schemaOf({ ...flat(specification, typeName), required: [...new Set(['id', 'href', '@type', ...mandatory])] }, false, dialect);
  components[typeName] = { ...whole, properties: { id: TEXT, href: TEXT, '@type': TEXT, ...withoutDropped(propertiesOf(whole), secrets) }, ...bySubtype };

  const patchable: SchemaNode = { ...flat(specification, `${typeName}_Update`), required: mandatory };
  components[`${typeName}_Update`] = mergePatchSchema(schemaOf(patchable, true, dialect), mandatory, (name, patched) => {
    const part = partOf(name);
    if (!isObject(part['properties'])) return name;
    components[`${name}_Patch`] ??= patched(part);
    return `${name}_Patch`;
  });

  for (const schema of Object.values(components)) complete(schema, partOf);
  return components;
}

const TEXT: JsonObject = { type: 'string' };
const ID: JsonObject = { type: 'string', pattern: RESOURCE_ID_PATTERN };

function typeIs(type: string): JsonObject {
  return { properties: { '@type': { enum: inBothCases(type) } }, required: ['@type'] };
}

function propertiesOf({ properties }: JsonObject): JsonObject {
  return isObject(properties) ? properties : {};
}

function withoutDropped(properties: JsonObject, { dropped }: Secrets): JsonObject {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !dropped.includes(name)));
}

function remarkOn(attribute: string, { dropped, masked }: Secrets): JsonObject {
  if (dropped.includes(attribute)) return { writeOnly: true, description: 'Forgotten on arrival.' };
  return Object.hasOwn(masked, attribute) ? { description: 'Masked everywhere but in the answer to a GET by id.' } : {};
}

/** Sees to it that what the schema refers to is there. */
function complete(schema: Json, partOf: (name: string) => JsonObject, done = new Set<string>()): void {
  for (const name of referredIn(schema)) {
    if (done.has(name)) continue;
    done.add(name);
    complete(partOf(name), partOf, done);
  }
}

/** The names of the components that a schema refers to. */
export function referredIn(schema: Json): string[] {
  if (Array.isArray(schema)) return schema.flatMap(referredIn);
  if (!isObject(schema)) return [];
  return Object.entries(schema).flatMap(([name, value]) => (name === '$ref' && typeof value === 'string' ? [value.slice(DEFS.length)] : referredIn(value)));
}
