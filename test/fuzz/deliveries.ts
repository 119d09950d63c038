import { MsgImpl } from '@nats-io/nats-core/internal';
import type { JsMsg } from '@nats-io/jetstream';
import type { ConsumeMessage } from 'amqplib';
import { messageOf as natsMessageOf } from '../../src/bus/nats-message.js';
import { messageOf as rabbitMessageOf } from '../../src/bus/rabbitmq-message.js';
import type { Message } from '../../src/message.js';
import { anyName, anyText } from './hostile-values.js';
import { Random } from './random.js';
import type { Sample } from './sample.js';

/** Where answers to these messages go, by carrier; each is an address that its broker's rules allow. */
export const INBOX = { memory: 'fuzz.replies', rabbitmq: 'fuzz.replies', nats: '_INBOX.fuzz' } as const;

/** What a worker is handed when RabbitMQ's client delivers the sample. */
export function fromRabbit(sample: Sample, seed: number, acknowledge: () => void): Message {
  const random = new Random(seed, ~sample.index);
  const prefix = random.pick(['cloudEvents_', 'cloudEvents:', 'CLOUDEVENTS_']);
  const attributes = sample.attributes.map(([name, value]): [string, unknown] => [prefix + name, sample.hostile && random.chance(0.03) ? tableValue(random) : value]);
  const excess = sample.hostile ? Array.from({ length: random.below(4) }, (): [string, unknown] => [headerName(random), tableValue(random)]) : [];
  const replyTo = sample.answered ? { replyTo: INBOX.rabbitmq, correlationId: String(sample.index) } : {};
  const strange = sample.hostile && random.chance(0.05) ? { replyTo: random.pick(['tmf.commands.000', 'tmf.', 'x'.repeat(300), '\0', anyText(random)]), correlationId: anyText(random) } : {};
  const delivery = {
    content: sample.body,
    fields: { consumerTag: 'fuzz', deliveryTag: sample.index + 1, redelivered: sample.hostile && random.chance(0.05), exchange: 'tmf.commands', routingKey: random.chance(0.9) ? 'key' : anyText(random) },
    properties: { headers: sample.hostile && random.chance(0.02) ? undefined : Object.fromEntries([...attributes, ...excess]), contentType: sample.contentType, ...replyTo, ...strange },
  };
  return rabbitMessageOf(delivery as unknown as ConsumeMessage, { bus: 'rabbitmq', queue: 'fuzz', lane: 0 }, { prefix: 'tmf' }, acknowledge);
}

function headerName(random: Random): string {
  return random.pick(['cloudEvents_', 'cloudEvents:', 'x-death', 'x-delivery-count', 'x-acquired-count', 'CC', 'BCC', '__proto__', anyName(random), `cloudEvents_${anyName(random)}`]);
}

/** As many levels as fit into a frame of 128 KiB. */
const DEEPEST = 26_000;

/** What AMQP tables can hold, as the client decodes it. */
function tableValue(random: Random, depth = 3): unknown {
  return random.weighted<unknown>([
    [4, () => anyText(random)],
    [2, () => random.pick([0, -1, 1.5, 2 ** 53, NaN, Infinity, -Infinity, true, false, null, undefined])],
    [2, () => Buffer.from([0, 255, random.below(256)])],
    [2, () => ({ '!': random.pick(['decimal', 'timestamp', 'int8', 'float', '__proto__']), value: random.pick<unknown>([0, -1, 1e300, NaN, 'x', null, { digits: 12, places: 400 }, { digits: NaN, places: -1 }, { places: 2 }]) })],
    [depth > 0 ? 2 : 0, () => Array.from({ length: random.below(4) }, () => tableValue(random, depth - 1))],
    [depth > 0 ? 2 : 0, () => Object.fromEntries(Array.from({ length: random.below(4) }, () => [anyName(random), tableValue(random, depth - 1)]))],
    [0.02, () => Array.from({ length: random.below(DEEPEST) }).reduce((inner) => [inner], 1)],
  ]);
}

const encoder = new TextEncoder();

/** What a worker is handed when NATS' client delivers the sample; the client's own parser reads the header block. */
export function fromNats(sample: Sample, seed: number, acknowledge: () => void): Message {
  const random = new Random(seed, ~sample.index);
  const header = headerBlock(sample, random);
  const block = Buffer.from(sample.hostile && random.chance(0.05) ? spoiled(header, random) : header);
  const data = header === '' ? sample.body : Buffer.concat([block, sample.body]);
  const subject = sample.hostile && random.chance(0.05) ? `tmf.commands.partyRole.${anyText(random)}` : 'tmf.commands.partyRole.key.0';
  const raw = new MsgImpl({ subject: encoder.encode(subject), sid: 1, hdr: header === '' ? -1 : block.length, size: data.length }, data, NOWHERE);
  // Like the client's own: headers are read when they are asked for, and may throw.
  const delivered = { subject: raw.subject, seq: sample.index + 1, info: { stream: 'TMF_COMMANDS' }, data: raw.data, get headers() { return raw.headers; } };
  return natsMessageOf(delivered as unknown as JsMsg, { lane: 0, redelivered: random.chance(0.02), attempts: 1, replyPrefix: undefined, acknowledge });
}

/** Acknowledgements go through the delivery. */
const NOWHERE = { publish: () => undefined } as unknown as ConstructorParameters<typeof MsgImpl>[2];

function headerBlock(sample: Sample, random: Random): string {
  const escape = sample.hostile && random.chance(0.3) ? (value: string) => value : (value: string) => encodeURIComponent(value.toWellFormed());
  const lines = sample.attributes.map(([name, value]) => `${random.pick(['ce-', 'Ce-', 'CE-'])}${name}: ${escape(value)}`);
  if (sample.contentType !== undefined) lines.push(`content-type: ${sample.contentType}`);
  if (sample.answered) lines.push(`reply-to: ${INBOX.nats}`, `correlation-id: ${sample.index}`);
  if (sample.hostile && random.chance(0.2)) lines.push(strangeLine(random));
  return lines.length === 0 ? '' : `NATS/1.0\r\n${lines.join('\r\n')}\r\n\r\n`;
}

function strangeLine(random: Random): string {
  return random.weighted([
    [3, () => `${anyName(random)}: ${anyText(random)}`],
    [2, () => `reply-to: ${random.pick(['tmf.commands.partyRole.x', '>', '_INBOX.*', '_INBOX.', '$JS.API.STREAM.DELETE.TMF_EVENTS', '', anyText(random)])}`],
    [1, () => `ce-${anyName(random)}: ${anyText(random)}`],
    [1, () => random.pick([':', ': x', 'no colon', ' : ', 'é: x', 'a b: c', '__proto__: x', 'ce-id: "\\"', 'ce-id: "a\\', 'ce-id: %', 'ce-id: %C3%28', 'Nats-Msg-Id: x', 'Status: 100', `x: ${'y'.repeat(60_000)}`])],
  ]);
}

function spoiled(block: string, random: Random): string {
  const at = random.below(block.length);
  return random.pick([block.slice(0, at), block.replaceAll('\r\n', '\n'), block.replace('NATS/1.0', 'NATS/1.0 503'), block.replace('NATS/1.0', 'HTTP/1.1'), `${block.slice(0, at)}\0${block.slice(at)}`, `${block.slice(0, at)}\r\n${block.slice(at)}`]);
}
