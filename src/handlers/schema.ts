import type { Json } from '../json.js';

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
export interface SchemaNode {
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

/** JSON Schema types of single values, with text that is a date-time, or one of the enumerated values of `@type`, as types of their own. */
export type ScalarType = 'string' | 'date-time' | 'type-name' | 'number' | 'integer' | 'boolean';

/** An attribute that refers to another resource. */
export interface ReferenceAttribute {
  /** Attribute names from the resource downwards; arrays are passed through. */
  readonly path: readonly string[];
  /** The specification's schema of the reference: `RelatedParty`, `AccountRef`. */
  readonly schema: string;
}

const DEFINITIONS = '#/definitions/';
const SCALARS: readonly ScalarType[] = ['string', 'number', 'integer', 'boolean'];

/** Tells what single value, if any, the specification declares at a dotted path of a definition. */
export function scalarTypes(specification: Specification, definitionName: string): (path: readonly string[]) => ScalarType | undefined {
  return (path) => {
    const node = path.reduce<SchemaNode | undefined>(
      (parent, name) => ownProperty(resolve(specification, parent)?.properties, name),
      { $ref: DEFINITIONS + definitionName },
    );
    const { type, format, enum: values } = resolve(specification, node) ?? {};
    if (format === 'date-time') return format;
    if (values && path.at(-1) === '@type') return 'type-name';
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
      const name = nameOfReferred(node.$ref);
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
export function flat(specification: Specification, name: string): SchemaNode {
  const node: SchemaNode = ownProperty(specification.definitions, name) ?? {};
  const { allOf, ...own } = node;
  if (!allOf) return own;
  const parts = [...allOf.map((part) => (part.$ref === undefined ? part : flat(specification, nameOfReferred(part.$ref)))), own];
  return {
    ...own,
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, SchemaNode>,
    required: parts.flatMap(({ required }) => required ?? []),
  };
}

function resolve(specification: Specification, node: SchemaNode | undefined): SchemaNode | undefined {
  if (node?.$ref !== undefined) return flat(specification, nameOfReferred(node.$ref));
  return node?.type === 'array' ? resolve(specification, node.items) : node;
}

function ownProperty<T>(object: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** `#/definitions/RelatedParty` → `RelatedParty` */
export function nameOfReferred(pointer: string): string {
  return pointer.slice(DEFINITIONS.length);
}

/** What references have in common. */
export const OF_REFERENCES: ReadonlySet<string> = new Set(['id', 'href', 'name', '@referredType', 'isRef']);

/** References to entities of other APIs carry `@referredType` (TMF630 part 2, entity references) and are nothing without an id or a name. */
export function isReference({ properties, required }: SchemaNode): boolean {
  return properties !== undefined && '@referredType' in properties && required?.some((name) => name === 'id' || name === 'name') === true;
}
