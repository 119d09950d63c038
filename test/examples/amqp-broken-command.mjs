// Posts a command to RabbitMQ that can never be applied, a party role without a name, and prints the id under which it is set aside.
// Usage: BUS_URL=amqp://guest:guest@127.0.0.1:5672 node test/examples/amqp-broken-command.mjs
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';

const prefix = process.env.PREFIX ?? 'tmf';
const connection = await amqp.connect(process.env.BUS_URL ?? 'amqp://127.0.0.1:5672');
const channel = await connection.createConfirmChannel();

// Every message that is set aside is announced, with its reason as the routing key.
const { queue } = await channel.assertQueue('', { exclusive: true });
await channel.bindQueue(queue, `${prefix}.dead`, '#');
const subject = `broken-${randomUUID()}`;
const parked = new Promise((resolve) => {
  const look = (message) => {
    const { data } = JSON.parse(message.content.toString());
    if (data.subject === subject) resolve(data.id);
  };
  void channel.consume(queue, look, { noAck: true });
});

// Nobody waits for a reply, so the refusal cannot be answered.
const headers = { cloudEvents_specversion: '1.0', cloudEvents_id: randomUUID(), cloudEvents_source: '/example', cloudEvents_type: 'org.tmforum.partyRole.create', cloudEvents_subject: subject };
channel.publish(`${prefix}.commands`, subject, Buffer.from('{"title": "Seller"}'), { contentType: 'application/json', headers, persistent: true, mandatory: true });
console.log(await parked);
await connection.close();
