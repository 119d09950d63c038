import { connect, type Channel, type Message } from 'amqplib';
import { rabbitNames } from '../../../src/bus/rabbitmq-topology.js';
import type { Link } from './link.js';

const ATTRIBUTE = 'cloudEvents_';

/** Consumes the service's own lanes on one connection and publishes with confirms, undelayed, on another. */
export async function amqpLink(url: string, prefix: string, lanes: number): Promise<Link> {
  const consuming = await (await connect(url)).createChannel();
  const publishing = await (await connect(url, { noDelay: true })).createConfirmChannel();
  return {
    consume: async (prefetch, onCommand) => {
      const acknowledge = acknowledgingTogether(consuming);
      await consuming.prefetch(prefetch);
      for (const queue of rabbitNames({ prefix, lanes }).queues) {
        await consuming.consume(queue, (delivery) => {
          if (!delivery) throw new Error('the broker cancelled the consumer');
          const attributes: Record<string, string> = {};
          for (const [name, value] of Object.entries(delivery.properties.headers ?? {})) attributes[name.slice(ATTRIBUTE.length)] = String(value);
          const { deliveryTag } = delivery.fields;
          onCommand({ attributes, body: delivery.content, acknowledge: () => acknowledge(deliveryTag) });
        });
      }
    },
    publish: (key, id, content) =>
      new Promise((resolve, reject) => {
        const options = { persistent: true, contentType: 'application/cloudevents+json', messageId: id };
        publishing.publish(`${prefix}.events`, key, Buffer.from(content), options, (error) => {
          if (error === null) resolve();
          else reject(error as Error);
        });
      }),
  };
}

/** One frame for all that are done in a turn: one each would slow the broker down for no gain. */
function acknowledgingTogether(channel: Channel): (tag: number) => void {
  const done = new Set<number>();
  let upTo = 0;
  let planned = false;
  const flush = (): void => {
    planned = false;
    const before = upTo;
    while (done.delete(upTo + 1)) upTo += 1;
    if (upTo > before) channel.ack({ fields: { deliveryTag: upTo } } as Message, true);
  };
  return (tag) => {
    done.add(tag);
    if (!planned) setImmediate(flush);
    planned = true;
  };
}
