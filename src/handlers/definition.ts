import type { Fault } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import type { LifeCycle } from './life-cycle.js';
import type { ReferenceAttribute, ScalarType } from './schema.js';

export interface AttributeIndex {
  /** Dotted; it may go through arrays. */
  readonly path: string;
  /** For filters only, not for `sort`: costs less where most resources lack the attribute. */
  readonly filterOnly?: boolean;
  /** The path of a date-time: of those that have one value at `path`, the latest come first. */
  readonly latestBy?: string;
}

/** What the service sets where the sender did not. */
export interface Stamps {
  /** Attributes of a create that lacks them. */
  readonly onCreate: (now: string) => JsonObject;
  /** Date-times of the last state change. */
  readonly onStateChange: readonly string[];
  /** Date-times of the last change of anything. */
  readonly onChange: readonly string[];
}

/** Values that must not be seen by everybody. */
export interface Secrets {
  /** Attributes, at any depth, that are forgotten on arrival: nothing of them is kept, logged or set aside. */
  readonly dropped: readonly string[];
  /**
   * Attributes of the resource that are in full only in the resource itself and the answer to a GET by id: all but the last
   * four characters, or all of them, are replaced by `*` elsewhere.
   */
  readonly masked: Readonly<Record<string, 'lastFour' | 'all'>>;
}

/** What others may read of a resource's schemas, and check by. */
export interface ResourceSchemas {
  /** JSON Schemas (draft 2020-12) by name, all that are needed; they refer to each other as `#/$defs/<name>`. */
  readonly components: Readonly<Record<string, JsonObject>>;
  /** Name of the resource's own as it is answered and announced. */
  readonly whole: string;
  /** The body of a creation. */
  readonly create: string;
  /** A merge patch. */
  readonly patch: string;
}

/** Which part of the view of a customer these resources are. */
export type ViewPart = 'profile' | 'role' | 'account' | 'agreement' | 'paymentMethod' | 'interaction';

/** Everything that makes one TM Forum resource different from another. A new resource is one of these, see `defineResource`. */
export interface ResourceDefinition {
  /** `partyRole`: in command types, routing keys, paths and event payloads. */
  readonly name: string;
  /** `PartyRole`: the resource's `@type` and the start of its event names. */
  readonly typeName: string;
  /** The API it belongs to, as in `/tmf-api/<api>/v4`: `partyRoleManagement`. */
  readonly api: string;
  /** `v4`: what `dataschema` may name. */
  readonly version: string;
  /** Checks a whole resource by the creation rules and brings its date-times to UTC text in place. Returns every fault. */
  readonly validate: (resource: JsonObject) => Fault[];
  /** What it is checked by and answered as, for others to read. */
  readonly schemas: ResourceSchemas;
  /** Attributes that a patch may not change: those that the specification's `_Update` omits. */
  readonly unpatchable: readonly string[];
  /** Attributes that answers carry even when they were never given. */
  readonly answerDefaults: Readonly<Record<string, Json>>;
  /** The attribute that holds the life cycle state; undefined: there is none. */
  readonly statusAttribute: string | undefined;
  /** Attributes that belong to a change of the state when they change with it: its reason, its date. */
  readonly stateAttributes: readonly string[];
  /** Which state may follow which; undefined: any text may follow any. */
  readonly lifeCycle: LifeCycle | undefined;
  readonly stamps: Stamps;
  /** Where it refers to other resources. */
  readonly references: readonly ReferenceAttribute[];
  /** The specification's reference schemas that may point at it: `RelatedParty`. */
  readonly referredBy: readonly string[];
  /** What makes its name in a reference: the first of these whose attributes are all there, joined by spaces. */
  readonly nameAttributes: readonly (readonly string[])[];
  readonly secrets: Secrets;
  /** The attribute of the event envelope that holds the resource: `event`. */
  readonly wrapper: string;
  readonly events: {
    readonly create: string;
    readonly attributeValueChange: string;
    readonly stateChange: string;
    readonly delete: string;
  };
  /** What lists are often filtered or sorted by; the database indexes it. Each costs every write. */
  readonly indexes: readonly AttributeIndex[];
  /** The attributes that the specification declares, those of all its types. Others are kept as well. */
  readonly declared: ReadonlySet<string>;
  /** What the specification declares the value at a dotted path to be, if it is one that nothing lies below. */
  readonly scalarType: (path: readonly string[]) => ScalarType | undefined;
  readonly viewPart: ViewPart | undefined;
  /** Its references that make it a part of the customer whom they name, dotted; undefined: all that may name one. */
  readonly viewOwners: readonly string[] | undefined;
  /** Where its own date is, dotted: that view shows the latest of these, and they stand in its timeline. */
  readonly viewDate: string | undefined;
}
