import { createHmac } from 'node:crypto';
import { startListener, type LocalListener, type Received } from '../hub/local-listener.js';
import { checkDelivery } from '../support/checked-fetch.js';
import { Api, json } from './api.js';

/** What each hub of these tests is told: this machine may be sent to, and nobody waits for long. */
export const HUB_SETTINGS = { HUB_ALLOW: '127.0.0.1', HUB_RETRY_MAX_MS: '300', HUB_TIMEOUT_MS: '8000' };

const PARTY_ROLES = 'partyRoleManagement/v4';

/** The hub of one API, as a listener's owner uses it. */
export class HubApi {
  private readonly api: Api;

  constructor(base: string, readonly apiPath = PARTY_ROLES) {
    this.api = new Api(base, `/tmf-api/${apiPath}/hub`);
  }

  /** Its id. */
  async register(callback: string, fields: Record<string, unknown> = {}): Promise<string> {
    const response = await this.api.post({ callback, ...fields });
    const body = await json(response);
    if (response.status !== 201) throw new Error(`the registration was answered ${response.status}: ${JSON.stringify(body)}`);
    return String(body['id']);
  }

  /** Undefined when it is not there. */
  async get(id: string): Promise<Record<string, unknown> | undefined> {
    const response = await this.api.get(`/${id}`);
    return response.ok ? json(response) : undefined;
  }

  async status(id: string): Promise<Record<string, unknown>> {
    return (await this.get(id))?.['status'] as Record<string, unknown>;
  }

  /** The status of the answer. */
  async unregister(id: string): Promise<number> {
    return (await this.api.delete(id)).status;
  }

  async unregisterAll(): Promise<void> {
    const all = (await (await this.api.get()).json()) as { id: string }[];
    await Promise.all(all.map(({ id }) => this.unregister(id)));
  }
}

/** Listeners of one test; what they were sent is held against the contract. */
export class HubListeners {
  private readonly started: LocalListener[] = [];

  async start(answer: Parameters<typeof startListener>[0], port?: number): Promise<LocalListener> {
    const listener = await startListener(answer, port);
    this.started.push(listener);
    return listener;
  }

  /** Everything since the last time. @param base of a service that serves the contract. @throws Error that says what does not fit. */
  async check(base: string): Promise<void> {
    for (const { received } of this.started.splice(0)) for (const delivery of received) await checkDelivery(base, delivery, delivery.path.endsWith(SLIM));
  }
}

/** Ends the callback of a subscription with `fields`. */
export const SLIM = '/slim';

/** The TM Forum envelope, in whatever dialect it came. */
export interface Envelope {
  readonly eventId: string;
  readonly eventType: string;
  readonly event: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function envelopeIn({ body, headers }: Received): Envelope {
  const parsed = JSON.parse(body) as Record<string, unknown>;
  return (headers['content-type'] === 'application/cloudevents+json' ? parsed['data'] : parsed) as Envelope;
}

/** `PartyRoleCreateEvent of r1`, and so on, for each that came. */
export function told(received: readonly Received[]): string[] {
  return received.map(envelopeIn).map(({ eventType, event }) => `${eventType} of ${String(Object.values(event)[0]?.['id'])}`);
}

/** How many of its signatures are made with this secret (standardwebhooks.com, symmetric). */
export function signaturesBy(secret: string, { headers, body }: Received): number {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').filter((signature) => signature === expected).length;
}
