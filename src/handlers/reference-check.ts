import { Refusal, type Fault } from '../errors.js';
import { isObject, sameJson, type Json, type JsonObject } from '../json.js';
import type { Guard } from '../store/store.js';
import type { ResourceDefinition } from './definition.js';
import { isReference, referencesIn, type Place, type Reference, type References, type Surroundings } from './references.js';

/** They are kept with the command, and stand in a header: one that names thousands of unknown things must not fill these. */
const MAX_WARNINGS = 10;
const MAX_ID_CHARACTERS = 128;

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
  const check = new ReferenceCheck(references, world);
  let filled = resource;
  for (const reference of references.of(definition.name)) {
    const [first = ''] = reference.path;
    if (!Object.hasOwn(resource, first)) continue;
    // What a merge patch leaves alone is the very same value.
    if (before && sameJson(before[first], resource[first])) continue;
    const known = new Set(before ? referencesIn([reference], before).map(({ value }) => canonical(value)) : []);
    const checked = (value: JsonObject, at: Place): JsonObject => (known.size > 0 && known.has(canonical(value)) ? value : check.lookUp(reference, withoutStale(value, before, at), at));
    filled = changedAt(filled, reference.path, 0, [], checked) as JsonObject;
  }
  if (check.faults.length > 0) throw new Refusal(409, `${definition.typeName} refers to what does not exist`, check.faults);
  return { resource: filled, warnings: bounded(check.warnings), relied: check.relied };
}

/** What described another resource is not kept when a patch changes the id alone; elements of arrays come whole. */
function withoutStale(value: JsonObject, before: JsonObject | undefined, at: Place): JsonObject {
  if (!before || at.some((step) => typeof step === 'number')) return value;
  const old = at.reduce<Json | undefined>((holder, name) => (isObject(holder) ? holder[name] : undefined), before);
  if (!isObject(old) || old['id'] === value['id']) return value;
  return Object.fromEntries(Object.entries(value).filter(([name, part]) => !OF_TARGET.has(name) || part !== old[name]));
}

const OF_TARGET: ReadonlySet<string> = new Set(['name', '@referredType', 'href']);

class ReferenceCheck {
  readonly warnings: string[] = [];
  readonly faults: Fault[] = [];
  readonly relied: Guard[] = [];

  constructor(
    private readonly references: References,
    private readonly world: Surroundings,
  ) {}

  /** The reference as it is to be kept. */
  lookUp(reference: Reference, value: JsonObject, at: Place): JsonObject {
    if (!isReference(value)) return value;
    const id = value['id'] as string;
    const candidates = this.references.candidates(reference, value);
    const here = candidates.flatMap((target) => {
      const found = this.world.resource(target.name, id);
      return found ? [{ target, ...found }] : [];
    });
    const [first, second] = here;
    if (first) {
      if (reference.mode === 'strict') this.relied.push(...here.map(({ target, revision }) => ({ type: target.name, id, revision })));
      // With several of the same id nobody knows which one is meant.
      return second ? value : completed(value, first.target, first.resource);
    }
    if (candidates.length > 0) {
      const fault = { at: `/${at.join('/')}`, problem: `there is no ${candidates.map(({ typeName }) => typeName).join(' or ')} ${id.slice(0, MAX_ID_CHARACTERS)}` };
      if (reference.mode === 'strict') this.faults.push(fault);
      else this.warnings.push(`${fault.at}: ${fault.problem}`);
    }
    return value;
  }
}

function bounded(warnings: readonly string[]): readonly string[] {
  const more = warnings.length - MAX_WARNINGS;
  return more > 0 ? [...warnings.slice(0, MAX_WARNINGS), `and ${more} more`] : warnings;
}

function completed(value: JsonObject, target: ResourceDefinition, resource: JsonObject): JsonObject {
  const name = Object.hasOwn(value, 'name') ? undefined : nameOf(target, resource);
  if (name === undefined && Object.hasOwn(value, '@referredType')) return value;
  return { ...value, ...(name === undefined ? {} : { name }), '@referredType': value['@referredType'] ?? target.typeName };
}

/** What a resource is called in references to it. */
function nameOf({ nameAttributes }: ResourceDefinition, resource: JsonObject): string | undefined {
  for (const attributes of nameAttributes) {
    const parts = attributes.flatMap((name) => {
      const part = Object.hasOwn(resource, name) ? resource[name] : '';
      return typeof part === 'string' && part !== '' ? [part] : [];
    });
    if (parts.length === attributes.length) return parts.join(' ');
  }
  return undefined;
}

/** A copy with other objects at the end of the path, arrays passed through; the same value where nothing changes. */
function changedAt(value: Json, path: readonly string[], depth: number, at: Place, change: (value: JsonObject, at: Place) => JsonObject): Json {
  if (Array.isArray(value)) {
    let changed = false;
    const elements = value.map((element, index) => {
      const other = changedAt(element, path, depth, [...at, index], change);
      changed ||= other !== element;
      return other;
    });
    return changed ? elements : value;
  }
  if (!isObject(value)) return value;
  const name = path[depth];
  if (name === undefined) return change(value, at);
  if (!Object.hasOwn(value, name)) return value;
  const child = value[name] ?? null;
  const other = changedAt(child, path, depth + 1, [...at, name], change);
  return other === child ? value : { ...value, [name]: other };
}

/** The same text for the same value, whatever the order of its attributes. */
function canonical(value: JsonObject): string {
  return JSON.stringify(value, (_name, part: Json) => (isObject(part) ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1))) : part));
}
