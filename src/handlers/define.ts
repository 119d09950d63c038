import type { Json, JsonObject } from '../json.js';
import type { AttributeIndex, ResourceDefinition, Secrets, Stamps, ViewPart } from './definition.js';
import { uncapitalized } from './first-letter.js';
import type { LifeCycle } from './life-cycle.js';
import { resourceSchemas, type Subtypes } from './resource-schemas.js';
import { declaredAttributes, omittedByUpdate, referenceAttributes, scalarTypes, type Specification } from './schema.js';
import { compileValidator } from './validator.js';

/** What a definition file says: the rest is as its specification, or most specifications, have it. */
export interface ResourceOutline {
  readonly specification: Specification;
  /** `PartyRole`: the name of its schema. */
  readonly typeName: string;
  /** `partyRoleManagement` */
  readonly api: string;
  /** Default `status`; undefined where there is none. */
  readonly statusAttribute?: string | undefined;
  readonly stateAttributes?: readonly string[];
  readonly lifeCycle?: LifeCycle;
  /** How its event of a state change is named, after the type's name; default `StateChangeEvent`. */
  readonly stateChange?: 'StateChangeEvent' | 'StatusChangeEvent';
  /** Default `event`. */
  readonly wrapper?: string;
  /** Attributes beside the `@type` that answers always carry. */
  readonly answerDefaults?: Readonly<Record<string, Json>>;
  readonly stamps?: Partial<Stamps>;
  readonly referredBy?: readonly string[];
  /** Default `name`. */
  readonly nameAttributes?: readonly (readonly string[])[];
  readonly secrets?: Partial<Secrets>;
  /** Sorted and filtered by, beside the id; its references are filtered by anyway. */
  readonly sortedBy?: readonly string[];
  readonly viewPart?: ViewPart;
  readonly viewOwners?: readonly string[];
  readonly viewDate?: string;
  /** Which other schemas than `<typeName>_Create` a resource is checked by; default none. */
  readonly subtypes?: Subtypes;
}

/** A complete definition. The validators are compiled when they are first needed. */
export function defineResource(outline: ResourceOutline): ResourceDefinition {
  const { specification, typeName, stateChange = 'StateChangeEvent', subtypes, sortedBy = ['name', 'status'], viewOwners, viewDate } = outline;
  const secrets: Secrets = { dropped: [], masked: {}, ...outline.secrets };
  const stamps: Stamps = { onCreate: () => ({}), onStateChange: [], onChange: [], ...outline.stamps };
  const validators = new Map<string, ReturnType<typeof compileValidator>>();
  const references = referenceAttributes(specification, typeName);
  const indexes: AttributeIndex[] = sortedBy.map((path) => ({ path }));
  for (const { path } of references) {
    const id = `${path.join('.')}.id`;
    if (!sortedBy.includes(id)) indexes.push({ path: id, filterOnly: true });
    if (viewDate !== undefined && viewOwners?.includes(path.join('.'))) indexes.push({ path: id, filterOnly: true, latestBy: viewDate });
  }
  return {
    name: uncapitalized(typeName),
    typeName,
    api: outline.api,
    version: 'v4',
    validate: (resource) => {
      const schema = subtypes ? schemaIn(subtypes, resource) : `${typeName}_Create`;
      const validate = validators.get(schema) ?? compileValidator(specification, schema);
      validators.set(schema, validate);
      return validate(resource);
    },
    unpatchable: omittedByUpdate(specification, typeName),
    answerDefaults: { ...outline.answerDefaults, '@type': typeName },
    statusAttribute: 'statusAttribute' in outline ? outline.statusAttribute : 'status',
    stateAttributes: outline.stateAttributes ?? [],
    lifeCycle: outline.lifeCycle,
    stamps,
    references,
    referredBy: outline.referredBy ?? [],
    nameAttributes: outline.nameAttributes ?? [['name']],
    secrets,
    schemas: resourceSchemas({ specification, typeName, subtypes, secrets, setOnCreate: Object.keys(stamps.onCreate('')) }),
    wrapper: outline.wrapper ?? 'event',
    events: {
      create: `${typeName}CreateEvent`,
      attributeValueChange: `${typeName}AttributeValueChangeEvent`,
      stateChange: typeName + stateChange,
      delete: `${typeName}DeleteEvent`,
    },
    indexes,
    declared: declaredAttributes(specification, typeName),
    scalarType: scalarTypes(specification, typeName),
    viewPart: outline.viewPart,
    viewOwners,
    viewDate,
  };
}

function schemaIn({ common, schemas }: Subtypes, { '@type': type }: JsonObject): string {
  return (typeof type === 'string' ? schemas.get(uncapitalized(type)) : undefined) ?? common;
}
