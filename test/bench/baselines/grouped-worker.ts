import type { Db, Document, MongoClient } from 'mongodb';
import type { Link, PlainCommand } from './link.js';
import { createEvent, dataOf } from './role-event.js';

/** As many commands as the service puts into one commit at most. */
const MOST = 500;

interface Create {
  readonly command: PlainCommand;
  readonly data: object;
  readonly event: string;
}

/**
 * What no design with durable groups can be without, for creates: the null worker with one transaction a group, which inserts the roles
 * into the service's own collections and indexes and one record with events and command ids; one group after the other.
 * Left out: everything else, be it order, repetitions, validation, defaults, references, replies, recovery, or marking what is published.
 */
export async function groupedWorker(link: Link, client: MongoClient, prefetch: number): Promise<void> {
  const db = client.db();
  const waiting: PlainCommand[] = [];
  let isRunning = false;
  let commits = 0;
  const work = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, MOST).map(createOf);
      await commit(client, db, `${process.pid}-${(commits += 1)}`, group);
      for (const { command, event } of group) {
        const { id = '' } = command.attributes;
        void link.publish('partyRole.PartyRoleCreateEvent', id, event).then(() => command.acknowledge());
      }
    }
    isRunning = false;
  };
  await link.consume(prefetch, (command) => {
    waiting.push(command);
    // Whatever comes in one read of the socket belongs together.
    if (!isRunning) setImmediate(() => !isRunning && void work());
  });
}

function createOf(command: PlainCommand): Create {
  const data = dataOf(command);
  return { command, data, event: createEvent(command, data, 'grouped') };
}

async function commit(client: MongoClient, db: Db, id: string, group: readonly Create[]): Promise<void> {
  const at = new Date();
  const session = client.startSession();
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true } });
  const record = { _id: id, at, pending: true, commands: group.map(({ command }) => command.attributes['id'] ?? ''), entries: group.map(({ event }) => event) };
  await db.collection<Document & { _id: string }>('commits').insertOne(record, { session });
  const documents = group.map(({ command, data }) => ({ _id: command.attributes['subject'], revision: 1, commit: id, at, format: 1, resource: data, deleted: false }));
  await db.command({ insert: 'partyRole', documents, ordered: true }, { session });
  await session.commitTransaction();
  await session.endSession();
}
