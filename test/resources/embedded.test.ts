import { definitions, resourceNames } from '../../src/handlers/index.js';
import { sampleNames, sampleOf } from '../support/samples.js';
import { startWhole, type WholeService } from '../support/whole-service.js';
import { commandsSuite } from './commands.suite.js';
import { eventsSuite } from './events.suite.js';
import { paymentMethodsSuite } from './payment-methods.suite.js';
import { readsSuite } from './reads.suite.js';
import { writesSuite } from './writes.suite.js';

const all = definitions({ roleTypeDefault: true, lifeCycles: new Map() });

let started: WholeService;
const service = (): WholeService => started;
beforeAll(async () => {
  started = await startWhole(all);
});
afterAll(() => started.close());

it('tries every resource that there is, each in its API', () => {
  expect([...sampleNames].sort()).toEqual([...resourceNames].sort());
  expect(all.map(({ name, api, version }) => [name, api, version])).toEqual(all.map(({ name }) => [name, sampleOf(name).api, 'v4']));
});

describe.each(all)('$name', (definition) => {
  describe('commands on the bus', () => commandsSuite(definition, service));
  describe('REST', () => {
    writesSuite(definition, service);
    readsSuite(definition, service);
  });
  describe('events', () => eventsSuite(definition, service));
  if (definition.name === 'paymentMethod') describe('types', () => paymentMethodsSuite(definition, service));
});
