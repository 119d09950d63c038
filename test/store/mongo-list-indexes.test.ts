import type { AttributeIndex } from '../../src/store/mongo-list-indexes.js';
import { openMongoStore } from '../../src/store/mongo-store.js';
import type { Store } from '../../src/store/store.js';
import { batch, creation, TYPE } from '../contract/store-fixtures.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { silent } from './embedded-harness.js';
import { MongoHarness, until, whenUp } from './mongo-harness.js';

whenServers('Indexes for lists on MongoDB', ['mongo'], () => {
  const database = `indexes-${process.pid}`;
  let harness: MongoHarness;
  const stores: Store[] = [];

  async function open(indexes: readonly AttributeIndex[]): Promise<Store> {
    const types = [{ name: TYPE, indexes }];
    const store = await openMongoStore({ url: harness.urlOf(database), types, retentionMs: 3_600_000, queryTimeoutMs: 5000, log: silent, onFatal: () => undefined });
    stores.push(store);
    return whenUp(store);
  }

  async function names(): Promise<string[]> {
    return (await harness.client.db(database).collection(TYPE).indexes()).map(({ name = '' }) => name);
  }

  beforeEach(async () => {
    harness = new MongoHarness(sharedUrl('mongo'));
    await (await open([])).commit(batch({ writes: [creation('1', { name: 'a', account: [{ id: 'x' }, { id: 'y' }] })] }));
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await harness.remove();
  });

  it('are added to what is there, and never removed', async () => {
    await open([{ path: 'name' }, { path: 'account.id', filterOnly: true }, { path: 'name' }]);
    const all = ['_id_', 'expires_1', 'deleted_1__id_1', 'deleted_1_resource.name_1__id_1', 'resource.account.id_1__id_1'];
    expect(await names()).toEqual(all);
    await open([{ path: 'name' }]);
    expect(await names()).toEqual(all);
  });

  it('may have been made by an operator, under another name or with other options', async () => {
    const collection = harness.client.db(database).collection(TYPE);
    await collection.createIndex({ deleted: 1, 'resource.name': 1, _id: 1 }, { name: 'mine' });
    await collection.createIndex({ 'resource.account.id': 1, _id: 1 }, { sparse: true });
    await open([{ path: 'name' }, { path: 'account.id', filterOnly: true }, { path: 'status' }]);
    expect((await names()).slice(3)).toEqual(['mine', 'resource.account.id_1__id_1', 'deleted_1_resource.status_1__id_1']);
  });

  it('are not waited for: the store can be used while they are being built', async () => {
    // The build of an index waits for every transaction that has written to the collection.
    const session = harness.client.startSession();
    session.startTransaction();
    await harness.client.db(database).collection<{ _id: string }>(TYPE).insertOne({ _id: 'other' }, { session });
    const store = await open([{ path: 'name' }]);
    expect(await names()).not.toContain('deleted_1_resource.name_1__id_1');
    expect((await store.receipts(['unknown'])).size).toBe(0);
    await session.abortTransaction();
    await session.endSession();
    let built: string[] = [];
    await until(() => {
      void names().then((found) => (built = found));
      return built.includes('deleted_1_resource.name_1__id_1');
    });
  });
});
