// Posts party role commands to NATS JetStream with nothing but the NATS client, and shows each reply and event.
// Usage: BUS_URL=nats://user:password@127.0.0.1:4222 node test/examples/nats-command.mjs
import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { connect, createInbox, headers } from '@nats-io/transport-node';

const prefix = process.env.PREFIX ?? 'tmf';
const { host, username, password } = new URL(process.env.BUS_URL ?? 'nats://127.0.0.1:4222');
// The client takes no credentials from a URL.
const connection = await connect({ servers: host, ...(username && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }) });
const stream = jetstream(connection);

const waiting = [];
const show = (what) => (error, message) => {
  if (error) throw error;
  const content = message.json();
  console.log(what, JSON.stringify(content));
  waiting.forEach((check) => check(what, content));
};
// Events are in the stream TMF_EVENTS; for a look a core subscription does.
connection.subscribe(`${prefix}.events.partyRole.*`, { callback: show('event') });
const inbox = createInbox();
connection.subscribe(inbox, { callback: show('reply') });
const seen = (what, match) => new Promise((resolve) => waiting.push((kind, content) => kind === what && match(content) && resolve(content)));

// The last token of the subject is the key: the id, percent-encoded but for letters, digits, - and _.
const id = `example-${randomUUID()}`;
const subject = `${prefix}.commands.partyRole.${id}`;
const withHeaders = (entries) => {
  const result = headers();
  for (const [name, value] of Object.entries({ 'reply-to': inbox, ...entries })) result.set(name, value);
  return { headers: result };
};

// Structured mode: the whole CloudEvent is the message.
const created = Promise.all([seen('reply', (reply) => reply.status === 201), seen('event', (event) => event.subject === id && event.type.endsWith('PartyRoleCreateEvent'))]);
const create = { specversion: '1.0', id: randomUUID(), source: '/example', type: 'org.tmforum.partyRole.create', subject: id, datacontenttype: 'application/json', data: { name: 'Seller' } };
await stream.publish(subject, JSON.stringify(create), withHeaders({ 'content-type': 'application/cloudevents+json', 'correlation-id': '1' }));
await created;

// Binary mode: the attributes are headers, the data is the message.
const patched = Promise.all([seen('reply', (reply) => reply.status === 200), seen('event', (event) => event.subject === id && event.type.endsWith('PartyRoleStateChangeEvent'))]);
await stream.publish(
  subject,
  JSON.stringify({ status: 'active' }),
  withHeaders({ 'content-type': 'application/merge-patch+json', 'correlation-id': '2', 'ce-specversion': '1.0', 'ce-id': randomUUID(), 'ce-source': '/example', 'ce-type': 'org.tmforum.partyRole.patch', 'ce-subject': id }),
);
await patched;
await connection.drain();
