import pino from 'pino';
import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import { HttpSender } from '../../src/hub/http-sender.js';

/** A sender that may deliver to this machine. */
export function localSender(): HttpSender {
  return new HttpSender({ rules: { allowed: new AllowedTargets(['127.0.0.1']), httpsOnly: false }, timeoutMs: 2_000, connections: 4, log: pino({ level: 'silent' }) });
}
