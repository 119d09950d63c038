import { Refusal, type Fault } from '../errors.js';
import { isObject, sameJson, type Json, type JsonObject } from '../json.js';
import type { Guard, StoredResource } from '../store/store.js';
import type { ResourceDefinition } from './definition.js';
import type { ReferenceAttribute } from './schema.js';

/** What happens when a reference names a resource that should be here and is not. */
export type ReferenceMode = 'off' | 'lenient' | 'strict';
/** What happens to a reference when what it names is to be deleted. */
export type DeletionMode = 'refuse' | 'detach' | 'keep';

/** As many resources of one type may refer to one that is to be deleted, for their references to be taken out in one commit with it. */
export const MAX_REFERRERS = 1_000;

/** A place where one type of resource refers to others. */
export interface Reference extends ReferenceAttribute {
  readonly mode: ReferenceMode;
  readonly onDelete: DeletionMode;
  /** The resources that live here and may be named without `@referredType`. */
  readonly targets: readonly ResourceDefinition[];
}

/** A type of resources with its places that may name another one. */
export interface Referring {
  readonly type: string;
  readonly places: readonly Reference[];
}

/** How the resources that this service serves refer to each other. */
export class References {
  private readonly everywhere = new Map<string, readonly Reference[]>();
  private readonly byType = new Map<string, readonly Reference[]>();
  private readonly byName: ReadonlyMap<string, ResourceDefinition>;
  private readonly byTypeName: ReadonlyMap<string, ResourceDefinition>;
  private readonly byTarget: ReadonlyMap<string, readonly Referring[]>;

  /** @param modes by place, `partyRole.engagedParty`; `*` for all others */
  constructor(
    definitions: readonly ResourceDefinition[],
    modes: { readonly missing: ReadonlyMap<string, ReferenceMode>; readonly deleted: ReadonlyMap<string, DeletionMode> },
    private readonly isHere: (href: string) => boolean,
  ) {
    this.byName = new Map(definitions.map((definition) => [definition.name, definition]));
    this.byTypeName = new Map(definitions.map((definition) => [definition.typeName, definition]));
    for (const { name, references } of definitions) {
      const places = references.map(({ path, schema }): Reference => {
        const place = `${name}.${path.join('.')}`;
        const mode = modes.missing.get(place) ?? modes.missing.get('*') ?? 'lenient';
        const onDelete = modes.deleted.get(place) ?? modes.deleted.get('*') ?? 'refuse';
        return { path, schema, mode, onDelete, targets: definitions.filter(({ referredBy }) => referredBy.includes(schema)) };
      });
      const known = places.filter(({ targets }) => targets.length > 0);
      this.everywhere.set(name, known);
      this.byType.set(name, known.filter(({ mode }) => mode !== 'off'));
    }
    this.byTarget = new Map(definitions.map(({ name }) => [name, this.referringTo(name)]));
  }

  definitionOf(type: string): ResourceDefinition | undefined {
    return this.byName.get(type);
  }

  /** Where this type of resource may name others, whether that is checked or not. */
  places(type: string): readonly Reference[] {
    return this.everywhere.get(type) ?? [];
  }

  /** Where this type of resource refers to others, as far as that is checked. */
  of(type: string): readonly Reference[] {
    return this.byType.get(type) ?? [];
  }

  /** The places that may name a resource of this type, by the type that has them. */
  to(target: ResourceDefinition): readonly Referring[] {
    return this.byTarget.get(target.name) ?? [];
  }

  private referringTo(target: string): Referring[] {
    return [...this.byType].flatMap(([type, references]) => {
      const places = references.filter(({ targets, onDelete }) => onDelete !== 'keep' && targets.some(({ name }) => name === target));
      return places.length === 0 ? [] : [{ type, places }];
    });
  }

  /** Whether this value may name this resource: by what it is, or by what it says that it is (`@type`). */
  mayName(reference: Reference, value: JsonObject, definition: ResourceDefinition, resource: JsonObject): boolean {
    const { href, '@referredType': referredType } = value;
    if (this.candidates(reference, value).some(({ name }) => name === definition.name)) return true;
    return referredType !== undefined && referredType === resource['@type'] && (typeof href !== 'string' || this.isHere(href));
  }

  /** The resources here that this value may name; none when it names something elsewhere. */
  candidates(reference: Reference, value: JsonObject): readonly ResourceDefinition[] {
    const { href, '@referredType': referredType } = value;
    if (typeof href === 'string' && !this.isHere(href)) return [];
    if (typeof referredType !== 'string') return reference.targets;
    const named = this.byTypeName.get(capitalized(referredType));
    return named ? [named] : [];
  }
}

/** A value that refers to something, and where it stands. */
export interface Found {
  readonly reference: Reference;
  /** Attribute names and places in arrays, from the resource downwards. */
  readonly at: readonly (string | number)[];
  readonly id: string;
  readonly value: JsonObject;
}

/** Every reference with an id in a resource, or in a merge patch of one. */
export function referencesIn(places: readonly Reference[], resource: Json): Found[] {
  const found: Found[] = [];
  for (const reference of places) {
    visit(resource, reference.path, [], (value, at) => {
      const { id } = value;
      if (typeof id === 'string' && id !== '') found.push({ reference, at, id, value });
    });
  }
  return found;
}

function visit(value: Json | undefined, path: readonly string[], at: Found['at'], take: (value: JsonObject, at: Found['at']) => void): void {
  if (Array.isArray(value)) {
    value.forEach((element, index) => visit(element, path, [...at, index], take));
  } else if (isObject(value)) {
    const [name, ...rest] = path;
    if (name === undefined) take(value, at);
    else if (Object.hasOwn(value, name)) visit(value[name], rest, [...at, name], take);
  }
}

/** What a decision may know of other resources. */
export interface Surroundings {
  /** The living resource of this type and id; undefined: there is none. */
  resource(type: string, id: string): Pick<StoredResource, 'revision' | 'resource'> | undefined;
  /** The living resources that name this one at any of the places. */
  referrers(type: string, id: string): readonly Referrer[];
}

export interface Referrer {
  readonly type: string;
  readonly id: string;
  readonly revision: number;
  readonly resource: JsonObject;
}

export interface Checked {
  /** With `name` and `@referredType` of its references where they were absent. */
  readonly resource: JsonObject;
  /** What is missing, as far as that is allowed. */
  readonly warnings: readonly string[];
  /** What must still be as it was seen. */
  readonly relied: readonly Guard[];
}

/**
 * Looks up what the resource refers to and did not refer to before.
 * @throws Refusal 409 for what must be here and is not.
 */
export function checkReferences(definition: ResourceDefinition, resource: JsonObject, before: JsonObject | undefined, references: References, world: Surroundings): Checked {
  const places = references.of(definition.name);
  const known = before ? referencesIn(places, before) : [];
  const warnings: string[] = [];
  const faults: Fault[] = [];
  const relied: Guard[] = [];
  let filled = resource;
  for (const { reference, at, id, value } of referencesIn(places, resource)) {
    if (known.some((other) => other.reference === reference && sameJson(other.value, value))) continue;
    const candidates = references.candidates(reference, value);
    const here = candidates.flatMap((target) => {
      const found = world.resource(target.name, id);
      return found ? [{ target, ...found }] : [];
    });
    const [first, second] = here;
    if (first) {
      if (!second) filled = replaced(filled, at, completed(value, first.target, first.resource)) as JsonObject;
      if (reference.mode === 'strict') relied.push(...here.map(({ target, revision }) => ({ type: target.name, id, revision })));
    } else if (candidates.length > 0) {
      const fault = { at: `/${at.join('/')}`, problem: `there is no ${candidates.map(({ typeName }) => typeName).join(' or ')} ${id}` };
      if (reference.mode === 'strict') faults.push(fault);
      else warnings.push(`${fault.at}: ${fault.problem}`);
    }
  }
  if (faults.length > 0) throw new Refusal(409, `${definition.typeName} refers to what does not exist`, faults);
  return { resource: filled, warnings, relied };
}

function completed(value: JsonObject, target: ResourceDefinition, resource: JsonObject): JsonObject {
  const name = nameOf(target, resource);
  return { ...(name === undefined ? {} : { name }), '@referredType': target.typeName, ...value };
}

/** A copy with another value at one place. */
function replaced(holder: Json, [step, ...rest]: Found['at'], value: Json): Json {
  if (step === undefined) return value;
  if (Array.isArray(holder)) return holder.map((element, index) => (index === step ? replaced(element, rest, value) : element));
  return isObject(holder) ? { ...holder, [step]: replaced(holder[step] ?? null, rest, value) } : holder;
}

/** What a resource is called in references to it. */
export function nameOf({ nameAttributes }: ResourceDefinition, resource: JsonObject): string | undefined {
  for (const attributes of nameAttributes) {
    const parts = attributes.map((name) => (Object.hasOwn(resource, name) ? resource[name] : undefined));
    if (parts.every((part) => typeof part === 'string' && part !== '')) return parts.join(' ');
  }
  return undefined;
}

/** The resource without its references to another one: elements of arrays are taken out, attributes removed. */
export function detached(places: readonly Reference[], resource: JsonObject, isIt: (found: JsonObject, reference: Reference) => boolean): JsonObject {
  const copy = structuredClone(resource);
  for (const reference of places) cut(copy, reference.path, (value) => isIt(value, reference));
  return copy;
}

function cut(holder: Json | undefined, path: readonly string[], isIt: (value: JsonObject) => boolean): void {
  if (Array.isArray(holder)) {
    for (const element of holder) cut(element, path, isIt);
    return;
  }
  const [name, ...rest] = path;
  if (!isObject(holder) || name === undefined || !Object.hasOwn(holder, name)) return;
  const value = holder[name] ?? null;
  if (rest.length > 0) {
    cut(value, rest, isIt);
  } else if (Array.isArray(value)) {
    holder[name] = value.filter((element) => !isObject(element) || !isIt(element));
  } else if (isObject(value) && isIt(value)) {
    delete holder[name];
  }
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
