import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { command, consume, textsOf, up } from '../contract/bus.contract.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { RabbitDeployments } from './rabbit-deployment.js';

/** Publishes with headers nested so deep that only a thread with a stack of its own size can write them. */
const PUBLISHER = `
const { workerData: { url, exchange, levels } } = require('node:worker_threads');
const { connect } = require('amqplib');
(async () => {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  let headers = {};
  for (let level = 0; level < levels; level += 1) headers = { a: headers };
  channel.publish(exchange, 'key', Buffer.from('deep'), { headers, persistent: true });
  await channel.waitForConfirms();
  await connection.close();
})();`;

whenServers('Messages that the AMQP client cannot read', ['rabbit'], () => {
  let deployments: RabbitDeployments;
  beforeAll(() => {
    deployments = new RabbitDeployments(sharedUrl('rabbit'));
  });
  afterEach(() => deployments.close(), 30_000);

  it('are handed over as malformed with their bytes, and the others in their order', async () => {
    const deployment = deployments.add(1);
    const bus = deployment.open();
    await up(bus);
    await bus.send(command('key', 'before'));
    const workerData = { url: sharedUrl('rabbit'), exchange: deployment.names.commands, levels: 6_000 };
    const publisher = new Worker(PUBLISHER, { eval: true, workerData, resourceLimits: { stackSizeMb: 200 } });
    expect(await once(publisher, 'exit')).toEqual([0]);
    await bus.send(command('key', 'after'));

    const inbox = await consume(bus);
    const [, deep] = await inbox.received(3);
    expect(textsOf(inbox.messages)).toEqual(['before', 'deep', 'after']);
    expect(deep?.unacceptable).toMatchObject({ reason: 'malformed' });
    const { 'unreadable-properties': bytes } = deep?.headers['headers'] as Record<string, string>;
    expect(Buffer.from(bytes ?? '', 'base64').length).toBeGreaterThan(6_000 * 3);
    expect(inbox.messages[0]?.unacceptable).toBeUndefined();
    for (const message of inbox.messages) message.acknowledge();
    expect(bus.status()).toEqual({ up: true });
  }, 60_000);
});
