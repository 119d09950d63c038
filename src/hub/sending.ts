import type { OAuthClient, SigningSecret } from '../store/hub-store.js';

/** One request to a listener, ready but for what authenticates it. */
export interface Outgoing {
  readonly callback: string;
  /** Content type included; lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Id of the event: the `webhook-id` that is signed. */
  readonly id: string;
  readonly signing: readonly SigningSecret[];
  readonly oauth?: OAuthClient;
}

/** What became of one attempt. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** 410: the listener wants no more. */
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'failed';
      /** For people: `answered 503`, `the connection was refused`. Holds no secret and nothing of the listener's body. */
      readonly error: string;
      /** 429 and 503: this is about the listener, whatever it was sent. */
      readonly busy?: true;
      /** What the listener asked for with Retry-After, in milliseconds. */
      readonly retryAfterMs?: number;
    };

export type Failed = Extract<Outcome, { kind: 'failed' }>;

/** Where deliveries go out. */
export interface Sender {
  /** Never rejects. */
  send(outgoing: Outgoing): Promise<Outcome>;
  /** Cuts off what is under way. */
  close(): Promise<void>;
}
