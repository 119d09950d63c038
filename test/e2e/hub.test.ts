import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainAmqp, plainNats } from '../support/plain-client.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { hubProcessesSuite, hubSuite } from './hub.e2e.js';
import { pairOn } from './pair.js';

whenServers('the hub on RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => {
  describe('service', () => hubSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit-hub', plainAmqp)));
  describe('processes', () => hubProcessesSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit-hubs', plainAmqp)));
});

whenServers('the hub on NATS JetStream and MongoDB', ['nats', 'mongo'], () => {
  describe('service', () => hubSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats-hub', plainNats)));
  describe('processes', () => hubProcessesSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats-hubs', plainNats)));
});

describe('the hub on the embedded pair', () => {
  const folder = mkdtempSync(join(tmpdir(), 'party-role-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  hubSuite(() => Promise.resolve({ settings: { BUS_URL: 'memory:', STORE_URL: `file:${folder}` }, client: undefined, close: () => Promise.resolve() }));
});
