import type { ResourceDefinition } from '../handlers/definition.js';
import { DEFS, referredIn } from '../handlers/resource-schemas.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { eventSchemas, eventTypesOf } from './event-schemas.js';

const COMPONENTS = '#/components/schemas/';

/** Everything that is said of a resource, by name; they refer to each other as `#/$defs/<name>`. */
export function schemasOf(definition: ResourceDefinition): Record<string, JsonObject> {
  const { components, create, patch } = definition.schemas;
  const schemas: Record<string, JsonObject> = { ...components, ...eventSchemas(definition) };
  for (const name of [create, patch]) schemas[name] = withStates(schemas[name] ?? {}, definition);
  return schemas;
}

/** A schema that stands alone, at the address that it says. */
export function standaloneSchema(definition: ResourceDefinition, name: string, uri: string): JsonObject {
  const all = schemasOf(definition);
  const needed = new Set<string>();
  const need = (schema: JsonObject): void => {
    for (const referred of referredIn(schema)) {
      if (needed.has(referred)) continue;
      needed.add(referred);
      need(all[referred] ?? {});
    }
  };
  const schema = all[name] ?? {};
  need(schema);
  const defs = Object.fromEntries([...needed].map((referred) => [referred, all[referred] ?? {}]));
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: uri, title: name, ...schema, $defs: defs };
}

/** What is served as a schema of its own: the resource, what is sent of it, and its events. */
export function ownSchemas(definition: ResourceDefinition): string[] {
  const { whole, create, patch } = definition.schemas;
  return [whole, create, patch, ...eventTypesOf(definition)];
}

/** The schemas of all in one place. */
export function resourceComponents(definitions: readonly ResourceDefinition[]): JsonObject {
  const entries = definitions.flatMap((definition) =>
    Object.entries(schemasOf(definition)).map(([name, schema]) => [componentName(definition, name), inComponents(schema, definition)] as const),
  );
  return Object.fromEntries(entries);
}

export function refTo(definition: ResourceDefinition, name: string): JsonObject {
  return ref(componentName(definition, name));
}

/** To a schema that is no resource's. */
export function ref(name: string): JsonObject {
  return { $ref: COMPONENTS + name };
}

/** A part is called as its API and itself: other APIs have another of the same name. */
function componentName(definition: ResourceDefinition, name: string): string {
  return ownSchemas(definition).includes(name) ? name : `${definition.api}.${name}`;
}

function inComponents<T extends Json>(schema: T, definition: ResourceDefinition): T {
  if (Array.isArray(schema)) return schema.map((element) => inComponents(element, definition)) as T;
  if (!isObject(schema)) return schema;
  const moved = Object.entries(schema).map(([name, value]): [string, Json] =>
    name === '$ref' && typeof value === 'string' ? [name, COMPONENTS + componentName(definition, value.slice(DEFS.length))] : [name, inComponents(value, definition)],
  );
  return Object.fromEntries(moved) as T;
}

/** With the states that the life cycle knows, which a setting may have chosen. */
function withStates(schema: JsonObject, { statusAttribute, lifeCycle }: ResourceDefinition): JsonObject {
  const { properties } = schema;
  if (statusAttribute === undefined || lifeCycle === undefined || !isObject(properties)) return schema;
  return { ...schema, properties: { ...properties, [statusAttribute]: { type: 'string', enum: Object.keys(lifeCycle) } } };
}
