import { Refusal } from '../../src/errors.js';
import { partyRole } from '../../src/handlers/party-role.js';
import { paymentMethod } from '../../src/handlers/payment-method.js';
import { isBlank, recordOf, refusedLine, type ImportRecord, type Origin } from '../../src/transfer/record.js';

const origin: Origin = { definition: partyRole, source: '/crm', maxDepth: 5 };
const keyed: Origin = { ...origin, key: 'number' };

const bytesOf = (line: unknown): Uint8Array => (line instanceof Uint8Array ? line : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)));
const record = (line: unknown, from = origin): ImportRecord => recordOf(bytesOf(line), from);
const body = ({ body: bytes }: ImportRecord): unknown => JSON.parse(Buffer.from(bytes).toString());

function refusalOf(line: unknown, from = origin): Refusal {
  try {
    record(line, from);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('was accepted');
}

it('keeps the id of a record, and gives the others one in the body', () => {
  expect(record({ id: 'r1', name: 'n' }).id).toBe('r1');
  const made = record({ name: 'n' });
  expect(body(made)).toEqual({ id: made.id, name: 'n' });
  expect(made.id).toMatch(/^[0-9a-f-]{36}$/);
});

it('derives the same id for the same key, whatever else the record says, and another for anything else', () => {
  const { id } = record({ number: 7, name: 'a' }, keyed);
  expect(record({ name: 'b', number: '7' }, keyed).id).toBe(id);
  const others = [
    record({ number: 8, name: 'a' }, keyed),
    record({ number: 7, name: 'a' }, { ...keyed, source: '/billing' }),
    record({ number: 7, name: 'a' }, { ...keyed, definition: paymentMethod }),
    record({ number: 7, name: 'a' }),
  ];
  expect(new Set([id, ...others.map((other) => other.id)]).size).toBe(5);
});

it('derives an id from the content where there is no key: spaces do not count, everything else does', () => {
  const { id } = record({ name: 'a', status: 'b' });
  expect(record(' {"name" : "a",\t"status":"b"}\r').id).toBe(id);
  expect(record({ name: 'a', status: 'c' }).id).not.toBe(id);
});

it('makes one command of the same record, another of another content, and another of each attempt', () => {
  const id = record({ id: 'r1', name: 'a' }).commandId(1);
  expect(record('{"id": "r1", "name": "a"}').commandId(1)).toBe(id);
  const others = [record({ id: 'r1', name: 'b' }).commandId(1), record({ id: 'r1', name: 'a' }).commandId(2), record({ id: 'r2', name: 'a' }).commandId(1), record({ id: 'r1', name: 'a' }, { ...origin, source: '/x' }).commandId(1)];
  expect(new Set([id, ...others]).size).toBe(5);
  // As an Idempotency-Key over REST.
  for (const one of [id, ...others]) expect(one).toMatch(/^[\x21-\x7e]{1,255}$/);
});

it.each<[string, unknown, Origin, number, string]>([
  ['what is no JSON', '{"name":', origin, 400, '/'],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), origin, 400, '/'],
  ['an array', [], origin, 400, '/'],
  ['an empty object', {}, origin, 400, '/'],
  ['too many levels', { a: [[[[[1]]]]] }, origin, 413, '/'],
  ['a number that JSON could not say again', '{"a":1e999}', origin, 400, '/'],
  ['half of a surrogate pair', '{"a":"\\ud800"}', origin, 400, '/'],
  ['an id that is no text', { id: 7 }, origin, 400, '/id'],
  ['an impossible id', { id: 'a/b' }, origin, 400, '/id'],
  ['a record without its key', { name: 'a' }, keyed, 400, '/number'],
  ['an empty key', { number: '' }, keyed, 400, '/number'],
  ['a key that is an object', { number: {} }, keyed, 400, '/number'],
  ['nothing but why it was refused', { '@refused': { line: 1, text: '{' } }, origin, 400, '/'],
])('refuses %s', (_, line, from, status, at) => {
  const refusal = refusalOf(line, from);
  expect([refusal.status, refusal.faults.map((fault) => fault.at)]).toEqual([status, [at]]);
});

it('reads a refused line, once corrected, as the record itself', () => {
  const line = refusedLine(Buffer.from('{"id":"r1"}'), { line: 3, fault: '/name: is mandatory' }, origin);
  expect(JSON.parse(line)).toEqual({ id: 'r1', '@refused': { line: 3, fault: '/name: is mandatory' } });
  const corrected = record({ ...(JSON.parse(line) as object), name: 'n' });
  expect(body(corrected)).toEqual({ id: 'r1', name: 'n' });
  expect(corrected.commandId(1)).toBe(record({ id: 'r1', name: 'n' }).commandId(1));
});

it('keeps what is no record as text, and nothing of what was too long', () => {
  expect(JSON.parse(refusedLine(Buffer.from('{"name":'), { line: 1 }, origin))).toEqual({ '@refused': { line: 1, text: '{"name":' } });
  expect(JSON.parse(refusedLine(Buffer.from('{"a":1e999}'), { line: 1 }, origin))).toEqual({ '@refused': { line: 1, text: '{"a":1e999}' } });
  expect(JSON.parse(refusedLine(undefined, { line: 1 }, origin))).toEqual({ '@refused': { line: 1 } });
});

it('keeps the form of what comes back as it was refused, however often', () => {
  for (const first of ['{"name":', '{}', '[1]', '{"a":1e999}', '{"a":[[[[[[1]]]]]}', '{"@refused":"note"}', '{"@refused":{"text":"{"},"a":1e999}', '\u00e4', undefined]) {
    const once = refusedLine(first === undefined ? undefined : Buffer.from(first), { line: 1, status: 400 }, origin);
    const twice = refusedLine(Buffer.from(once), { line: 1, status: 400 }, origin);
    expect(twice).toBe(once);
    expect(refusedLine(Buffer.from(twice), { line: 2, fault: 'x' }, origin)).toBe(first === undefined ? '{"@refused":{"line":2,"fault":"x"}}' : JSON.stringify({ '@refused': { line: 2, fault: 'x', text: first } }));
    expect(refusalOf(once).faults).toEqual([{ at: '/', problem: 'was refused before, and has nothing beside @refused' }]);
  }
});

it('forgets what must be forgotten, also of refused lines', () => {
  const cards: Origin = { ...origin, definition: paymentMethod };
  expect(body(record({ id: 'c', name: 'Card', cvv: '123' }, cards))).toEqual({ id: 'c', name: 'Card' });
  expect(refusedLine(Buffer.from('{"name":"Card","cvv":"123"}'), {}, cards)).not.toContain('123');
  const broken = '{"name":"Card","cvv":"123"';
  expect(refusedLine(Buffer.from(broken), {}, cards)).not.toContain('123');
  expect(refusedLine(Buffer.from(JSON.stringify({ '@refused': { text: broken } })), {}, cards)).not.toContain('123');
});

it.each([['', true], [' \t\r', true], ['{', false]])('knows whether %j is blank', (text, blank) => {
  expect(isBlank(Buffer.from(text))).toBe(blank);
});
