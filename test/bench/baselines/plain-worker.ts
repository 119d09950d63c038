import type { Db } from 'mongodb';
import type { Link, PlainCommand } from './link.js';
import { changeOf, write, type RoleDocument } from './role-change.js';

/**
 * What is written first: each command by itself, many at a time, with durable writes and confirmed events.
 * Left out: order (commands of one role overtake each other, and of two patches one may be lost), receipts (a repeated
 * command is applied again), an outbox (a crash after the write loses the event), retries, validation, replies, logs.
 */
export async function plainWorker(link: Link, db: Db, prefetch: number): Promise<void> {
  const roles = db.collection<RoleDocument>('roles');
  const apply = async (command: PlainCommand): Promise<void> => {
    const before = await roles.findOne({ _id: command.attributes['subject'] ?? '' });
    const change = changeOf(command, before);
    if (change) {
      await write(roles, change);
      await link.publish(change.event.key, change.event.id, change.event.content);
    }
    command.acknowledge();
  };
  // A failure ends the process: what is not acknowledged comes again.
  await link.consume(prefetch, (command) => void apply(command));
}
