import { MongoServerError, type Db, type MongoClient } from 'mongodb';
import type { Link, PlainCommand } from './link.js';
import { changeOf, write, type RoleDocument, type RoleEvent } from './role-change.js';

const DUPLICATE_KEY = 11000;

interface InboxDocument {
  readonly _id: string;
  readonly at: Date;
}

interface OutboxDocument {
  readonly _id: string;
  readonly key: string;
  readonly content: string;
}

/**
 * The textbook's answer: a transaction a command, which notes the command in an inbox, changes the role and puts the
 * event into an outbox; then the event is published, taken off the outbox, and the command acknowledged.
 * Left out: order of commands and events of a role, the job that publishes what a crash left in the outbox, the expiry
 * of the inbox, the first answer to a repeated command, validation, replies, logs.
 */
export async function naiveWorker(link: Link, client: MongoClient, db: Db, prefetch: number): Promise<void> {
  const outbox = db.collection<OutboxDocument>('outbox');
  const apply = async (command: PlainCommand): Promise<void> => {
    const event = await applyOnce(client, db, command);
    if (event) {
      await link.publish(event.key, event.id, event.content);
      // If this is lost the event goes out once more: not worth a wait for the disk.
      await outbox.deleteOne({ _id: event.id }, { writeConcern: { w: 1 } });
    }
    command.acknowledge();
  };
  await link.consume(prefetch, (command) => void apply(command));
}

/** The event to publish; undefined when there is none, or the command was applied before. */
async function applyOnce(client: MongoClient, db: Db, command: PlainCommand): Promise<RoleEvent | undefined> {
  const inbox = db.collection<InboxDocument>('inbox');
  const roles = db.collection<RoleDocument>('roles');
  const outbox = db.collection<OutboxDocument>('outbox');
  const { id = '', source = '', subject = '' } = command.attributes;
  const session = client.startSession();
  try {
    // Repeats what failed for now, such as two transactions that met in one role.
    return await session.withTransaction(async () => {
      await inbox.insertOne({ _id: `${source} ${id}`, at: new Date() }, { session });
      const change = changeOf(command, await roles.findOne({ _id: subject }, { session }));
      if (!change) return undefined;
      await write(roles, change, session);
      const { id: event, key, content } = change.event;
      await outbox.insertOne({ _id: event, key, content }, { session });
      return change.event;
    });
  } catch (error) {
    if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return undefined;
    throw error;
  } finally {
    await session.endSession();
  }
}
