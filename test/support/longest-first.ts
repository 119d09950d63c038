import Sequencer from '@jest/test-sequencer';

/** Suites that start servers and processes, and wait for them: what begins last should be short. */
const LONG = /\/(drill|e2e|store\/mongo|bus\/rabbitmq-bus|resources\/brokers|customer\/(channels|mongo)|store\/equal)/;

type Tests = Parameters<Sequencer['sort']>[0];

export default class LongestFirst extends Sequencer {
  override async sort(tests: Tests): Promise<Tests> {
    const sorted = await super.sort(tests);
    const [long, short] = [true, false].map((isLong) => sorted.filter(({ path }) => LONG.test(path) === isLong));
    return [...(long ?? []), ...(short ?? [])];
  }
}
