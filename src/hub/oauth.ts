import { isObject, type Json } from '../json.js';
import { singleFlight } from '../single-flight.js';
import type { OAuthClient } from '../store/hub-store.js';
import { retryAfterMs } from './retry-after.js';
import type { SafeClient } from './safe-client.js';
import type { Outcome } from './sending.js';

type Failed = Extract<Outcome, { kind: 'failed' }>;

interface Token {
  readonly text: string;
  /** In milliseconds, as Date.now. */
  readonly until: number;
}

const DEFAULT_SECONDS = 300;
/** It must still be valid when it arrives. */
const MARGIN_SECONDS = 30;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** Access tokens of client credentials (RFC 6749, section 4.4), kept until shortly before they expire. */
export class OAuthTokens {
  private readonly tokens = new Map<string, Token>();
  private readonly requests = new Map<string, Promise<Token | Failed>>();

  constructor(
    private readonly client: Pick<SafeClient, 'post'>,
    private readonly now: () => Date,
  ) {}

  /** The token itself, or why there is none. Whoever asks while it is requested waits for the same request. */
  async token(client: OAuthClient): Promise<string | Failed> {
    const key = keyOf(client);
    const known = this.tokens.get(key);
    if (known !== undefined && known.until > this.now().getTime()) return known.text;
    const token = await singleFlight(this.requests, key, () => this.request(key, client));
    return 'kind' in token ? token : token.text;
  }

  /** The listener does not take this token any more. */
  forget(client: OAuthClient, token: string): void {
    const key = keyOf(client);
    if (this.tokens.get(key)?.text === token) this.tokens.delete(key);
  }

  private async request(key: string, client: OAuthClient): Promise<Token | Failed> {
    const asked = this.now();
    const answer = await this.client.post(client.tokenUrl, headersFor(client), bodyFor(client));
    if ('problem' in answer) return failed(`the token request failed: ${answer.problem}`);
    if (answer.status !== 200) {
      const pause = retryAfterMs(answer.retryAfter, asked);
      return { ...failed(`the token request was answered ${answer.status}`), ...(pause === undefined ? {} : { retryAfterMs: pause }) };
    }
    const token = tokenIn(answer.body, asked);
    if (token === undefined) return failed('the answer to the token request holds no bearer token');
    for (const [other, { until }] of this.tokens) if (until <= asked.getTime()) this.tokens.delete(other);
    this.tokens.set(key, token);
    return token;
  }
}

function keyOf({ tokenUrl, clientId, clientSecret, scope }: OAuthClient): string {
  return JSON.stringify([tokenUrl, clientId, clientSecret, scope]);
}

/** `client_secret_basic`: both parts are form-encoded first (RFC 6749, section 2.3.1). */
function headersFor({ clientId, clientSecret }: OAuthClient): Record<string, string> {
  const credentials = Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64');
  return { authorization: `Basic ${credentials}`, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
}

function bodyFor({ scope }: OAuthClient): string {
  return new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }).toString();
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function tokenIn(body: string, asked: Date): Token | undefined {
  const answer = parsed(body);
  if (!isObject(answer)) return undefined;
  const { access_token: text, token_type: type, expires_in: expiresIn } = answer;
  if (typeof text !== 'string' || !VISIBLE_ASCII.test(text)) return undefined;
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined;
  const seconds = Number(expiresIn ?? DEFAULT_SECONDS);
  const lifetime = Number.isFinite(seconds) ? seconds : DEFAULT_SECONDS;
  // One that lives shortly is kept for half of its time: else every delivery would ask for one.
  return { text, until: asked.getTime() + Math.max(lifetime - MARGIN_SECONDS, lifetime / 2) * 1_000 };
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function failed(error: string): Failed {
  return { kind: 'failed', error };
}
