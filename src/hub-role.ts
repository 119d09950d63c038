import type { Logger } from 'pino';
import type { Config } from './config.js';
import { MINUTE_MS } from './date-time.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { AllowedTargets } from './hub/allowed-targets.js';
import { HttpSender } from './hub/http-sender.js';
import { Hub } from './hub/hub.js';
import type { LogTail } from './hub/log-tail.js';
import type { RegistrationRules } from './hub/register.js';
import type { TargetRules } from './hub/safe-target.js';
import { subscriptionFilter } from './hub/subscription-filter.js';
import type { Store } from './store/store.js';

const ROUND_MS = 1_000;
const HOLD_MS = 10_000;
const FIRST_PAUSE_MS = 500;

/** What listeners may be. */
export function targetRules(config: Config): TargetRules {
  return { allowed: new AllowedTargets(config.hubAllow), httpsOnly: config.hubHttpsOnly };
}

/** What registrations must keep to, as the configuration has it. */
export function registrationRules(config: Config): RegistrationRules {
  return { targets: targetRules(config), max: config.hubMax, rotationMs: config.hubRotationMinutes * MINUTE_MS };
}

/** The sender of deliveries, as the configuration has it. */
export function openSender(config: Config, log: Logger): HttpSender {
  return new HttpSender({ rules: targetRules(config), timeoutMs: config.hubTimeoutMs, log });
}

/** Starts to deliver to the registered listeners. */
export function startHub(config: Config, store: Store, definitions: readonly ResourceDefinition[], tail: LogTail, holder: string, log: Logger): Hub {
  const hub = new Hub({
    store: store.hub,
    tail,
    sender: openSender(config, log),
    holder,
    filterOf: (subscription) => subscriptionFilter(subscription, definitions),
    roundMs: ROUND_MS,
    holdMs: HOLD_MS,
    concurrency: config.hubConcurrency,
    firstMs: FIRST_PAUSE_MS,
    longestMs: config.hubRetryMaxMs,
    attempts: config.hubAttempts,
    suspendMs: config.hubSuspendMinutes * MINUTE_MS,
    log,
  });
  hub.start();
  return hub;
}
