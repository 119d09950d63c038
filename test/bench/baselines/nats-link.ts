import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers as natsHeaders } from '@nats-io/transport-node';
import { natsNames } from '../../../src/bus/nats-subject.js';
import type { Link } from './link.js';

const ATTRIBUTE = 'ce-';

/** Consumes the service's own lanes with one durable consumer each. */
export async function natsLink(url: string, prefix: string, lanes: number): Promise<Link> {
  const connection = await connect({ servers: url, noAsyncTraces: true });
  const manager = await jetstreamManager(connection);
  const stream = jetstream(connection, { timeout: 30_000 });
  const names = natsNames(prefix);
  return {
    consume: async (prefetch, onCommand) => {
      for (let lane = 0; lane < lanes; lane += 1) {
        const name = `plain-${lane}`;
        await manager.consumers.add(names.commands.stream, { durable_name: name, filter_subject: names.laneFilter(lane), ack_policy: 'explicit', max_ack_pending: prefetch });
        const consumer = await stream.consumers.get(names.commands.stream, name);
        await consumer.consume({
          max_messages: prefetch,
          callback: (message) => {
            const attributes: Record<string, string> = {};
            for (const [header, [value = '']] of message.headers ?? []) attributes[header.slice(ATTRIBUTE.length)] = value;
            onCommand({ attributes, body: message.data, acknowledge: () => message.ack() });
          },
        });
      }
    },
    publish: async (key, id, content) => {
      const headers = natsHeaders();
      headers.set('content-type', 'application/cloudevents+json');
      headers.set('Nats-Msg-Id', id);
      await stream.publish(`${prefix}.events.${key}`, content, { headers });
    },
  };
}
