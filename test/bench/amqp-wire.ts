import { connect, type ConfirmChannel, type Options } from 'amqplib';
import { rabbitNames } from '../../src/bus/rabbitmq-topology.js';
import { sinkQueue } from './sink.js';
import type { Setting } from './process.js';
import { Arrivals, subjectOf, type Wire } from './wire.js';

const REPLIES = 'amq.rabbitmq.reply-to';

/** Events come from the quorum queue that the deployment's events go to. */
export async function amqpWire({ busUrl, prefix, lanes }: Setting): Promise<Wire> {
  // Without this a small message can wait 40 ms for its neighbour.
  const connection = await connect(busUrl, { noDelay: true });
  const publishing = await connection.createConfirmChannel();
  const consuming = await connection.createChannel();
  const [events, replies] = [new Arrivals('event'), new Arrivals('reply')];
  const take = (queue: string, onMessage: (content: Buffer, key: string) => void): Promise<unknown> =>
    consuming.consume(queue, (message) => {
      if (!message) throw new Error(`${queue} is gone`);
      onMessage(message.content, message.fields.routingKey);
      consuming.ack(message);
    });
  await take(sinkQueue(prefix), (content) => events.arrived(subjectOf(content.toString('utf8'))));
  await publishing.consume(REPLIES, (message) => replies.arrived(String(message?.properties.correlationId)), { noAck: true });
  return {
    events,
    replies,
    send: ({ role, attributes, contentType, body }, wantsReply) => {
      const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`cloudEvents_${name}`, value]));
      const reply = wantsReply ? { replyTo: REPLIES, correlationId: role } : {};
      return publish(publishing, `${prefix}.commands`, role, body, { mandatory: true, contentType, headers, ...reply });
    },
    takeCommands: async () => {
      const commands = new Arrivals('command');
      for (const queue of rabbitNames({ prefix, lanes }).queues) await take(queue, (_content, key) => commands.arrived(key));
      return commands;
    },
    announce: (content) => publish(publishing, `${prefix}.events`, 'partyRole.PartyRoleCreateEvent', content, { contentType: 'application/cloudevents+json' }),
    close: () => connection.close(),
  };
}

function publish(channel: ConfirmChannel, exchange: string, key: string, content: string, options: Options.Publish): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.publish(exchange, key, Buffer.from(content), { persistent: true, ...options }, (error) => {
      if (error === null) resolve();
      else reject(error as Error);
    });
  });
}
