import type { ResourceDefinition } from '../handlers/definition.js';
import { referencesIn, type Found, type Reference, type References } from '../handlers/references.js';
import { isResourceId } from '../resource-id.js';
import { datedPlaceOf } from '../store/latest.js';
import type { DatedPlace, Store, StoredResource } from '../store/store.js';

/** So many resources of one type are a part of a customer; what is beyond is left out, and that is said. */
const MAX_OF_A_TYPE = 500;

/** A resource with what it is. */
export interface Related {
  readonly definition: ResourceDefinition;
  readonly stored: StoredResource;
}

interface Party {
  /** Undefined: the role that was asked for names none. */
  readonly id: string | undefined;
  /** Undefined: the party is not here. */
  readonly profile: Related | undefined;
  readonly roles: readonly Related[];
  /** Types of which there are more. */
  readonly incomplete: readonly ResourceDefinition[];
}

/** A party with all that is its own. */
export interface Customer extends Party {
  /** What is neither profile nor role; of those with a date the latest, in that order. */
  readonly others: readonly Related[];
  /** Of these, by type: those with a date. */
  readonly dated: readonly (readonly [ResourceDefinition, Referring])[];
}

/** Some of the resources that refer to a customer. */
export interface Referring {
  readonly found: readonly Related[];
  /** Behind this place there are more; undefined: there are not. */
  readonly rest: DatedPlace | undefined;
}

/** Finds customers and what is theirs, by the references alone: what is which part is said by the definitions. */
export class Customers {
  private readonly profiles: readonly ResourceDefinition[];
  private readonly roles: readonly ResourceDefinition[];
  private readonly others: readonly ResourceDefinition[];
  /** By type: the places that make a resource someone's. */
  private readonly owners: ReadonlyMap<string, readonly Reference[]>;

  constructor(
    private readonly store: Store,
    definitions: readonly ResourceDefinition[],
    private readonly references: References,
  ) {
    this.profiles = definitions.filter(({ viewPart }) => viewPart === 'profile');
    this.roles = definitions.filter(({ viewPart }) => viewPart === 'role');
    this.others = definitions.filter((definition) => definition.viewPart !== undefined && !this.profiles.includes(definition) && !this.roles.includes(definition));
    this.owners = new Map([...this.roles, ...this.others].map((definition) => [definition.name, ownersOf(definition, references)]));
  }

  /** Types that an id may be asked for as. */
  get types(): readonly string[] {
    return [...this.profiles, ...this.roles].map(({ typeName }) => typeName);
  }

  /**
   * @param id of a party, or of one of its roles
   * @param type what it is the id of; undefined: a party if there is one, else a role
   * @returns undefined when there is neither, and no role names such a party
   */
  async find(id: string, type?: string): Promise<Customer | undefined> {
    const party = await this.party(id, type);
    return party && this.withOthers(party);
  }

  /** The latest resources of a type with a date that refer to the customer, behind a place. */
  async latest(party: Party, definition: ResourceDefinition, limit: number, before?: DatedPlace): Promise<Referring> {
    const date = definition.viewDate?.split('.');
    const ids = idsOf(party);
    const places = this.ownersOf(definition);
    const paths = places.map(({ path }) => path);
    const most = limit + 1;
    const stored = await (date ? this.store.latest(definition.name, paths, ids, date, most, before) : this.store.referrers(definition.name, paths, ids, most));
    const last = stored.length < most ? undefined : stored[limit - 1];
    const found = related(definition, stored.slice(0, limit)).filter(({ stored: { resource } }) => referencesIn(places, resource).some((named) => this.isOf(party, named)));
    return { found, rest: last && datedPlaceOf(last, date ?? []) };
  }

  private async party(id: string, type: string | undefined): Promise<Party | undefined> {
    const isMeant = ({ typeName }: ResourceDefinition): boolean => type === undefined || typeName === type;
    const [[profile], [role], engaged] = await Promise.all([
      this.living(this.profiles.filter(isMeant), [id]),
      this.living(this.roles.filter(isMeant), [id]),
      this.rolesOf(id),
    ]);
    if (profile) return this.withRoles(id, profile, engaged);
    if (role) return this.partyOf(role);
    return type === undefined && engaged.length > 0 ? this.withRoles(id, undefined, engaged) : undefined;
  }

  private async partyOf(role: Related): Promise<Party> {
    const [owner] = referencesIn(this.ownersOf(role.definition), role.stored.resource);
    if (!owner) return { id: undefined, profile: undefined, roles: [role], incomplete: [] };
    const profiles = this.references.candidates(owner.reference, owner.value).filter(({ viewPart }) => viewPart === 'profile');
    const [[profile], engaged] = await Promise.all([this.living(profiles, [owner.id]), this.rolesOf(owner.id)]);
    return this.withRoles(owner.id, profile, engaged);
  }

  private withRoles(id: string, profile: Related | undefined, engaged: readonly Related[]): Party {
    const party = { id, profile, roles: [], incomplete: [] };
    const own = engaged.filter(({ definition, stored }) => referencesIn(this.ownersOf(definition), stored.resource).some((named) => this.isOf(party, named)));
    const byType = this.roles.map((type) => ({ type, roles: own.filter(({ definition }) => definition === type) }));
    return { id, profile, roles: byType.flatMap(({ roles }) => roles.slice(0, MAX_OF_A_TYPE)), incomplete: byType.filter(({ roles }) => roles.length > MAX_OF_A_TYPE).map(({ type }) => type) };
  }

  /** The roles that name a party of this id. */
  private async rolesOf(id: string): Promise<Related[]> {
    const found = await Promise.all(
      this.roles.map(async (definition) => {
        const paths = this.ownersOf(definition).map(({ path }) => path);
        return related(definition, await this.store.referrers(definition.name, paths, [id], MAX_OF_A_TYPE + 1));
      }),
    );
    return found.flat();
  }

  private async withOthers(party: Party): Promise<Customer> {
    const named = this.namedBy(party.roles);
    const parts = await Promise.all(
      this.others.map(async (definition) => {
        const ids = definition.viewDate === undefined ? [...(named.get(definition.name) ?? [])] : [];
        const [referring, fromRoles] = await Promise.all([this.latest(party, definition, MAX_OF_A_TYPE), this.living([definition], ids)]);
        return { definition, referring, found: ids.length === 0 ? referring.found : eachOnce([...referring.found, ...fromRoles]) };
      }),
    );
    const dated = parts.filter(({ definition }) => definition.viewDate !== undefined).map(({ definition, referring }) => [definition, referring] as const);
    const cut = parts.filter(({ definition, referring: { rest } }) => rest && definition.viewDate === undefined).map(({ definition }) => definition);
    return { ...party, others: parts.flatMap(({ found }) => found), dated, incomplete: [...party.incomplete, ...cut] };
  }

  /** What roles name beside their party, as ids by type. */
  private namedBy(roles: readonly Related[]): Map<string, Set<string>> {
    const ids = new Map<string, Set<string>>();
    for (const { definition, stored } of roles) {
      for (const { reference, id, value } of referencesIn(this.references.places(definition.name), stored.resource)) {
        for (const { name } of this.references.candidates(reference, value)) ids.set(name, (ids.get(name) ?? new Set()).add(id));
      }
    }
    return ids;
  }

  /** A party that is elsewhere is known by its id alone. */
  private isOf({ id, profile, roles }: Omit<Party, 'incomplete'>, named: Found): boolean {
    if (profile === undefined && named.id === id) return true;
    return [...(profile ? [profile] : []), ...roles].some(
      ({ definition, stored }) => stored.id === named.id && this.references.mayName(named.reference, named.value, definition, stored.resource),
    );
  }

  private ownersOf(definition: ResourceDefinition): readonly Reference[] {
    return this.owners.get(definition.name) ?? [];
  }

  private async living(definitions: readonly ResourceDefinition[], ids: readonly string[]): Promise<Related[]> {
    const possible = ids.filter(isResourceId);
    if (possible.length === 0) return [];
    const found = await Promise.all(definitions.map(async (definition) => related(definition, [...(await this.store.load(definition.name, possible)).values()])));
    return found.flat().filter(({ stored }) => !stored.deleted);
  }
}

function ownersOf({ name, viewOwners }: ResourceDefinition, references: References): Reference[] {
  const parts = new Set<unknown>(['profile', 'role']);
  return references.places(name).filter(({ path, targets }) => (viewOwners ? viewOwners.includes(path.join('.')) : targets.some(({ viewPart }) => parts.has(viewPart))));
}

function idsOf({ id, roles }: Party): string[] {
  return [...new Set([...(id === undefined ? [] : [id]), ...roles.map(({ stored }) => stored.id)])];
}

function related(definition: ResourceDefinition, all: readonly StoredResource[]): Related[] {
  return all.map((stored) => ({ definition, stored }));
}

/** In order of their ids. */
function eachOnce(all: readonly Related[]): Related[] {
  const byId = new Map(all.map((one) => [one.stored.id, one]));
  return [...byId.values()].sort((one, other) => (one.stored.id < other.stored.id ? -1 : 1));
}
