// Posts party role commands to RabbitMQ with nothing but amqplib, and shows each reply and event.
// Usage: BUS_URL=amqp://guest:guest@127.0.0.1:5672 node test/examples/amqp-command.mjs
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';

const prefix = process.env.PREFIX ?? 'tmf';
const connection = await amqp.connect(process.env.BUS_URL ?? 'amqp://127.0.0.1:5672');
const channel = await connection.createConfirmChannel();

// Every event of every party role: bind by resource (partyRole.*) or by event type (*.PartyRoleCreateEvent).
const { queue: events } = await channel.assertQueue('', { exclusive: true });
await channel.bindQueue(events, `${prefix}.events`, 'partyRole.*');
const { queue: replies } = await channel.assertQueue('', { exclusive: true });

const waiting = [];
const show = (what) => (message) => {
  const content = JSON.parse(message.content.toString());
  console.log(what, JSON.stringify(content));
  waiting.forEach((check) => check(what, content));
};
await channel.consume(events, show('event'), { noAck: true });
await channel.consume(replies, show('reply'), { noAck: true });
const seen = (what, match) => new Promise((resolve) => waiting.push((kind, content) => kind === what && match(content) && resolve(content)));

const id = `example-${randomUUID()}`;

// Structured mode: the whole CloudEvent is the message.
const created = Promise.all([seen('reply', (reply) => reply.status === 201), seen('event', (event) => event.subject === id && event.type.endsWith('PartyRoleCreateEvent'))]);
const create = { specversion: '1.0', id: randomUUID(), source: '/example', type: 'org.tmforum.partyRole.create', subject: id, datacontenttype: 'application/json', data: { name: 'Seller' } };
channel.publish(`${prefix}.commands`, id, Buffer.from(JSON.stringify(create)), { contentType: 'application/cloudevents+json', persistent: true, mandatory: true, replyTo: replies, correlationId: '1' });
await created;

// Binary mode: the attributes are headers, the data is the message.
const patched = Promise.all([seen('reply', (reply) => reply.status === 200), seen('event', (event) => event.subject === id && event.type.endsWith('PartyRoleStateChangeEvent'))]);
channel.publish(`${prefix}.commands`, id, Buffer.from(JSON.stringify({ status: 'active' })), {
  contentType: 'application/merge-patch+json',
  headers: { cloudEvents_specversion: '1.0', cloudEvents_id: randomUUID(), cloudEvents_source: '/example', cloudEvents_type: 'org.tmforum.partyRole.patch', cloudEvents_subject: id },
  persistent: true,
  mandatory: true,
  replyTo: replies,
  correlationId: '2',
});
await patched;
await connection.close();
