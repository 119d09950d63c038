import { MongoClient } from 'mongodb';

/** What the database has been asked so far, by all its clients. */
export interface Traffic {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Watches a mongod. */
export class DatabaseWatch {
  private readonly client: MongoClient;

  constructor(url: string) {
    this.client = new MongoClient(url);
  }

  async traffic(): Promise<Traffic> {
    const status = await this.client.db('admin').command({ serverStatus: 1, metrics: 0, wiredTiger: 0, repl: 0, locks: 0 });
    const { network } = status as unknown as { network: { numRequests: number; bytesIn: number; bytesOut: number } };
    return { requests: Number(network.numRequests), bytesIn: Number(network.bytesIn), bytesOut: Number(network.bytesOut) };
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
