import { createHash, timingSafeEqual } from 'node:crypto';
import { RefusalWithHeaders } from './error-response.js';
import type { ApiHandler } from './exchange.js';

/** Lets through whoever has the bearer token (RFC 6750, section 2.1). @throws Refusal 401. */
export function requireToken(token: string): ApiHandler {
  const expected = digest(token);
  return (request, _response, next) => {
    const given = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    // Digests have one length, and their comparison takes the same time whatever differs.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      throw new RefusalWithHeaders(401, 'This needs the bearer token of the operator', { 'WWW-Authenticate': 'Bearer realm="admin"' });
    }
    next();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
