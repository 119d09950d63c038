import type { Logger } from 'pino';
import type { Bus } from '../bus/bus.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import type { SchemaUri } from '../handlers/notification.js';
import type { References } from '../handlers/references.js';
import type { Representation } from '../handlers/representation.js';
import type { RegistrationRules } from '../hub/register.js';
import type { LogTail } from '../hub/log-tail.js';
import type { Sender } from '../hub/sending.js';
import type { Store } from '../store/store.js';
import type { Status } from '../status.js';
import type { StreamPace } from './feed-stream.js';

/** What the REST adapter needs; everything comes from the composition root. */
export interface HttpOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly definitions: readonly ResourceDefinition[];
  /** The answer form of stored resources, and their hrefs. */
  readonly representation: Representation;
  /** `/tmf-api/partyRoleManagement/v4`, without a slash at the end. */
  readonly basePathOf: (definition: ResourceDefinition) => string;
  /** CloudEvents `source` of the commands that come over REST; the same for all instances. */
  readonly source: string;
  /** How long a write waits for its reply. */
  readonly replyTimeoutMs: number;
  /** The largest request body, after decompression. */
  readonly bodyLimitBytes: number;
  /** Requests under way at a time; health and `/admin` do not count. */
  readonly maxRequests: number;
  /** `limit` of a list request that names none. */
  readonly pageDefault: number;
  /** The largest `limit`. */
  readonly pageMax: number;
  /** How far the total of a list is counted. */
  readonly countMax: number;
  /** The header in which a trusted proxy says who asks, lower case. Absent: nobody is known by name. */
  readonly authidHeader?: string;
  /** Absent: there is no view of customers. */
  readonly customerView?: CustomerViewOptions;
  /** Absent: there are no feeds of events. */
  readonly feed?: FeedOptions;
  /** Absent: listeners cannot register. */
  readonly hub?: RegistrationRules;
  /** Absent: there are no contracts and no page to try them. */
  readonly contracts?: ContractOptions;
  /** Absent: there is no `/admin`. */
  readonly admin?: AdminOptions;
  readonly log: Logger;
  /** What readiness depends on besides bus and store, by name. */
  readonly ready?: () => Readonly<Record<string, Status>>;
  /** What is shown with it, by name, and does not count: requests are served without it. */
  readonly shown?: () => Readonly<Record<string, Status>>;
  readonly now: () => Date;
  /** A new unique id, for commands without an `Idempotency-Key` and for correlation. */
  readonly newId: () => string;
}

/** The view of customers, made of all resources. */
export interface CustomerViewOptions {
  /** `/tmf-api/customer360/v1/party`: where they are, by the ids of parties and roles. */
  readonly path: string;
  /** The same with the public base URL. */
  readonly address: string;
  readonly references: References;
}

/** The events of the log for those who ask for them. */
export interface FeedOptions {
  readonly tail: LogTail;
  /** Streams under way at a time; they do not count as requests. */
  readonly maxStreams: number;
  readonly pace?: StreamPace;
}

/** What the contracts say beside what is served. */
export interface ContractOptions {
  /** Empty: addresses are paths. */
  readonly publicUrl: string;
  /** First part of the names on the bus. */
  readonly prefix: string;
  /** As in events. */
  readonly schemaUri: SchemaUri;
}

/** What only an operator may see and do. */
export interface AdminOptions {
  /** Bearer token. */
  readonly token: string;
  /** The resources whose past may be seen, also where none is served. */
  readonly definitions: readonly ResourceDefinition[];
  /** How long the log is kept. */
  readonly retentionMs: number;
  /** Retries of parked deliveries go out there. */
  readonly sender: Sender;
  /** Where an API is, by its name, with the public base URL. */
  readonly addressOf: (api: string) => string;
}

/** `/tmf-api/partyRoleManagement/v4/partyRole`: where the resources of this type are. */
export function collectionPath(options: HttpOptions, definition: ResourceDefinition): string {
  return `${options.basePathOf(definition)}/${definition.name}`;
}

/** One API of several resources. */
export interface Api {
  /** `partyRoleManagement` */
  readonly name: string;
  /** `/tmf-api/partyRoleManagement/v4` */
  readonly path: string;
  /** The same with the public base URL. */
  readonly address: string;
  readonly definitions: readonly ResourceDefinition[];
}

/** Every API once. */
export function apisOf({ definitions, basePathOf, representation }: HttpOptions): Api[] {
  return [...new Set(definitions.map(basePathOf))].map((path) => {
    const own = definitions.filter((definition) => basePathOf(definition) === path);
    const [first] = own as [ResourceDefinition];
    return { name: first.api, path, address: representation.href(first, '').slice(0, -`/${first.name}/`.length), definitions: own };
  });
}
