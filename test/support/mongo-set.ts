import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient, type Document } from 'mongodb';
import { binary } from './binaries.js';
import { startLocal, type Launch, type Recipe } from './local-server.js';
import { IN_JEST, mongodLaunch, REPLICA_SET } from './mongo-server.js';
import { freePort } from './ports.js';
import { eventually, type Server } from './server.js';

const MEMBERS = 3;
/** A secondary's reading of the oplog, as a failpoint of the server. */
const FETCHING = 'stopReplProducer';

interface Member extends Server {
  readonly port: number;
}

/** A private replica set of three `mongod` processes, which elect a new primary within seconds. */
export class MongoSet {
  private constructor(private readonly members: readonly Member[]) {}

  /** `electionTimeoutMs`: a primary that does not hear a majority for so long steps down, and the others elect. */
  static async start(electionTimeoutMs: number): Promise<MongoSet> {
    const mongod = binary('mongo');
    if (mongod === undefined) throw new Error('a replica set needs a mongod program on this machine');
    const members = await Promise.all(Array.from({ length: MEMBERS }, () => startMember(mongod)));
    const set = new MongoSet(members);
    const [first] = members;
    if (!first) throw new Error('a replica set without members');
    try {
      await asked(first.port, {
        replSetInitiate: {
          _id: REPLICA_SET,
          members: members.map(({ port }, _id) => ({ _id, host: `127.0.0.1:${port}` })),
          settings: { electionTimeoutMillis: electionTimeoutMs, heartbeatIntervalMillis: Math.min(500, electionTimeoutMs / 4) },
        },
      });
      await set.primary();
    } catch (error) {
      await set.stop();
      throw error;
    }
    return set;
  }

  get url(): string {
    return `mongodb://${this.members.map(({ port }) => `127.0.0.1:${port}`).join(',')}/?replicaSet=${REPLICA_SET}`;
  }

  /** Waits until there is one. */
  async primary(): Promise<Server> {
    let found: Server | undefined;
    await eventually('the primary', async () => {
      const states = await Promise.all(this.members.map(async (member) => ({ member, primary: await isPrimary(member) })));
      found = states.find(({ primary }) => primary)?.member;
      if (!found) throw new Error('no primary');
    });
    if (!found) throw new Error('no primary');
    return found;
  }

  private secondaries(primary: Server): readonly Member[] {
    return this.members.filter((member) => member !== primary);
  }

  /** The primary becomes a secondary, and stays one for `seconds` at least. */
  async stepDown(seconds: number): Promise<void> {
    const primary = (await this.primary()) as Member;
    await asked(primary.port, { replSetStepDown: seconds, force: true });
  }

  /**
   * From now on the primary alone has what is written; it stays the primary. To stop the secondaries' processes would not do:
   * the primary sends unasked, and they would find it all in their sockets when they go on (measured).
   */
  async holdReplication(primary: Server): Promise<void> {
    await Promise.all(this.secondaries(primary).map(holdFetching));
  }

  /** Call it once the primary is dead: what it alone had is then lost. */
  async releaseReplication(): Promise<void> {
    await Promise.all(this.members.map(({ port }) => asked(port, { configureFailPoint: FETCHING, mode: 'off' }).catch(() => undefined)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }
}

async function startMember(mongod: string): Promise<Member> {
  const port = await freePort();
  const server = await startLocal('mongo', async (folder): Promise<Recipe> => {
    const data = join(folder, 'data');
    await mkdir(data);
    const ready = async (): Promise<void> => {
      await asked(port, { ping: 1 });
    };
    return { url: directUrl(port), ready, server: withFailpoints(mongodLaunch(mongod, data, port)) };
  });
  return Object.assign(server, { port });
}

function withFailpoints(launch: Launch): Launch {
  return { ...launch, args: [...launch.args, '--setParameter', 'enableTestCommands=1'] };
}

/** Resolves when it has noticed. */
async function holdFetching({ port }: Member): Promise<void> {
  const { count } = await asked(port, { configureFailPoint: FETCHING, mode: 'alwaysOn' });
  await asked(port, { waitForFailPoint: FETCHING, timesEntered: Number(count) + 1, maxTimeMS: 10_000 });
}

/** One that is stopped or away is not. */
function isPrimary({ port }: Member): Promise<boolean> {
  return asked(port, { hello: 1 }).then(
    ({ isWritablePrimary }) => isWritablePrimary === true,
    () => false,
  );
}

function directUrl(port: number): string {
  return `mongodb://127.0.0.1:${port}/?directConnection=true`;
}

/** Asks this member alone. */
async function asked(port: number, command: Document): Promise<Document> {
  const client = new MongoClient(directUrl(port), { ...IN_JEST, serverSelectionTimeoutMS: 1_000, connectTimeoutMS: 1_000, socketTimeoutMS: 10_000 });
  try {
    return await client.db('admin').command(command);
  } finally {
    await client.close();
  }
}
