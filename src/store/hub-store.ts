/**
 * The part of the database port that the hub stands on: who registered, how far each has come in the log, and which deliveries
 * were set aside. Every line is a promise that `test/contract/hub-store.contract.ts` checks on every adapter. Times are the database's.
 */
export interface HubStore {
  /** Adds it and answers with it; when its id is there already, nothing changes and the answer is what is there. */
  register(subscription: NewSubscription): Promise<{ readonly subscription: Subscription; readonly isNew: boolean }>;

  subscription(id: string): Promise<Subscription | undefined>;

  /** Of one API, or of all; in order of id, those behind `after`, at most `limit`. */
  subscriptions(filter: { readonly api?: string; readonly after?: string }, limit: number): Promise<Subscription[]>;

  /** How many there are of one API, or of all. */
  countSubscriptions(api?: string): Promise<number>;

  /** Deletes it with its parked deliveries; false when it is not there, or not that one any more. @param which by id: whatever it is by now */
  unregister(which: string | SubscriptionLife | Tenure): Promise<boolean>;

  /** Replaces its secrets; false when it is not there, or has others than these, which are as they were read. */
  setSecrets(id: string, secrets: SubscriptionSecrets, expected: SubscriptionSecrets): Promise<boolean>;

  /**
   * Nothing is delivered until it is resumed; false when it is not there or suspended already. What an operator says takes the
   * place of what the hub said.
   * @param which by id: whoever has it
   */
  suspend(which: string | Tenure, reason: string, by: SuspendedBy): Promise<boolean>;

  /**
   * Delivers again: behind `cursor`, absent: where it stopped. Begins a new epoch and forgets what failed before.
   * False when it is not there.
   */
  resume(id: string, cursor?: number): Promise<boolean>;

  /**
   * Says that this hub is alive for the next `ttlMs`, renews its hold on what it has, and takes what nobody holds, up to its even
   * share. What is suspended is held by nobody.
   */
  claim(holder: string, ttlMs: number): Promise<Claim>;

  /** Gives these up, where this holder has them. */
  release(holder: string, ids: readonly string[]): Promise<void>;

  /** Says that this hub is not alive any more, and gives up everything it holds. */
  leaveHub(holder: string): Promise<void>;

  /** Records how far these have come, but for those that this holder does not hold in this epoch. */
  recordProgress(holder: string, progress: readonly Progress[]): Promise<void>;

  /**
   * Sets deliveries aside, durably; one that is there already is replaced.
   * @param during they are all of this subscription; when that is over, none is set aside and the answer is false
   */
  parkDeliveries(deliveries: readonly ParkedDelivery[], during?: Tenure): Promise<boolean>;

  /** Those that the filter lets through, in order of time and then id, at most `limit`. */
  parkedDeliveries(filter: ParkedDeliveryFilter, limit: number): Promise<ParkedDelivery[]>;

  /** How many that the filter lets through are set aside, by subscription; those without any are absent. */
  countParkedDeliveries(filter: ParkedDeliveryFilter): Promise<Map<string, number>>;

  /** Deletes these; how many there were. */
  dropDeliveries(ids: readonly string[]): Promise<number>;
}

/** How what is delivered looks. */
export type Dialect =
  /** The TM Forum event envelope, v4. */
  | 'tmf'
  | 'cloudevents-structured'
  | 'cloudevents-binary'
  /** The envelope with the older names that listeners of the ODA Canvas know. */
  | 'oda';

/** What was asked for. */
export interface NewSubscription {
  /** Derived from api, callback, query and dialect, so that the same registration has the same. */
  readonly id: string;
  /** `partyRoleManagement`: events of this API's resources only. */
  readonly api: string;
  /** Exactly as given. */
  readonly callback: string;
  /** Exactly as given; empty: everything. */
  readonly query: string;
  readonly dialect: Dialect;
  /** `@type` as given, to be answered again. */
  readonly type?: string;
  readonly secrets: SubscriptionSecrets;
  /** Where in the log it begins: behind this position. */
  readonly cursor: number;
}

/** What is never answered or logged. */
export interface SubscriptionSecrets {
  /** Newest first; all of them sign until their time is over. Base64, without a prefix. */
  readonly signing: readonly SigningSecret[];
  readonly oauth?: OAuthClient;
}

export interface SigningSecret {
  readonly secret: string;
  /** Absent: until it is replaced. */
  readonly until?: Date;
}

/** OAuth 2.0 client credentials (RFC 6749, section 4.4) towards a listener. */
export interface OAuthClient {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
}

export interface Subscription extends NewSubscription {
  readonly registeredAt: Date;
  /** Counts its resumptions; progress of an earlier epoch is not recorded. */
  readonly epoch: number;
  /** Why nothing is delivered until it is resumed; absent: it is active. */
  readonly suspended?: { readonly reason: string; readonly by: SuspendedBy; readonly at: Date };
  readonly health: Health;
}

/** `hub`: it could not deliver; the listener that registers again ends that. */
export type SuspendedBy = 'hub' | 'operator';

/** What deliveries came to, as of the last record. */
export interface Health {
  readonly lastSuccess?: Date;
  readonly lastError?: { readonly at: Date; readonly text: string };
  /** Since when everything failed; absent: the last attempt was a success, or there was none. */
  readonly failingSince?: Date;
  /** Events taken from the log and not yet delivered. */
  readonly waiting: number;
  /** When the oldest of them was committed. */
  readonly oldestWaiting?: Date;
}

export interface Claim {
  /** All active ones that this holder has now, more than `share` at times: then some are to be released. */
  readonly held: readonly Subscription[];
  /** An even share of all active ones, rounded up. */
  readonly share: number;
}

/** A subscription as it was when somebody read it: over once it is resumed, or registered anew. */
export type SubscriptionLife = Pick<Subscription, 'id' | 'epoch' | 'registeredAt'>;

/** One hub's hold on that life, as it was when it began to deliver: over also once the subscription is held by nobody or another. */
export interface Tenure extends SubscriptionLife {
  readonly holder: string;
}

export interface Progress {
  readonly id: string;
  readonly epoch: number;
  /** Everything up to this position is delivered, parked or not wanted. */
  readonly cursor: number;
  readonly health: Health;
}

/** An event that one listener did not take. */
export interface ParkedDelivery {
  /** Subscription and event, joined by a colon. */
  readonly id: string;
  readonly subscription: string;
  readonly at: Date;
  /** Id of the event. */
  readonly event: string;
  /** `partyRole.PartyRoleCreateEvent` */
  readonly key: string;
  /** `type/id` of the resource. */
  readonly order: string;
  readonly position: number;
  readonly attempts: number;
  readonly error: string;
  /** The CloudEvent as JSON text. */
  readonly content: string;
}

/** All that are given must hold. */
export interface ParkedDeliveryFilter {
  readonly ids?: readonly string[];
  readonly subscription?: string;
  /** Only what comes later in the order, for the next page. */
  readonly after?: Pick<ParkedDelivery, 'at' | 'id'>;
}
