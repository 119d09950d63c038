import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { connect as connectNats, createInbox, headers as natsHeaders } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
import type { Json } from '../../src/json.js';
import { BusCheck } from './bus-check.js';
import { contractOf, documentsOf } from './contracts.js';

/** An event or announcement as somebody else sees it. */
export interface Seen {
  /** Routing key, or subject after the prefix and topic. */
  readonly key: string;
  readonly contentType: string;
  readonly content: string;
}

export interface Asked {
  readonly type: string;
  readonly subject?: string;
  readonly contentType?: string;
  readonly data?: Json;
  readonly id?: string;
  readonly extensions?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * An upstream system and an event consumer that know nothing of this project's code but its contract: what they hear must fit it,
 * and so must a command that is accepted. Events that do not fit are told at the end.
 */
export interface PlainClient {
  /** Everything about party roles: bound by resource; about whatever else it was told to see. */
  readonly events: readonly Seen[];
  /** Bound by event type alone: creations of whatever resource. */
  readonly creations: readonly Seen[];
  readonly dead: readonly Seen[];
  /** Publishes a CloudEvent and waits for its reply. */
  ask(mode: 'structured' | 'binary', asked: Asked): Promise<Answer>;
  /** Publishes any bytes as a command; nobody waits. */
  post(key: string, contentType: string, body: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const SOURCE = '/test/upstream';
const PARTY_ROLES = 'partyRole.*';
/** What to bind to so as to see everything, on either broker. */
export const EVERYTHING = '*.*';

function structured(asked: Asked): string {
  const { type, subject, contentType, data, id = randomUUID(), extensions } = asked;
  return JSON.stringify({ specversion: '1.0', id, source: SOURCE, type, subject, datacontenttype: contentType ?? 'application/json', data, ...extensions });
}

function attributes(asked: Asked): Record<string, string> {
  const { type, subject, id = randomUUID(), extensions } = asked;
  return { specversion: '1.0', id, source: SOURCE, type, ...(subject === undefined ? {} : { subject }), ...extensions };
}

const PREFIXES = { rabbitmq: 'cloudEvents_', nats: 'ce-' } as const;

function headersOf(asked: Asked, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes(asked)).map(([name, value]) => [prefix + name, value]));
}

const body = (asked: Asked): Buffer => Buffer.from(asked.data === undefined ? '' : JSON.stringify(asked.data));

let loaded: BusCheck | undefined;
/** Of a service without `PUBLIC_URL`. */
const contract = (): BusCheck => (loaded ??= new BusCheck(documentsOf(contractOf()).asyncapi));

/** What others published, each held against the contract. */
class Heard {
  private readonly faults: unknown[] = [];

  take(into: Seen[], seen: Seen): void {
    into.push(seen);
    try {
      contract().event(JSON.parse(seen.content));
    } catch (error) {
      this.faults.push(error);
    }
  }

  /** @throws Error when something did not fit. */
  end(): void {
    if (this.faults.length > 0) throw new AggregateError(this.faults, String(this.faults[0]));
  }
}

/** Holds a command and its answer against the contract; what was refused may have been asked in any way. */
function held(broker: 'rabbitmq' | 'nats', mode: 'structured' | 'binary', asked: Asked, answer: Answer): Answer {
  contract().reply(asked.type, answer);
  if (answer.status >= 400) return answer;
  contract().command(JSON.parse(structured(asked)));
  if (mode === 'binary') contract().binaryCommand(broker, asked.type, asked.data === undefined ? undefined : (asked.contentType ?? 'application/json'), headersOf(asked, PREFIXES[broker]));
  return answer;
}

class Replies {
  private readonly waiting = new Map<string, (answer: Answer) => void>();

  async next(send: (correlationId: string) => Promise<unknown>): Promise<Answer> {
    const correlationId = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Answer>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('no reply within 15 s')), 15_000);
      this.waiting.set(correlationId, resolve);
    });
    await send(correlationId);
    return answer.finally(() => clearTimeout(timer));
  }

  take(correlationId: string, content: Uint8Array): void {
    this.waiting.get(correlationId)?.(JSON.parse(Buffer.from(content).toString()) as Answer);
  }
}

export async function plainAmqp(url: string, prefix: string, seen = PARTY_ROLES): Promise<PlainClient> {
  const connection = await connectAmqp(url);
  const channel = await connection.createConfirmChannel();
  const events: Seen[] = [];
  const dead: Seen[] = [];
  const creations: Seen[] = [];
  const heard = new Heard();
  for (const [topic, pattern, taken] of [['events', seen, events], ['events', '*.PartyRoleCreateEvent', creations], ['dead', '#', dead]] as const) {
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, `${prefix}.${topic}`, pattern);
    await channel.consume(
      queue,
      (message) => message && heard.take(taken, { key: message.fields.routingKey, contentType: String(message.properties.contentType), content: message.content.toString() }),
      { noAck: true },
    );
  }
  const replies = new Replies();
  const { queue: inbox } = await channel.assertQueue('', { exclusive: true });
  await channel.consume(inbox, (message) => message && replies.take(String(message.properties.correlationId), message.content), { noAck: true });
  const publish = (key: string, content: Uint8Array, options: object): Promise<void> =>
    new Promise((resolve, reject) => {
      channel.publish(`${prefix}.commands`, key, Buffer.from(content), { persistent: true, mandatory: true, ...options }, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  return {
    events,
    creations,
    dead,
    ask: async (mode, asked) => {
      const answer = await replies.next((correlationId) => {
        const options = { replyTo: inbox, correlationId };
        const key = asked.subject ?? randomUUID();
        if (mode === 'structured') return publish(key, Buffer.from(structured(asked)), { ...options, contentType: 'application/cloudevents+json' });
        return publish(key, body(asked), { ...options, contentType: asked.contentType ?? 'application/json', headers: headersOf(asked, PREFIXES.rabbitmq) });
      });
      return held('rabbitmq', mode, asked, answer);
    },
    post: (key, contentType, content) => publish(key, content, { contentType }),
    close: async () => {
      await connection.close();
      heard.end();
    },
  };
}

export async function plainNats(url: string, prefix: string, seen = PARTY_ROLES): Promise<PlainClient> {
  const connection = await connectNats({ servers: url });
  const stream = jetstream(connection);
  const events: Seen[] = [];
  const dead: Seen[] = [];
  const creations: Seen[] = [];
  const heard = new Heard();
  for (const [topic, pattern, taken] of [['events', seen, events], ['events', '*.PartyRoleCreateEvent', creations], ['dead', '>', dead]] as const) {
    connection.subscribe(`${prefix}.${topic}.${pattern}`, {
      callback: (_error, message) => {
        heard.take(taken, { key: message.subject.slice(`${prefix}.${topic}.`.length), contentType: message.headers?.get('content-type') ?? '', content: message.string() });
      },
    });
  }
  const replies = new Replies();
  const inbox = createInbox();
  connection.subscribe(inbox, { callback: (_error, message) => replies.take(message.headers?.get('correlation-id') ?? '', message.data) });
  const publish = async (resource: string, key: string, content: Uint8Array | string, entries: Record<string, string>): Promise<void> => {
    const headers = natsHeaders();
    for (const [name, value] of Object.entries(entries)) headers.set(name, value);
    await stream.publish(`${prefix}.commands.${resource}.${key}`, content, { headers });
  };
  return {
    events,
    creations,
    dead,
    ask: async (mode, asked) => {
      const answer = await replies.next((correlationId) => {
        const options = { 'reply-to': inbox, 'correlation-id': correlationId };
        const key = asked.subject ?? randomUUID();
        const [, , resource = ''] = asked.type.split('.');
        if (mode === 'structured') return publish(resource, key, structured(asked), { ...options, 'content-type': 'application/cloudevents+json' });
        return publish(resource, key, body(asked), { ...options, 'content-type': asked.contentType ?? 'application/json', ...headersOf(asked, PREFIXES.nats) });
      });
      return held('nats', mode, asked, answer);
    },
    post: (key, contentType, content) => publish('partyRole', key, content, { 'content-type': contentType }),
    close: async () => {
      await connection.drain();
      heard.end();
    },
  };
}
