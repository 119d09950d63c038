import { MongoClient } from 'mongodb';
import { Collections, type CommitDocument, type ResourceDocument } from '../../src/store/mongo-documents.js';
import type { BacklogCommand } from '../outage/backlog.js';
import type { Setting } from './process.js';
import type { Arrivals, Wire } from './wire.js';

/** What the service wrote and announced for one command. */
export interface Written {
  readonly commit: CommitDocument;
  readonly role: ResourceDocument;
}

/** Finds it in the service's database once it is there. @throws Error when it is not. */
export async function findWritten(storeUrl: string, subject: string): Promise<Written> {
  const client = new MongoClient(storeUrl);
  try {
    const collections = new Collections(client.db());
    const commit = await collections.commits.findOne({ 'entries.subject': subject });
    const role = await collections.resources('partyRole').findOne({ _id: subject });
    if (!commit || !role) throw new Error(`nothing is written for ${subject}`);
    return { commit, role };
  } finally {
    await client.close();
  }
}

/**
 * The parts that no worker can do without, one after the other, on queues, streams, collections and indexes as the service
 * has them: a command from publisher to consumer, one transaction with what the service writes, an event from publisher to consumer.
 */
export class RawParts {
  private readonly client: MongoClient;
  private readonly collections: Collections;

  private constructor(
    storeUrl: string,
    private readonly wire: Wire,
    private readonly commands: Arrivals,
    private readonly written: Written,
  ) {
    this.client = new MongoClient(storeUrl, { writeConcern: { w: 'majority', journal: true } });
    this.collections = new Collections(this.client.db());
  }

  /** @param setting of a deployment that no worker runs on. */
  static async open({ storeUrl }: Setting, wire: Wire, written: Written): Promise<RawParts> {
    return new RawParts(storeUrl, wire, await wire.takeCommands(), written);
  }

  /** How long they take together, in milliseconds. */
  async measure(command: BacklogCommand): Promise<number> {
    const { wire, commands } = this;
    const subject = command.role;
    const content = this.eventAbout(subject);
    const came = commands.next(subject);
    const announced = wire.events.next(subject);
    const from = performance.now();
    const sent = wire.send(command, false);
    await came;
    await this.transaction(subject);
    const published = wire.announce(content);
    const until = await announced;
    await Promise.all([sent, published]);
    return until - from;
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private async transaction(subject: string): Promise<void> {
    const { position: _position, publishedAt: _publishedAt, ...commit } = this.written.commit;
    const session = this.client.startSession();
    session.startTransaction({ readConcern: { level: 'snapshot' } });
    await this.collections.commits.insertOne({ ...commit, _id: subject, commands: [subject], pending: true }, { session });
    await this.collections.resources('partyRole').insertOne({ ...this.written.role, _id: subject, commit: subject }, { session });
    await session.commitTransaction();
    await session.endSession();
  }

  private eventAbout(subject: string): string {
    const content = this.written.commit.entries[0]?.events[0]?.content ?? '';
    return content.replaceAll(this.written.role._id, subject);
  }
}
