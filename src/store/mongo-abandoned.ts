import type { MongoClient, UUID } from 'mongodb';
import type { Logger } from 'pino';
import { textOf } from '../errors.js';

/** What the server knows the processes of one deployment by (at most 128 bytes, MongoDB handshake). */
export function appName(database: string): string {
  return `party-role-worker ${database}`;
}

/** A living process spends milliseconds between the steps of a transaction. */
const ABANDONED_AFTER_MS = 2_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Ends the transactions that killed processes left open. The server keeps them, with the locks on all that they wrote,
 * for a minute (`transactionLifetimeLimitSeconds`), and every commit on the same resources would conflict as long
 * (measured). To end one is always safe: it is not committed, and a process that only slept decides again.
 */
export class AbandonedTransactions {
  private lookedAt = 0;

  constructor(
    private readonly client: MongoClient,
    private readonly database: string,
    private readonly log: Logger,
  ) {}

  /** Looks at most once a second; call it after a conflict. Never throws: without the right to look, the server's own limit remains. */
  async end(): Promise<void> {
    if (Date.now() - this.lookedAt < LOOK_EVERY_MS) return;
    this.lookedAt = Date.now();
    try {
      const admin = this.client.db('admin');
      const abandoned = await admin
        .aggregate<{ lsid: { id: UUID } }>(
          [
            { $currentOp: { allUsers: false, idleSessions: true, localOps: true } },
            { $match: { type: 'idleSession', appName: appName(this.database), 'transaction.timeInactiveMicros': { $gt: ABANDONED_AFTER_MS * 1000 } } },
            { $project: { lsid: 1 } },
          ],
          // The client's level, majority, is refused for $currentOp.
          { readConcern: { level: 'local' } },
        )
        .toArray();
      if (abandoned.length === 0) return;
      await admin.command({ killSessions: abandoned.map(({ lsid }) => ({ id: lsid.id })) });
      this.log.warn({ transactions: abandoned.length }, 'ended transactions that a killed process left open');
    } catch (error) {
      this.log.debug({ reason: textOf(error) }, 'cannot look for abandoned transactions');
    }
  }
}
