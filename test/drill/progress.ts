import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';

/** Whether the workers get on: how many commits there are. */
export class CommitCount {
  private readonly client: MongoClient;
  private readonly database: string;

  constructor(storeUrl: string) {
    this.client = new MongoClient(storeUrl, { runtimeAdapters: { os }, serverSelectionTimeoutMS: 2_000, socketTimeoutMS: 10_000, readConcern: { level: 'majority' } });
    this.database = /^mongodb:\/\/[^/]+\/([^?]+)/.exec(storeUrl)?.[1] ?? '';
  }

  /** Resolves with true as soon as something was committed since the call, with false after `ms`. */
  async grows(ms: number): Promise<boolean> {
    const deadline = Date.now() + ms;
    let before: number | undefined;
    while (Date.now() < deadline) {
      const now = await this.read();
      if (now !== undefined && before !== undefined && now > before) return true;
      before ??= now;
      await pause(100);
    }
    return false;
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /** Undefined while the database does not answer. */
  private read(): Promise<number | undefined> {
    return this.client.db(this.database).collection('commits').countDocuments().catch(() => undefined);
  }
}
