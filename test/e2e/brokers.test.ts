import { sharedUrl, whenServers } from '../support/servers.js';
import { plainAmqp, plainNats } from '../support/plain-client.js';
import { pairOn } from './pair.js';
import { busSuite, serviceSuite } from './service.e2e.js';

whenServers('RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => {
  describe('service', () => serviceSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit', plainAmqp)));
  describe('bus', () => busSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit-bus', plainAmqp)));
});

whenServers('NATS JetStream and MongoDB', ['nats', 'mongo'], () => {
  describe('service', () => serviceSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats', plainNats)));
  describe('bus', () => busSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats-bus', plainNats)));
});
