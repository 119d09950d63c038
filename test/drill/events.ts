import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp, type Channel, type ConsumeMessage } from 'amqplib';
import { within } from './within.js';

export type BusKind = 'rabbitmq' | 'nats';

/** One announcement as a consumer saw it. */
export interface CollectedEvent {
  /** CloudEvents id. */
  readonly id: string;
  /** CloudEvents type. */
  readonly type: string;
  /** The role's id. */
  readonly subject: string;
  readonly sequence: number;
  /** Its place in the order of arrival at the broker. */
  readonly arrival: number;
}

const PREFETCH = 1_000;
const COLLECT_MS = 5 * 60_000;

/** AMQP: declares a durable queue bound to every event; call it before the drill begins. NATS: nothing to prepare, the stream keeps them. */
export async function prepareEvents(bus: BusKind, busUrl: string, prefix: string): Promise<void> {
  if (bus === 'rabbitmq') await withChannel(busUrl, (channel) => declareQueue(channel, prefix));
}

/** Everything that was announced, in order of arrival at the broker; call it when all is quiet. On AMQP it empties the queue. */
export function collectEvents(bus: BusKind, busUrl: string, prefix: string): Promise<CollectedEvent[]> {
  const collected = bus === 'rabbitmq' ? withChannel(busUrl, (channel) => drainQueue(channel, prefix)) : readStream(busUrl, prefix);
  return within(COLLECT_MS, 'all events', collected);
}

function queueOf(prefix: string): string {
  return `${prefix}.drill-events`;
}

/** A classic queue: unlike a quorum queue it can be killed at once; lazy: it may become long. */
async function declareQueue(channel: Channel, prefix: string): Promise<void> {
  await channel.assertExchange(`${prefix}.events`, 'topic', { durable: true });
  await channel.assertQueue(queueOf(prefix), { durable: true, arguments: { 'x-queue-mode': 'lazy' } });
  await channel.bindQueue(queueOf(prefix), `${prefix}.events`, '#');
}

async function drainQueue(channel: Channel, prefix: string): Promise<CollectedEvent[]> {
  const { messageCount } = await channel.checkQueue(queueOf(prefix));
  const events: CollectedEvent[] = [];
  if (messageCount === 0) return events;
  await channel.prefetch(PREFETCH);
  await new Promise<void>((resolve, reject) => {
    const take = (message: ConsumeMessage | null): void => {
      if (message === null) return reject(new Error('the queue of events was deleted'));
      events.push(eventOf(message.content.toString(), events.length));
      channel.ack(message);
      if (events.length === messageCount) resolve();
    };
    channel.consume(queueOf(prefix), take).catch(reject);
  });
  return events;
}

async function withChannel<T>(url: string, use: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await connectAmqp(url);
  connection.on('error', () => undefined); // whatever is under way fails with it
  try {
    const channel = await connection.createChannel();
    const result = await use(channel);
    await channel.close();
    return result;
  } finally {
    await connection.close().catch(() => undefined);
  }
}

async function readStream(url: string, prefix: string): Promise<CollectedEvent[]> {
  const connection = await connectNats({ servers: url });
  try {
    const name = `${prefix.toUpperCase().replaceAll('.', '_')}_EVENTS`;
    const { state } = await (await jetstreamManager(connection)).streams.info(name);
    const events: CollectedEvent[] = [];
    if (state.messages === 0) return events;
    const consumer = await jetstream(connection).consumers.get(name, { filter_subjects: `${prefix}.events.>` });
    const messages = await consumer.consume({ max_messages: PREFETCH });
    for await (const message of messages) {
      events.push(eventOf(message.string(), message.seq));
      if (message.seq >= state.last_seq) break;
    }
    return events;
  } finally {
    await connection.close();
  }
}

export function eventOf(text: string, arrival: number): CollectedEvent {
  const { id, type, subject, sequence } = JSON.parse(text) as Record<string, string>;
  return { id: String(id), type: String(type), subject: String(subject), sequence: Number(sequence), arrival };
}
