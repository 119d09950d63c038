/** What request headers may say, as the service checks it and its contract tells it. */
export const IDEMPOTENCY_KEY_PATTERN = '^[\\x21-\\x7e]{1,255}$';
export const CHANNEL_PATTERN = '^[A-Za-z0-9._~:@/-]{1,64}$';
export const AUTHID_PATTERN = '^[\\x20-\\x7e]{1,256}$';

/** Of whoever does not say it. */
export const DEFAULT_CHANNEL = 'rest';
