import { storeContract, type StoreHarness } from '../contract/store.contract.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { MongoHarness } from './mongo-harness.js';

whenServers('MongoDB store', ['mongo'], () => {
  let harness: MongoHarness;
  beforeAll(() => {
    harness = new MongoHarness(sharedUrl('mongo'));
  });
  afterAll(() => harness.remove());

  const later: StoreHarness = {
    open: (database) => harness.open(database),
    contents: (database) => harness.contents(database),
    makeNewer: (database) => harness.makeNewer(database),
  };
  storeContract(later);
});
