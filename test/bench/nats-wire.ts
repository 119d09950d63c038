import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, createInbox, headers as natsHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { natsNames } from '../../src/bus/nats-subject.js';
import type { Setting } from './process.js';
import { Arrivals, subjectOf, type Wire } from './wire.js';

/** Events come from a consumer of the deployment's stream of events. */
export async function natsWire({ busUrl, prefix, lanes }: Setting): Promise<Wire> {
  const connection = await connect({ servers: busUrl });
  const stream = jetstream(connection, { timeout: 30_000 });
  const names = natsNames(prefix);
  const [events, replies] = [new Arrivals('event'), new Arrivals('reply')];
  const inbox = createInbox();
  connection.subscribe(inbox, { callback: (_error, message) => replies.arrived(message.headers?.get('correlation-id') ?? '') });
  const ordered = await stream.consumers.get(names.events.stream, { deliver_policy: DeliverPolicy.New });
  await ordered.consume({ callback: (message) => events.arrived(subjectOf(message.string())) });
  return {
    events,
    replies,
    send: async ({ role, attributes, contentType, body }, wantsReply) => {
      const headers = withHeaders({ 'content-type': contentType, ...(wantsReply ? { 'reply-to': inbox, 'correlation-id': role } : {}) });
      for (const [name, value] of Object.entries(attributes)) headers.set(`ce-${name}`, value);
      await stream.publish(`${prefix}.commands.partyRole.${role}`, body, { headers });
    },
    takeCommands: async () => {
      const commands = new Arrivals('command');
      const manager = await jetstreamManager(connection);
      for (let lane = 0; lane < lanes; lane += 1) {
        const name = `wire-${lane}`;
        await manager.consumers.add(names.commands.stream, { durable_name: name, filter_subject: names.laneFilter(lane), ack_policy: AckPolicy.Explicit });
        const consumer = await stream.consumers.get(names.commands.stream, name);
        await consumer.consume({
          callback: (message) => {
            commands.arrived(message.subject.split('.').at(-1) ?? '');
            message.ack();
          },
        });
      }
      return commands;
    },
    announce: async (content) => {
      await stream.publish(`${prefix}.events.partyRole.PartyRoleCreateEvent`, content, { headers: withHeaders({ 'content-type': 'application/cloudevents+json' }) });
    },
    close: () => connection.close(),
  };
}

function withHeaders(entries: Readonly<Record<string, string>>): MsgHdrs {
  const headers = natsHeaders();
  for (const [name, value] of Object.entries(entries)) headers.set(name, value);
  return headers;
}
