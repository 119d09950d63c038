import { hash } from 'node:crypto';
import type { Message } from './message.js';

/**
 * SHA-256, hex, of what stays the same when a broker hands a message over again: its place in a stream where there is one, and
 * what it says. For messages that have no id of their own, or none that can be read.
 */
export function identityOf({ origin, contentType, attributes, body }: Message): string {
  const place = [origin.bus, origin.queue, origin.sequence ?? null];
  // RabbitMQ sorts the headers of a message that it hands over again, when it adds the delivery count.
  const sorted = Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  return hash('sha256', JSON.stringify([place, contentType ?? null, sorted, hash('sha256', body, 'hex')]), 'hex');
}
