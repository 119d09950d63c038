import type { Json } from '../json.js';
import type { Reply } from '../message.js';
import type { HttpOptions } from './http-options.js';

/** `/health/live`: whoever can answer is alive. */
export function liveness(): Reply {
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: { status: 'live' } };
}

/** `/health/ready`: 200 when a request can be served, else 503; the body says what is away and why. */
export function readiness(options: Pick<HttpOptions, 'bus' | 'store' | 'ready' | 'shown'>, draining: boolean): Reply {
  const parts = { bus: options.bus.status(), store: options.store.status(), ...options.ready?.() };
  const ready = !draining && Object.values(parts).every((part) => part.up);
  const body: Json = { status: draining ? 'draining' : ready ? 'ready' : 'not ready', ...parts, ...options.shown?.() };
  return { status: ready ? 200 : 503, headers: { 'Cache-Control': 'no-store' }, body };
}
