import { STRUCTURED } from '../src/message.js';
import { repeatedBy, retryCommand } from '../src/retry-command.js';
import type { ParkedMessage } from '../src/store/store.js';

const BINARY = { specversion: '1.0', id: 'first', source: '/s', type: 'org.tmforum.partyRole.patch' };

function parked(parts: Partial<ParkedMessage> = {}): ParkedMessage {
  return {
    id: 'here-000000000001-0000',
    at: new Date(0),
    reason: 'refused',
    error: 'no',
    origin: { bus: 'memory', queue: 'commands', lane: 0 },
    attempts: 1,
    subject: 'r1',
    headers: {},
    contentType: 'application/merge-patch+json',
    attributes: BINARY,
    body: Buffer.from('{"n":1}'),
    ...parts,
  };
}

const structured = (body: string, parts: Partial<ParkedMessage> = {}): ParkedMessage => parked({ contentType: STRUCTURED, attributes: {}, body: Buffer.from(body), ...parts });
const sent = (message: ParkedMessage, body?: string): unknown => JSON.parse(Buffer.from(retryCommand(message, body === undefined ? undefined : Buffer.from(body)).command.body).toString());
const retried = { at: new Date(1), command: 'c', edited: false };

it('gives a binary message a new id, its parked message and its subject, and keeps the rest', () => {
  const message = parked({ attributes: { ...BINARY, channel: 'web' } });
  const { id, edited, command } = retryCommand(message);
  expect(edited).toBe(false);
  expect(command).toEqual({
    resource: 'partyRole',
    key: 'r1',
    attributes: { ...BINARY, channel: 'web', id, retryof: message.id, subject: 'r1' },
    contentType: 'application/merge-patch+json',
    body: message.body,
  });
  expect(id).not.toBe('first');
});

it('never replaces a subject that the message had', () => {
  expect(retryCommand(parked({ attributes: { ...BINARY, subject: 'own' } })).command).toMatchObject({ key: 'own', attributes: { subject: 'own' } });
  expect(sent(structured('{"subject":"own"}'))).toMatchObject({ subject: 'own' });
});

it('derives the id from the message and the number of its retries, whatever the body', () => {
  const id = (message: ParkedMessage, body?: string): string => retryCommand(message, body === undefined ? undefined : Buffer.from(body)).id;
  const ids = [id(parked()), id(parked({ id: 'other' })), id(parked({ retries: [retried] })), id(parked(), '{"n":2}')];
  expect(new Set(ids.slice(0, 3)).size).toBe(3);
  expect(ids).toEqual([id(parked()), id(parked({ id: 'other' })), id(parked({ retries: [retried] })), id(parked(), '{"n":2}')]);
  expect(ids[3]).toBe(ids[0]);
});

it('changes a structured message inside', () => {
  const message = structured('{"specversion":"1.0","id":"first","source":"/s","type":"org.tmforum.partyRole.create","data":{"__proto__":1,"n":1.5}}');
  const { id, command } = retryCommand(message);
  expect(command).toMatchObject({ resource: 'partyRole', key: 'r1', attributes: {}, contentType: STRUCTURED });
  expect(Buffer.from(command.body).toString()).toContain('"data":{"__proto__":1,"n":1.5}');
  expect(sent(message)).toMatchObject({ id, retryof: message.id, subject: 'r1', source: '/s' });
});

it('sends another body and says so', () => {
  const edited = retryCommand(parked(), Buffer.from('{"n":2}'));
  expect([edited.edited, Buffer.from(edited.command.body).toString()]).toEqual([true, '{"n":2}']);
  expect(retryCommand(parked(), Buffer.from('{"n":1}')).edited).toBe(false);
});

it.each([
  ['broken JSON', '{"id":'],
  ['JSON that is no object', '[1]'],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['a number that JSON text cannot say again', '{"specversion":"1.0","id":"1","data":{"n":1e999}}'],
])('sends %s exactly as it came, marked beside its content', (_what, body) => {
  const message = structured('', { body: Buffer.from(body as string) });
  expect(retryCommand(message)).toEqual({
    id: message.id,
    edited: false,
    command: { resource: 'unknown', key: 'r1', attributes: { retryof: message.id }, contentType: STRUCTURED, body: message.body },
  });
});

it('makes a CloudEvent of what was none, when the body given is one', () => {
  const { subject: _, ...message } = parked({ contentType: 'text/plain', attributes: {}, body: Buffer.from('hello') });
  expect(retryCommand(message).command).toMatchObject({ contentType: 'text/plain', attributes: { retryof: message.id }, body: message.body });
  const { id, command } = retryCommand(message, Buffer.from('{"specversion":"1.0","type":"org.tmforum.partyRole.create","subject":"r2"}'));
  expect(command).toMatchObject({ contentType: STRUCTURED, key: 'r2', attributes: {} });
  expect(JSON.parse(Buffer.from(command.body).toString())).toMatchObject({ id, retryof: message.id });
});

it('tells of what a parked message is a retry, in both modes', () => {
  expect(repeatedBy(parked())).toBeUndefined();
  expect(repeatedBy(parked({ attributes: { ...BINARY, retryof: 'p1' } }))).toBe('p1');
  expect(repeatedBy(structured('{"retryof":"p2"}'))).toBe('p2');
  expect(repeatedBy(structured('{"data":{"retryof":"p2"}}'))).toBeUndefined();
  expect(repeatedBy(structured('{"retryof"'))).toBeUndefined();
});
