import { MongoClient } from 'mongodb';

/** What the database has been asked so far, by all its clients. */
export interface Traffic {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Watches a mongod; `pid` is its process on this machine. */
export class DatabaseWatch {
  private readonly client: MongoClient;

  constructor(url: string) {
    this.client = new MongoClient(url);
  }

  async pid(): Promise<number> {
    return Number((await this.status())['pid']);
  }

  async traffic(): Promise<Traffic> {
    const { network } = (await this.status()) as { network: { numRequests: number; bytesIn: number; bytesOut: number } };
    return { requests: Number(network.numRequests), bytesIn: Number(network.bytesIn), bytesOut: Number(network.bytesOut) };
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private status(): Promise<Record<string, unknown>> {
    return this.client.db('admin').command({ serverStatus: 1, metrics: 0, wiredTiger: 0, repl: 0, locks: 0 });
  }
}
