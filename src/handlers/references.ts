import { isObject, type Json, type JsonObject } from '../json.js';
import type { StoredResource } from '../store/store.js';
import type { ResourceDefinition } from './definition.js';
import { capitalized } from './first-letter.js';
import type { ReferenceAttribute } from './schema.js';

/** What happens when a reference names a resource that should be here and is not. */
export type ReferenceMode = 'off' | 'lenient' | 'strict';
/** What happens to a reference when what it names is to be deleted. */
export type DeletionMode = 'refuse' | 'detach' | 'keep';

/** As many resources may refer to one that is to be deleted, for their references to be taken out in one commit with it. */
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

  /** The resources here that this value may name; none when it names something elsewhere, or what nobody here would look for. */
  candidates(reference: Reference, value: JsonObject): readonly ResourceDefinition[] {
    const { href, '@referredType': referredType } = value;
    if (typeof href === 'string' && !this.isHere(href)) return [];
    if (typeof referredType !== 'string') return reference.targets;
    const named = this.byTypeName.get(capitalized(referredType));
    return named && reference.targets.includes(named) ? [named] : [];
  }
}

/** A value that refers to something, and where it stands. */
export interface Found {
  readonly reference: Reference;
  readonly at: Place;
  readonly id: string;
  readonly value: JsonObject;
}

/** Attribute names and places in arrays, from the resource downwards. */
export type Place = readonly (string | number)[];

/** Every reference with an id in a resource, or in a merge patch of one. */
export function referencesIn(places: readonly Reference[], resource: Json): Found[] {
  const found: Found[] = [];
  for (const reference of places) {
    const take = (value: JsonObject, at: Place): void => {
      const { id } = value;
      if (isReference(value) && typeof id === 'string') found.push({ reference, at, id, value });
    };
    visit(resource, reference.path, 0, [], take);
  }
  return found;
}

/** Whether it names something: by its id, and not as a value of its own. */
export function isReference({ id, isRef }: JsonObject): boolean {
  return typeof id === 'string' && id !== '' && isRef !== false;
}

function visit(value: Json | undefined, path: readonly string[], depth: number, at: Place, take: (value: JsonObject, at: Place) => void): void {
  if (Array.isArray(value)) {
    value.forEach((element, index) => visit(element, path, depth, [...at, index], take));
  } else if (isObject(value)) {
    const name = path[depth];
    if (name === undefined) take(value, at);
    else if (Object.hasOwn(value, name)) visit(value[name], path, depth + 1, [...at, name], take);
  }
}

/** What a decision may know of other resources. */
export interface Surroundings {
  /** The living resource of this type and id; undefined: there is none. */
  resource(type: string, id: string): Pick<StoredResource, 'revision' | 'resource'> | undefined;
  /** The living resources that name this one at any of the places. */
  referrers(type: string, id: string): Referrers;
}

export interface Referrers {
  /** Others may be among them that only have the id in common. */
  readonly found: readonly Referrer[];
  /** There are more than are looked at. */
  readonly more: boolean;
}

export interface Referrer {
  readonly type: string;
  readonly id: string;
  readonly revision: number;
  readonly resource: JsonObject;
}
