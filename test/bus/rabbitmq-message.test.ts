import type { Channel, ConsumeMessage, Options } from 'amqplib';
import { messageOf, refusalOf } from '../../src/bus/rabbitmq-message.js';
import type { Message } from '../../src/message.js';
import { consume, up } from '../contract/bus.contract.js';
import { startRabbit, whenServers, type Server } from '../support/servers.js';
import { RabbitDeployments, type RabbitDeployment } from './rabbit-deployment.js';

describe('who may be answered', () => {
  const rule = { prefix: 'tmf' };

  test.each([
    ['a queue of the requester', 'crm.replies'],
    ['a queue that the broker named', 'amq.gen-JzTY20BRgKO-HjmUJj0wLg'],
    ['direct reply-to', 'amq.rabbitmq.reply-to.g1h2AA5yZXBseUAx'],
    ['a queue with a similar name', 'tmforum.replies'],
  ])('%s', (_name, address) => expect(refusalOf(address, rule)).toBeUndefined());

  test.each([
    ['a lane', 'tmf.commands.000'],
    ['any name of this service', 'tmf.whatever'],
    ['a name that AMQP cannot hold', 'é'.repeat(128)],
  ])('not %s', (_name, address) => expect(refusalOf(address, rule)).toMatch(/^reply_to /));

  test('with a reply prefix only names with it, and direct reply-to', () => {
    const narrow = { prefix: 'tmf', replyPrefix: 'crm.' };
    expect(refusalOf('crm.replies', narrow)).toBeUndefined();
    expect(refusalOf('amq.rabbitmq.reply-to.g1h2', narrow)).toBeUndefined();
    expect(refusalOf('erp.replies', narrow)).toContain('crm.');
    expect(refusalOf('amq.gen-1', narrow)).toContain('crm.');
  });
});

test('a header table deeper than any stack is cut', () => {
  const deep = Array.from({ length: 20_000 }).reduce((inner) => [inner], 1);
  const delivery = { content: Buffer.from('{}'), fields: { exchange: 'tmf.commands', routingKey: 'key', redelivered: false, deliveryTag: 1, consumerTag: 'c' }, properties: { headers: { deep, cloudEvents_id: '1' } } };
  const { headers, attributes } = messageOf(delivery as unknown as ConsumeMessage, { bus: 'rabbitmq', queue: 'q', lane: 0 }, { prefix: 'tmf' }, () => undefined);
  expect(attributes).toEqual({ id: '1' });
  expect(JSON.stringify(headers)).toContain('nested deeper than 100 levels');
});

whenServers('RabbitMQ messages', ['rabbit'], () => {
  let server: Server;
  let deployments: RabbitDeployments;
  let deployment: RabbitDeployment;
  let channel: Channel;

  beforeAll(async () => {
    server = await startRabbit();
    deployments = new RabbitDeployments(server.url);
  }, 90_000);
  beforeEach(async () => {
    deployment = deployments.add(1);
    channel = await deployments.client();
  });
  afterEach(() => deployments.close(), 30_000);
  afterAll(() => server.stop());

  /** The message that arrives when a plain client publishes this. */
  async function published(options: Options.Publish, body = '{}'): Promise<Message> {
    const bus = deployment.open();
    await up(bus);
    const inbox = await consume(bus);
    channel.publish(deployment.names.commands, 'key', Buffer.from(body), options);
    const [message] = await inbox.received(1);
    if (!message) throw new Error('a message was received');
    return message;
  }

  test('headers of every AMQP type are kept as JSON, and the properties beside them', async () => {
    const headers = {
      text: 'Zoë',
      yes: true,
      tiny: { '!': 'int8', value: -1 },
      byte: { '!': 'uint8', value: 255 },
      short: 300,
      ushort: { '!': 'uint16', value: 65_535 },
      integer: 70_000,
      uint: { '!': 'uint32', value: 4_294_967_295 },
      long: 5_000_000_000,
      double: 1.5,
      float: { '!': 'float', value: 0.5 },
      decimal: { '!': 'decimal', value: { places: 2, digits: 1234 } },
      time: { '!': 'timestamp', value: 1_700_000_000 },
      bytes: Buffer.from([0, 255]),
      nothing: null,
      list: [1, 'two', { three: Buffer.from('3') }],
      table: { a: { b: false } },
    };
    const properties = {
      contentType: 'application/json',
      contentEncoding: 'identity',
      correlationId: 'c-1',
      messageId: 'm-1',
      timestamp: 1_700_000_000,
      type: 'some type',
      appId: 'crm',
      priority: 3,
      expiration: '600000',
    };
    const message = await published({ ...properties, headers, replyTo: 'crm.replies' });
    expect(JSON.parse(JSON.stringify(message.headers))).toEqual({
      ...properties,
      replyTo: 'crm.replies',
      exchange: deployment.names.commands,
      routingKey: 'key',
      headers: {
        text: 'Zoë',
        yes: true,
        tiny: -1,
        byte: 255,
        short: 300,
        ushort: 65_535,
        integer: 70_000,
        uint: 4_294_967_295,
        long: 5_000_000_000,
        double: 1.5,
        float: 0.5,
        decimal: 12.34,
        time: '2023-11-14T22:13:20.000Z',
        bytes: { base64: 'AP8=' },
        nothing: null,
        list: [1, 'two', { three: { base64: 'Mw==' } }],
        table: { a: { b: false } },
      },
    });
    expect(message.replyTo).toEqual({ address: 'crm.replies', correlationId: 'c-1' });
    expect(message.contentType).toBe('application/json');
  });

  test('attributes are read with both prefixes, in any case, and as text whatever their type', async () => {
    const message = await published({
      headers: {
        'cloudEvents:id': '1',
        cloudEvents_source: '/crm',
        CLOUDEVENTS_TYPE: 'org.tmforum.partyRole.create',
        cloudEvents_time: { '!': 'timestamp', value: 1_700_000_000 },
        cloudEvents_expectedrevision: 7,
        cloudEvents_flag: true,
        cloudEvents_binary: Buffer.from('x'),
        cloudEvents_nothing: null,
        cloudEvents___proto__: 'harmless',
        other: 'no attribute',
      },
    });
    expect(Object.entries(message.attributes).sort()).toEqual([
      ['__proto__', 'harmless'],
      ['binary', 'eA=='],
      ['expectedrevision', '7'],
      ['flag', 'true'],
      ['id', '1'],
      ['source', '/crm'],
      ['time', '2023-11-14T22:13:20.000Z'],
      ['type', 'org.tmforum.partyRole.create'],
    ]);
  });

  test('a message without headers and properties is a message', async () => {
    const message = await published({}, 'anything');
    expect(message.attributes).toEqual({});
    expect(message.contentType).toBeUndefined();
    expect(message.replyTo).toBeUndefined();
    expect(message.unacceptable).toBeUndefined();
  });

  test('a reply_to that aims at a lane makes the message unacceptable, and is not offered as an address', async () => {
    const message = await published({ replyTo: deployment.names.queues[0] ?? '', correlationId: 'c-1' });
    expect(message.unacceptable).toMatchObject({ reason: 'reply-to' });
    expect(message.replyTo).toBeUndefined();
  });

  test('what an address may look like does no harm to the bus', async () => {
    const bus = deployment.open();
    await up(bus);
    for (const address of ['nobody', 'amq.rabbitmq.reply-to', 'amq.rabbitmq.reply-to.', 'amq.rabbitmq.reply-to.garbage', 'a'.repeat(255), '#', 'tmf\u0000']) {
      await bus.reply({ address, correlationId: 'c-1' }, { status: 200, headers: {} });
      expect(bus.status()).toEqual({ up: true });
    }
  });

  test('a reply is transient JSON with its correlation id', async () => {
    const bus = deployment.open();
    await up(bus);
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await bus.reply({ address: queue, correlationId: 'c-1' }, { status: 201, headers: { ETag: '"1"' }, body: { name: 'Zoë' } });
    const reply = await channel.get(queue, { noAck: true });
    if (reply === false) throw new Error('a reply was received');
    expect(JSON.parse(reply.content.toString())).toEqual({ status: 201, headers: { ETag: '"1"' }, body: { name: 'Zoë' } });
    expect(reply.properties).toMatchObject({ contentType: 'application/json', correlationId: 'c-1', deliveryMode: 1 });
  });

  test('a reply that nobody could have meant lets the request time out', async () => {
    const bus = deployment.open();
    await up(bus);
    const inbox = await consume(bus);
    const waiting = bus.request({ resource: 'partyRole', key: 'a', attributes: {}, body: Buffer.from('{}') }, 500);
    const timedOut = expect(waiting).rejects.toThrow('no reply within 500 ms');
    const [message] = await inbox.received(1);
    channel.publish('', message?.replyTo?.address ?? '', Buffer.from('no JSON'), { correlationId: message?.replyTo?.correlationId ?? '' });
    await timedOut;
    expect(bus.status()).toEqual({ up: true });
  });
});
