import type { Db, Document, MongoClient } from 'mongodb';
import { roleBody } from '../feed.js';
import type { Link, PlainCommand } from './link.js';

/** As many commands as the service puts into one commit at most. */
const MOST = 500;

/**
 * What no design with durable groups can be without, for creates: the null worker with one transaction a group, which inserts the roles
 * into the service's own collections and indexes and one record with events and command ids, decided while the last one commits.
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
      const group = waiting.splice(0, MOST);
      const events = group.map(eventOf);
      await commit(client, db, `${process.pid}-${(commits += 1)}`, group, events);
      for (const [index, command] of group.entries()) {
        const { id = '' } = command.attributes;
        void link.publish('partyRole.PartyRoleCreateEvent', id, events[index] ?? '').then(() => command.acknowledge());
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

async function commit(client: MongoClient, db: Db, id: string, group: readonly PlainCommand[], events: readonly string[]): Promise<void> {
  const at = new Date();
  const session = client.startSession();
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true } });
  const commands = group.map(({ attributes }) => attributes['id'] ?? '');
  await db.collection<Document & { _id: string }>('commits').insertOne({ _id: id, at, pending: true, commands, entries: events }, { session });
  const documents = group.map((command) => ({ _id: command.attributes['subject'], revision: 1, commit: id, at, format: 1, resource: dataOf(command), deleted: false }));
  await db.command({ insert: 'partyRole', documents, ordered: true }, { session });
  await session.commitTransaction();
  await session.endSession();
}

function dataOf(command: PlainCommand): object {
  return JSON.parse(Buffer.from(command.body).toString('utf8')) as object;
}

function eventOf(command: PlainCommand): string {
  const { id = '', subject, type } = command.attributes;
  const time = new Date().toISOString();
  const role = { id: subject, href: `/tmf-api/partyRoleManagement/v4/partyRole/${subject}`, ...roleBody(0), ...dataOf(command) };
  const envelope = { specversion: '1.0', id, source: '/grouped', type, subject, time, datacontenttype: 'application/json' };
  const data = { eventId: id, eventTime: time, eventType: 'PartyRoleCreateEvent', timeOcurred: time, domain: 'grouped', event: { partyRole: role } };
  return JSON.stringify({ ...envelope, data });
}
