import type { Json, JsonObject } from '../json.js';
import type { Fault } from '../errors.js';

/** JSON Schema types of single values, with text that is a date-time as a type of its own. */
export type ScalarType = 'string' | 'date-time' | 'number' | 'integer' | 'boolean';

export interface AttributeIndex {
  /** Dotted; it may go through arrays. */
  readonly path: string;
  /** For filters only, not for `sort`: costs less where most resources lack the attribute. */
  readonly filterOnly?: boolean;
}

/** Everything that makes one TM Forum resource different from another. A new resource is one of these. */
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
  /** Attributes that a patch may not change: those that the specification's `_Update` omits. */
  readonly unpatchable: readonly string[];
  /** Attributes that answers carry even when they were never given. */
  readonly answerDefaults: Readonly<Record<string, Json>>;
  /** The attribute that holds the life cycle state. */
  readonly statusAttribute: string;
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
  /** What the specification declares the value at a dotted path to be, if it is one that nothing lies below. */
  readonly scalarType: (path: readonly string[]) => ScalarType | undefined;
}
