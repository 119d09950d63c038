import { Api } from '../e2e/api.js';
import { onBothBrokers } from '../resources/running.js';
import { asked } from '../support/embedded-service.js';
import { apiPath, startWhole, VIEW_PATH, type WholeService } from '../support/whole-service.js';
import { channelsSuite } from './channels.suite.js';
import { resources } from './household.js';

describe('channels on the embedded pair', () => {
  let service: WholeService;
  beforeAll(async () => {
    service = await startWhole(resources);
  });
  afterAll(() => service.close());

  channelsSuite(() => ({
    api: service.api,
    customers: service.customers,
    onBus: async (subject, data, channel) => (await service.bus.request(asked('patch', subject, data, { channel }), 5_000)).status,
  }));
});

onBothBrokers('channels', (running) =>
  channelsSuite(() => {
    const { service, client } = running();
    const merge = { type: 'org.tmforum.partyRole.patch', contentType: 'application/merge-patch+json' };
    return {
      api: (definition) => new Api(service.url, apiPath(definition)),
      customers: new Api(service.url, VIEW_PATH),
      onBus: async (subject, data, channel) => (await client.ask('binary', { ...merge, subject, data: data, extensions: { channel } })).status,
    };
  }),
);
