import type { ResourceDefinition } from '../handlers/definition.js';
import type { SchemaUri } from '../handlers/notification.js';

/** What the contracts are about: what the code runs on, and nothing that is written down for them alone. */
export interface Contract {
  readonly apis: readonly ContractApi[];
  /** Empty: addresses are paths. */
  readonly publicUrl: string;
  /** First part of the names on the bus. */
  readonly prefix: string;
  readonly schemaUri: SchemaUri;
  /** `limit` of a list that names none, and the largest. */
  readonly pageDefault: number;
  readonly pageMax: number;
  /** How far totals are counted. */
  readonly countMax: number;
  /** The header in which a gateway names the caller. */
  readonly authidHeader: string | undefined;
  /** Where the views of customers are, and how long their timelines; undefined: there are none. */
  readonly customer: { readonly path: string; readonly limits: Limits } | undefined;
  /** Whether listeners can register. */
  readonly hub: boolean;
  /** How many events can be read at once; undefined: none. */
  readonly feed: Limits | undefined;
}

export interface Limits {
  readonly usual: number;
  readonly most: number;
}

/** One TM Forum API and its resources. */
export interface ContractApi {
  /** `/tmf-api/partyRoleManagement/v4` */
  readonly path: string;
  readonly definitions: readonly ResourceDefinition[];
}

export function definitionsOf({ apis }: Pick<Contract, 'apis'>): ResourceDefinition[] {
  return apis.flatMap(({ definitions }) => definitions);
}

/** A version of the contract itself: what is served has those of its APIs. */
export const CONTRACT_VERSION = '1.0.0';
