import { errors } from 'undici';
import { RefusedTarget } from './safe-target.js';

const NO_CERTIFICATE = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET|VERIFY)_\w+|CERT_\w+|INVALID_(?:CA|PURPOSE)|HOSTNAME_MISMATCH)$/;

/** What each error code of Node and undici means to whoever runs the listener. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before an answer',
  EPIPE: 'the connection was closed before an answer',
  UND_ERR_SOCKET: 'the connection was closed before an answer',
  ENOTFOUND: 'the host name does not resolve',
  ENODATA: 'the host name does not resolve',
  EAI_AGAIN: 'the host name cannot be resolved at present',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  EADDRNOTAVAIL: 'the host cannot be reached',
  EPROTO: 'no TLS connection can be made',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate is for another host',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
  UND_ERR_DESTROYED: 'the service is stopping',
  UND_ERR_CLOSED: 'the service is stopping',
  UND_ERR_INVALID_ARG: 'the request cannot be written',
};

const TIMEOUTS: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Why there was no answer, for people, without anything that could be secret; undefined: unknown. */
export function problemOf(error: unknown, timeoutMs: number): string | undefined {
  if (error instanceof RefusedTarget) return error.message;
  if (error instanceof errors.HTTPParserError) return 'the answer was no HTTP';
  const code = codeOf(error);
  if (TIMEOUTS.has(code)) return noAnswerWithin(timeoutMs);
  if (NO_CERTIFICATE.test(code)) return 'the TLS certificate is not trusted';
  if (code.startsWith('ERR_SSL_')) return 'no TLS connection can be made';
  return WORDS[code];
}

export function noAnswerWithin(timeoutMs: number): string {
  return `no answer within ${timeoutMs} ms`;
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
