import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { commandOf, type EnvelopeLimits } from '../../src/bus/envelope.js';
import { Unacceptable } from '../../src/errors.js';
import type { Json, JsonObject } from '../../src/json.js';
import type { Message } from '../../src/message.js';
import { message } from '../support/deciding.js';

const limits: EnvelopeLimits = { maxBytes: 10_000, maxDepth: 10, resources: new Map([['partyRole', 'v4']]) };
const bytes = (value: Json | string): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

const event = { specversion: '1.0', id: 'c1', source: '/crm', type: 'org.tmforum.partyRole.patch', subject: 'r1' };
const structured = (fields: JsonObject): Message => message({ contentType: 'application/cloudevents+json; charset=utf-8', body: bytes({ ...event, ...fields }) });
const binary = (attributes: Record<string, string>, contentType: string | undefined, body: Json | string): Message =>
  message({ contentType, attributes: { ...event, ...attributes }, body: bytes(body) });

function reasonOf(asked: Message): string {
  try {
    commandOf(asked, limits);
  } catch (error) {
    if (error instanceof Unacceptable) return error.reason;
    throw error;
  }
  throw new Error('was accepted');
}

it('understands the same command in both modes, with the same identity', () => {
  const extensions = { expectedrevision: '3', authid: 'ann', channel: 'web', correlationid: 'x', traceparent: 't', tracestate: 's', time: '2024-01-01T00:00:00Z' };
  const one = commandOf(structured({ ...extensions, datacontenttype: 'application/merge-patch+json', data: { name: 'n' } }), limits);
  const other = commandOf(binary(extensions, 'application/merge-patch+json; charset=utf-8', { name: 'n' }), limits);
  expect(one).toEqual(other);
  expect(one).toMatchObject({
    id: 'c1', source: '/crm', resource: 'partyRole', action: 'patch', subject: 'r1', contentType: 'application/merge-patch+json', data: { name: 'n' },
    expectedRevision: '3', authid: 'ann', channel: 'web', correlationid: 'x', traceparent: 't', tracestate: 's', time: '2024-01-01T00:00:00.000Z',
  });
});

it('takes a command for imported when it says so, in both modes', () => {
  expect(commandOf(structured({ imported: true }), limits)).toMatchObject({ imported: true });
  expect(commandOf(binary({ imported: 'true' }, 'application/json', {}), limits)).toMatchObject({ imported: true });
  for (const imported of [false, '', 'yes']) expect(commandOf(structured({ imported }), limits)).not.toHaveProperty('imported');
});

it('reads a structured event whose client set no content type', () => {
  expect(commandOf(message({ body: bytes({ ...event, data: {} }) }), limits).action).toBe('patch');
  expect(commandOf(message({ contentType: 'application/json', body: bytes({ ...event, data: {} }) }), limits).subject).toBe('r1');
});

it('reads data_base64', () => {
  const base64 = Buffer.from('{"name":"n"}').toString('base64');
  expect(commandOf(structured({ datacontenttype: 'application/json', data_base64: base64 }), limits).data).toEqual({ name: 'n' });
});

it('has the same hash for the same source and id, another digest for anything else that is asked', () => {
  const command = (fields: JsonObject): ReturnType<typeof commandOf> => commandOf(structured({ data: { name: 'n' }, ...fields }), limits);
  const first = command({});
  for (const changed of [{ data: { name: 'm' } }, { subject: 'r2' }, { type: 'org.tmforum.partyRole.create' }, { expectedrevision: 1 }, { datacontenttype: 'application/json-patch+json' }]) {
    const second = command(changed);
    expect(second.hash).toBe(first.hash);
    expect(second.digest).not.toBe(first.digest);
  }
  expect(command({ time: '2024-01-01T00:00:00Z', traceparent: 'x' }).digest).toBe(first.digest);
  expect(command({ source: '/other' }).hash).not.toBe(first.hash);
});

it('leaves a content type that is not JSON to the handler', () => {
  const command = commandOf(binary({}, 'text/plain', 'hello'), limits);
  expect(command).toMatchObject({ contentType: 'text/plain' });
  expect(command).not.toHaveProperty('data');
  expect(command.digest).not.toBe(commandOf(binary({}, 'text/plain', 'bye'), limits).digest);
});

it.each<[string, Message, string]>([
  ['invalid JSON', message({ contentType: 'application/cloudevents+json', body: bytes('{"a":') }), 'malformed'],
  ['invalid UTF-8', message({ contentType: 'application/cloudevents+json', body: new Uint8Array([0x22, 0xff, 0x22]) }), 'malformed'],
  ['an array', message({ contentType: 'application/cloudevents+json', body: bytes([]) }), 'malformed'],
  ['nothing at all', message({}), 'malformed'],
  ['no specversion', message({ contentType: 'text/plain', body: bytes({}) }), 'malformed'],
  ['another specversion', structured({ specversion: '0.3' }), 'malformed'],
  ['no id', structured({ id: '' }), 'malformed'],
  ['no source', structured({ source: null }), 'malformed'],
  ['an attribute that is an object', structured({ extra: {} }), 'malformed'],
  ['an empty subject', structured({ subject: '' }), 'malformed'],
  ['a bad time', structured({ time: 'yesterday' }), 'malformed'],
  ['a bad expected revision', structured({ expectedrevision: 'latest' }), 'malformed'],
  ['data that is not JSON', binary({}, 'application/json', '{'), 'malformed'],
  ['half a surrogate pair', message({ contentType: 'application/cloudevents+json', body: bytes(`{"specversion":"1.0","id":"1","source":"s","type":"org.tmforum.partyRole.patch","data":{"a":"\\ud800"}}`) }), 'malformed'],
  ['a number out of range', message({ contentType: 'application/cloudevents+json', body: bytes(`{"specversion":"1.0","id":"1","source":"s","type":"org.tmforum.partyRole.patch","data":{"a":1e999}}`) }), 'malformed'],
  ['an unknown type', structured({ type: 'org.tmforum.partyRole.merge' }), 'unsupported'],
  ['an unknown resource', structured({ type: 'org.tmforum.starship.create' }), 'unsupported'],
  ['another major version', structured({ dataschema: 'urn:tmforum:partyRoleManagement:v5' }), 'unsupported'],
  ['a schema of another major version', structured({ dataschema: 'https://v4.example.com/tmf-api/partyRoleManagement/v5/schemas/PartyRole_Create.json' }), 'unsupported'],
  ['too many bytes', structured({ data: 'x'.repeat(10_001) }), 'too-large'],
  ['too many levels', structured({ data: JSON.parse('['.repeat(11) + ']'.repeat(11)) as Json }), 'too-large'],
  ['what the adapter could see', message({ unacceptable: { reason: 'reply-to', error: 'no' } }), 'reply-to'],
])('sets aside %s', (_, asked, reason) => {
  expect(reasonOf(asked)).toBe(reason);
});

it('accepts a dataschema that names the version', () => {
  expect(commandOf(structured({ dataschema: 'urn:tmforum:partyRoleManagement:v4' }), limits).id).toBe('c1');
  expect(commandOf(structured({ dataschema: 'https://api.example.com/tmf-api/partyRoleManagement/v4/schemas/PartyRole_Create.json' }), limits).id).toBe('c1');
});

it('reads whatever the CloudEvents SDK writes, in both modes', () => {
  const text = fc.stringMatching(/^[a-z0-9/:.-]{1,12}$/);
  const made = fc.record({ id: text, source: text, subject: text, time: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), name: fc.string() });
  fc.assert(
    fc.property(made, ({ id, source, subject, time, name }) => {
      fc.pre(name.isWellFormed());
      const sent = new CloudEvent({ id, source, subject, time: time.toISOString(), type: 'org.tmforum.partyRole.create', datacontenttype: 'application/json', data: { name } });
      const expected = { id, source, subject, time: time.toISOString(), action: 'create', data: { name } };
      const whole = HTTP.structured(sent);
      expect(commandOf(message({ contentType: String(whole.headers['content-type']), body: bytes(whole.body as string) }), limits)).toMatchObject(expected);
      const split = HTTP.binary(sent);
      const attributes = Object.fromEntries(Object.entries(split.headers).flatMap(([header, value]) => (header.startsWith('ce-') ? [[header.slice(3), decodeURIComponent(String(value))]] : [])));
      expect(commandOf(message({ contentType: String(split.headers['content-type']), attributes, body: bytes(split.body as string) }), limits)).toMatchObject(expected);
    }),
  );
});

it('throws nothing but Unacceptable, whatever the bytes', () => {
  const body = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.json().map(bytes), fc.dictionary(fc.constantFrom('specversion', 'id', 'source', 'type', 'data', 'time', '__proto__'), fc.jsonValue()).map((value) => bytes(value as Json)));
  fc.assert(
    fc.property(body, fc.constantFrom(undefined, 'application/cloudevents+json', 'application/json', 'text/plain', ';'), fc.dictionary(fc.constantFrom('specversion', 'id', 'type', 'source'), fc.string()), (raw, contentType, attributes) => {
      try {
        commandOf(message({ body: raw, contentType, attributes }), limits);
      } catch (error) {
        expect(error).toBeInstanceOf(Unacceptable);
      }
    }),
  );
});
