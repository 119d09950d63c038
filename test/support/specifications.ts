import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schema {
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly string[];
}

/** The shape of a notification. */
export interface EventShape {
  readonly attributes: readonly string[];
  /** The attribute that holds the resource. */
  readonly wrapper: string;
  /** What is in there. */
  readonly payload: readonly string[];
}

/** What a published specification says of one resource, read here and not by the code under test. */
export interface ResourceSpecification {
  readonly attributes: readonly string[];
  /** Mandatory in `_Create`. */
  readonly mandatory: readonly string[];
  /** What `_Update` lacks. */
  readonly fixed: readonly string[];
  /** The values of `@type`, where they are listed. */
  readonly types: readonly string[];
  /** Mandatory in another schema of the same specification. */
  readonly mandatoryOf: (schema: string) => readonly string[] | undefined;
  /** Undefined when the specification has no such event. */
  readonly event: (name: string) => EventShape | undefined;
}

const folder = join(__dirname, '../../src/handlers/spec');
const specifications = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { definitions: Readonly<Record<string, Schema>> }).definitions);

export function specificationOf(typeName: string): ResourceSpecification {
  const schemas = specifications.find((definitions) => `${typeName}_Create` in definitions);
  if (!schemas) throw new Error(`no specification has ${typeName}`);
  const resolve = ({ $ref = '' }: Schema): Schema => schemas[$ref.replace('#/definitions/', '')] ?? {};
  const named = (name: string): Schema => schemas[name] ?? {};
  const propertiesOf = ({ properties = {}, allOf = [] }: Schema): Record<string, Schema> =>
    Object.assign({}, ...allOf.map((part) => propertiesOf(resolve(part))), properties) as Record<string, Schema>;
  const attributes = propertiesOf(named(typeName));
  const patchable = propertiesOf(named(`${typeName}_Update`));
  return {
    attributes: Object.keys(attributes),
    mandatory: named(`${typeName}_Create`).required ?? [],
    fixed: Object.keys(attributes).filter((name) => !(name in patchable)),
    types: attributes['@type']?.enum ?? [],
    mandatoryOf: (schema) => (schema in schemas ? (named(schema).required ?? []) : undefined),
    event: (name) => {
      const properties = Object.entries(named(name).properties ?? {});
      const [wrapper, payload] = properties.find(([, { $ref }]) => $ref !== undefined) ?? [];
      if (wrapper === undefined || payload === undefined) return undefined;
      return { attributes: properties.map(([attribute]) => attribute), wrapper, payload: Object.keys(resolve(payload).properties ?? {}) };
    },
  };
}
