import { storeContract } from '../contract/store.contract.js';
import { EmbeddedHarness } from './embedded-harness.js';

describe('embedded store', () => {
  const harness = new EmbeddedHarness();
  afterAll(() => harness.remove());

  storeContract(harness);
});
