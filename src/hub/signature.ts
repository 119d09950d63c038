import { createHmac } from 'node:crypto';
import type { SigningSecret } from '../store/hub-store.js';
import type { Outgoing } from './sending.js';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** The base64 part of a secret as Standard Webhooks writes it, `whsec_` and 24 to 64 bytes in base64; undefined when it is none. */
export function readSecret(text: string): string | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const base64 = text.slice(PREFIX.length);
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES && bytes.toString('base64') === base64 ? base64 : undefined;
}

/**
 * The headers of Standard Webhooks (standardwebhooks.com): id, time in seconds and one signature for each secret whose time is not
 * over. The time is that of the attempt.
 */
export function signatureHeaders({ id, body, signing }: Pick<Outgoing, 'id' | 'body' | 'signing'>, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const headers: Record<string, string> = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  const signatures = signing.filter(({ until }) => until === undefined || until > now).map((secret) => `v1,${signature(secret, `${id}.${timestamp}.`, body)}`);
  if (signatures.length > 0) headers['webhook-signature'] = signatures.join(' ');
  return headers;
}

function signature({ secret }: SigningSecret, start: string, body: string): string {
  return createHmac('sha256', Buffer.from(secret, 'base64')).update(start).update(body).digest('base64');
}
