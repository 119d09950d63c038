import { OAuthTokens } from './oauth.js';
import { retryAfterMs } from './retry-after.js';
import { SafeClient, type Answer, type SafeClientOptions, type Unanswered } from './safe-client.js';
import type { Outcome, Outgoing, Sender } from './sending.js';
import { signatureHeaders } from './signature.js';

export interface HttpSenderOptions extends SafeClientOptions {
  /** Default: the machine's. */
  readonly now?: () => Date;
}

/** Too Many Requests (RFC 6585, section 4), Service Unavailable (RFC 9110, section 15.6.4). */
const BUSY: ReadonlySet<number> = new Set([429, 503]);

/** Sends deliveries over HTTP. A request for a token has the time limit of its own. */
export class HttpSender implements Sender {
  private readonly client: SafeClient;
  private readonly tokens: OAuthTokens;
  private readonly now: () => Date;

  constructor(options: HttpSenderOptions) {
    this.now = options.now ?? (() => new Date());
    this.client = new SafeClient(options);
    this.tokens = new OAuthTokens(this.client, this.now);
  }

  async send(outgoing: Outgoing): Promise<Outcome> {
    const { callback, body, oauth } = outgoing;
    const token = oauth === undefined ? undefined : await this.tokens.token(oauth);
    if (typeof token === 'object') return token;
    const headers = { ...outgoing.headers, ...signatureHeaders(outgoing, this.now()), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    const answer = await this.client.post(callback, headers, body);
    if (oauth !== undefined && token !== undefined && 'status' in answer && answer.status === 401) this.tokens.forget(oauth, token);
    return outcomeOf(answer, this.now());
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function outcomeOf(answer: Answer | Unanswered, now: Date): Outcome {
  if ('problem' in answer) return { kind: 'failed', error: answer.problem };
  const { status, retryAfter } = answer;
  if (status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const pause = retryAfterMs(retryAfter, now);
  const error = status < 400 ? `answered ${status}, and redirects are not followed` : `answered ${status}`;
  return { kind: 'failed', error, ...(BUSY.has(status) ? { busy: true } : {}), ...(pause === undefined ? {} : { retryAfterMs: pause }) };
}
