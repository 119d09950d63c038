import type { Logger } from 'pino';
import { apiAddresses } from './api-paths.js';
import type { Config } from './config.js';
import { MINUTE_MS } from './date-time.js';
import type { ResourceDefinition } from './handlers/definition.js';
import type { AdminOptions } from './http/http-options.js';
import { openSender } from './hub-role.js';
import type { Lifecycle } from './lifecycle.js';

/** What `/admin` needs, where there is one. */
export function adminOptions(config: Config, definitions: readonly ResourceDefinition[], lifecycle: Lifecycle, log: Logger): { readonly admin?: AdminOptions } {
  const { adminToken: token } = config;
  if (token === undefined) return {};
  // Not the hub's, which may run in another process.
  const sender = openSender(config, log);
  lifecycle.add('sender of /admin', () => sender.close());
  return { admin: { token, definitions, retentionMs: config.retentionMinutes * MINUTE_MS, sender, addressOf: apiAddresses(config, definitions) } };
}
