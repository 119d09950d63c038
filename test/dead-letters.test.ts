import { DeadLetters, type Outcome } from '../src/dead-letters.js';
import { TooLargeError, UnavailableError } from '../src/errors.js';
import type { OutgoingCommand } from '../src/message.js';
import type { ParkedFilter, ParkedMessage } from '../src/store/store.js';
import { asked, raw, startEmbedded, type EmbeddedService } from './support/embedded-service.js';
import { faulty } from './support/faults.js';
import { until } from './support/service.js';

let service: EmbeddedService;
let letters: DeadLetters;
const now = (): Date => new Date();

beforeEach(async () => {
  service = await startEmbedded();
  letters = new DeadLetters(service.store);
});
afterEach(() => service.close());

/** Sends these commands and waits until as many more are parked. */
async function park(...commands: readonly OutgoingCommand[]): Promise<ParkedMessage[]> {
  const before = (await all()).length;
  for (const command of commands) await service.bus.send(command);
  await until('they are parked', async () => (await all()).length === before + commands.length);
  return (await all()).slice(before);
}

const all = (): Promise<ParkedMessage[]> => service.store.parked({}, 1000);

async function outcomes(run: AsyncIterable<Outcome>): Promise<Outcome[]> {
  const found: Outcome[] = [];
  for await (const outcome of run) found.push(outcome);
  return found;
}

const retry = (filter: ParkedFilter, limit = Infinity): Promise<Outcome[]> => outcomes(letters.retry(filter, limit, { bus: service.bus, now }));
const whole = (message: ParkedMessage): ParkedMessage => message;
const roleOf = async (id: string): Promise<unknown> => (await service.store.load('partyRole', [id])).get(id)?.resource;
const has = (id: string, resource: object): Promise<void> => until(`${id} is ${JSON.stringify(resource)}`, async () => JSON.stringify(await roleOf(id)) === JSON.stringify({ id, ...resource }));

/** A patch of a role that is not there yet: refused, and applied once it is. */
const early = (id: string, data: Record<string, string>): OutgoingCommand => asked('patch', id, data);

it('lists with counts by reason, page by page', async () => {
  await park(raw('a', '{'), early('r1', { n: '1' }), raw('b', '{'), early('r2', { n: '1' }), raw('c', '{'));
  const first = await letters.list({}, 3, whole);
  expect(first.messages.map(({ reason }) => reason)).toEqual(['malformed', 'refused', 'malformed']);
  expect(Object.fromEntries(first.counts)).toEqual({ malformed: 3, refused: 2 });
  const second = await letters.list({ after: first.next as ParkedMessage }, 3, whole);
  expect([second.messages.map(({ reason }) => reason), Object.fromEntries(second.counts), second.next]).toEqual([['refused', 'malformed'], { malformed: 3, refused: 2 }, undefined]);
  expect((await letters.list({ reason: 'refused', subject: 'r2' }, 10, whole)).messages).toMatchObject([{ subject: 'r2' }]);
  expect([await letters.find('nothing'), (await letters.list({}, 5, whole)).next]).toEqual([undefined, undefined]);
});

it('sends again in the original order, and keeps the messages, marked', async () => {
  await park(early('r1', { a: '1' }), early('r2', { a: 'x' }), early('r1', { a: '2', b: '2' }), early('r1', { b: '3' }));
  for (const id of ['r1', 'r2']) await service.bus.request(asked('create', id, { name: 'n' }), 5000);
  expect((await retry({ reason: 'refused' })).map(({ outcome, message }) => [outcome, message?.subject])).toEqual([
    ['retried', 'r1'],
    ['retried', 'r2'],
    ['retried', 'r1'],
    ['retried', 'r1'],
  ]);
  await has('r1', { name: 'n', a: '2', b: '3' });
  await has('r2', { name: 'n', a: 'x' });
  expect((await all()).map(({ retries }) => retries?.length)).toEqual([1, 1, 1, 1]);
});

it('says in a dry run what it would do, and does nothing', async () => {
  const [message] = await park(early('r1', { a: '1' }));
  const dry = await outcomes(letters.retry({}, 10, { now }));
  const [real] = await retry({});
  expect(dry).toMatchObject([{ id: message?.id, outcome: 'retry', command: real?.command }]);
  expect(real?.outcome).toBe('retried');
});

it('leaves out what was retried, unless it is asked for by its state', async () => {
  const [message] = await park(early('r1', { a: '1' }));
  const ids = [message?.id ?? ''];
  const [first] = await retry({ ids });
  await until('the retry is parked', async () => (await all()).length === 2);
  expect(await retry({ ids })).toMatchObject([{ outcome: 'skipped', problem: expect.stringContaining('was retried') as string }]);
  const [again] = await retry({ ids, state: 'retried' });
  expect(again?.outcome).toBe('retried');
  expect(again?.command).not.toBe(first?.command);
  await until('that one too', async () => (await all()).length === 3);
});

it('does not chase what it sends itself and is parked again', async () => {
  // More than a page, so that the next page could meet the first one's retries.
  const commands = Array.from({ length: 60 }, (_, index) => early(`gone-${index % 7}`, { n: String(index) }));
  await park(...commands);
  const slow = faulty(service.bus, {
    send: async (real, command) => {
      const before = (await all()).length;
      await real(command);
      await until('it is parked again', async () => (await all()).length > before);
    },
  });
  const done = await outcomes(letters.retry({}, Infinity, { bus: slow, now }));
  expect(done).toHaveLength(60);
  const parked = await service.store.parked({}, 1000);
  expect(parked).toHaveLength(120);
  expect(parked.slice(60).map(({ attributes }) => attributes['retryof'])).toEqual(parked.slice(0, 60).map(({ id }) => id));
});

it('applies once what was sent and not recorded, and what two operators send at once', async () => {
  await park(early('r1', { a: '1' }));
  await service.bus.request(asked('create', 'r1', { name: 'n' }), 5000);
  const dying = new DeadLetters(faulty(service.store, { recordRetry: () => Promise.reject(new Error('killed')) }));
  await expect(outcomes(dying.retry({}, 10, { bus: service.bus, now }))).rejects.toThrow('killed');
  await has('r1', { name: 'n', a: '1' });
  const both = await Promise.all([retry({}), retry({})]);
  expect(both.flat().map(({ outcome }) => outcome)).toEqual(['retried', 'retried']);
  expect(both.flat().filter(({ problem }) => problem !== undefined)).toHaveLength(1);
  await service.bus.request(asked('patch', 'r1', { z: '1' }), 5000);
  expect((await service.store.load('partyRole', ['r1'])).get('r1')?.revision).toBe(3);
  expect((await all()).map(({ retries }) => retries?.length)).toEqual([1]);
});

it('stops when the bus is away, and goes on with the rest', async () => {
  await park(early('r1', { a: '1' }), early('r1', { a: '2' }), early('r1', { a: '3' }));
  await service.bus.request(asked('create', 'r1', { name: 'n' }), 5000);
  let left = 1;
  const failing = faulty(service.bus, { send: (real, command) => (left-- > 0 ? real(command) : Promise.reject(new UnavailableError('the bus is away'))) });
  const done: Outcome[] = [];
  await expect(
    (async () => {
      for await (const outcome of letters.retry({}, Infinity, { bus: failing, now })) done.push(outcome);
    })(),
  ).rejects.toThrow('the bus is away');
  expect(done.map(({ outcome }) => outcome)).toEqual(['retried']);
  expect(await retry({})).toHaveLength(2);
  await has('r1', { name: 'n', a: '3' });
});

it('goes on past one that can never be sent, but not with its role', async () => {
  await park(early('r1', { a: '1' }), early('r2', { a: '1' }), early('r1', { a: '2' }));
  let first = true;
  const failing = faulty(service.bus, {
    send: (real, command) => {
      if (!first) return real(command);
      first = false;
      return Promise.reject(new TooLargeError('too many bytes'));
    },
  });
  expect((await outcomes(letters.retry({}, Infinity, { bus: failing, now }))).map(({ outcome, problem }) => [outcome, problem])).toEqual([
    ['failed', 'too many bytes'],
    ['retried', undefined],
    ['failed', 'an earlier message of the same role could not be sent'],
  ]);
});

it('sends an edited body and keeps the original', async () => {
  const [message] = await park(asked('create', 'r1', { title: 'no name' }));
  const body = Buffer.from('{"name":"repaired"}');
  const [outcome] = await outcomes(letters.retry({ ids: [message?.id ?? ''] }, 1, { bus: service.bus, body, now }));
  expect(outcome).toMatchObject({ outcome: 'retried', edited: true });
  await has('r1', { name: 'repaired' });
  const kept = await letters.find(message?.id ?? '');
  expect([Buffer.from(kept?.body ?? []).toString(), kept?.retries]).toEqual(['{"title":"no name"}', [{ at: expect.any(Date) as Date, command: outcome?.command, edited: true }]]);
});

it('tells in the log whose retry a command was', async () => {
  const [message] = await park(early('r1', { a: '1' }));
  await service.bus.request(asked('create', 'r1', { name: 'n' }), 5000);
  await retry({});
  await has('r1', { name: 'n', a: '1' });
  await service.settled();
  const entries = (await service.store.readLog(0, 100)).flatMap((commit) => commit.entries);
  expect(entries.at(-1)).toMatchObject({ retryof: message?.id, subject: 'r1', status: 200 });
});

it('drops what is selected, and nothing in a dry run', async () => {
  await park(raw('a', '{'), early('r1', { a: '1' }), raw('b', '{'));
  expect((await outcomes(letters.drop({ reason: 'malformed' }, Infinity, { dryRun: true, now: () => new Date() }))).map(({ outcome }) => outcome)).toEqual(['drop', 'drop']);
  expect(await all()).toHaveLength(3);
  expect((await outcomes(letters.drop({ reason: 'malformed' }, 1, { dryRun: false, now: () => new Date() }))).map(({ outcome }) => outcome)).toEqual(['dropped']);
  expect((await all()).map(({ reason }) => reason)).toEqual(['refused', 'malformed']);
  const ids = ['nothing', ...(await all()).map(({ id }) => id)];
  expect((await outcomes(letters.drop({ ids }, Infinity, { dryRun: false, now: () => new Date() }))).map(({ id, outcome }) => [id, outcome])).toEqual([...ids.slice(1).map((id) => [id, 'dropped']), ['nothing', 'failed']]);
  expect(await all()).toEqual([]);
});
