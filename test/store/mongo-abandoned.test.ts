import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { batch, change, creation, TYPE } from '../contract/store-fixtures.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { MongoHarness } from './mongo-harness.js';

/** A worker that is killed in the middle of a transaction on resource 1. */
const KILLED = `
  const { MongoClient } = require('mongodb');
  (async () => {
    const client = await new MongoClient(process.argv[1], { appName: 'party-role-worker ' + new URL(process.argv[1]).pathname.slice(1) }).connect();
    const session = client.startSession();
    session.startTransaction();
    await client.db().collection('${TYPE}').updateOne({ _id: '1' }, { $inc: { revision: 1 } }, { session });
    console.log('open');
    setInterval(() => undefined, 1000);
  })();`;

whenServers('a transaction that a killed worker left open', ['mongo'], () => {
  let harness: MongoHarness;
  beforeAll(() => {
    harness = new MongoHarness(sharedUrl('mongo'));
  });
  afterAll(() => harness.remove());

  it('does not keep others from the resource for the minute that the server would', async () => {
    const database = `abandoned-${process.pid}`;
    const store = await harness.open(database);
    try {
      await store.commit(batch({ writes: [creation('1')] }));
      const child = spawn(process.execPath, ['-e', KILLED, harness.urlOf(database)], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await store.commit(batch({ writes: [change('1', 1)] }))).toBe('conflict');
      // The server's limit is 60 s; the test's is 30 s.
      while ((await store.commit(batch({ writes: [change('1', 1)] }))) === 'conflict') await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await store.load(TYPE, ['1'])).get('1')?.revision).toBe(2);
    } finally {
      await store.close();
    }
  });
});
