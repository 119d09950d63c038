import type { DecidedBatch, Item } from '../../src/batch.js';
import type { Loaded } from '../../src/batch-state.js';
import { Unacceptable } from '../../src/errors.js';
import type { Reply } from '../../src/message.js';
import type { StoredResource } from '../../src/store/store.js';
import { command, context, decided, item, message } from '../support/deciding.js';

const empty: Loaded = { resources: new Map(), receipts: new Map(), read: new Set(), referrers: new Map() };
const stored: StoredResource = { id: 'r1', revision: 2, commit: 'there-000000000007', deleted: false, resource: { id: 'r1', name: 'a' } };
const withRole: Loaded = { ...empty, resources: new Map([['partyRole/r1', stored]]) };
const replyTo = { address: 'inbox' };
const replayed = (reply: Reply | undefined): Reply | undefined => reply && { ...reply, headers: { ...reply.headers, 'Idempotent-Replayed': 'true' } };

it('folds several commands for one resource into one document, in order', () => {
  const { commit, outcomes } = decided(
    [
      item(command('create', { id: '1', subject: 'r1', data: { name: 'a' } })),
      item(command('patch', { id: '2', subject: 'r1', data: { name: 'b' } })),
      item(command('patch', { id: '3', subject: 'r1', data: { status: 'x', nick: 'y' } })),
    ],
    empty,
    context(),
  );
  expect(commit.writes).toEqual([{ type: 'partyRole', id: 'r1', expected: 0, revision: 4, deleted: false, resource: { id: 'r1', name: 'b', status: 'x', nick: 'y' } }]);
  expect(commit.entries.map((entry) => [entry.status, entry.revision])).toEqual([[201, 1], [200, 2], [200, 4]]);
  expect(outcomes.map((outcome) => outcome.reply.headers['ETag'])).toEqual(['"1"', '"2"', '"4"']);
});

it('writes conditionally on the revision that was read, and gives a tombstone its end', () => {
  const { commit } = decided([item(command('delete', { subject: 'r1' }))], withRole, context());
  expect(commit.writes).toMatchObject([{ expected: 2, revision: 3, deleted: true, expires: new Date('2026-01-02T03:05:05.678Z') }]);
});

it('answers a repetition in the same batch from the first, and one from before from its receipt', () => {
  const asked = command('create', { subject: 'r1', data: { name: 'a' } });
  const first = decided([item(asked), item(asked)], empty, context());
  expect(first.commit.entries).toHaveLength(1);
  expect(first.outcomes[1]).toMatchObject({ repeated: true, reply: first.outcomes[0]?.reply });

  const entry = first.commit.entries[0];
  if (!entry) throw new Error('no entry');
  const later = decided([item(asked)], { ...withRole, receipts: new Map([[asked.hash, { commit: 'x', entry }]]) }, context());
  expect(later.commit).toMatchObject({ entries: [], writes: [] });
  expect(later.outcomes[0]).toEqual({ item: expect.anything() as Item, repeated: true, reply: replayed(first.outcomes[0]?.reply) });
  const handedOverAgain = decided([{ ...item(asked), again: true }], { ...withRole, receipts: new Map([[asked.hash, { commit: 'x', entry }]]) }, context());
  expect(handedOverAgain.outcomes[0]).toMatchObject({ repeated: true, reply: first.outcomes[0]?.reply });
  expect(handedOverAgain.outcomes[0]?.reply.headers).not.toHaveProperty('Idempotent-Replayed');
});

it('rebuilds the first reply of patches, deletes, refusals and no-ops', () => {
  const asked = [
    command('patch', { id: '1', subject: 'r1', data: { name: 'b' } }),
    command('patch', { id: '2', subject: 'r1', data: { name: 'b' } }),
    command('patch', { id: '3', subject: 'r1', data: { id: 'other' } }),
    command('delete', { id: '4', subject: 'r1' }),
    command('delete', { id: '5', subject: 'r1' }),
  ];
  const first = decided(asked.map((one) => item(one, { replyTo })), withRole, context());
  expect(first.outcomes.map((outcome) => outcome.reply.status)).toEqual([200, 200, 400, 204, 404]);
  const receipts = new Map(first.commit.entries.map((entry) => [entry.command ?? '', { commit: 'x', entry }]));
  const again = decided(asked.map((one) => item(one, { replyTo })), { ...empty, receipts }, context());
  expect(again.outcomes.map((outcome) => outcome.reply)).toEqual(first.outcomes.map((outcome) => replayed(outcome.reply)));
});

it('refuses a reused id with 422: answered where somebody waits, else set aside', () => {
  const asked = [command('patch', { subject: 'r1', data: { name: 'b' } }), command('patch', { subject: 'r1', data: { name: 'c' } })];
  const answered = decided(asked.map((one) => item(one, { replyTo })), withRole, context());
  expect(answered.outcomes[1]).toMatchObject({ repeated: false, reply: { status: 422 } });
  expect(answered.commit.parked).toEqual([]);
  const silent = decided(asked.map((one) => item(one)), withRole, context());
  expect(silent.commit.parked).toMatchObject([{ reason: 'refused' }]);
  expect(silent.commit.writes).toMatchObject([{ resource: { name: 'b' } }]);
});

it('parks a command that reuses an id once, however often it comes', () => {
  const [first, reusing] = [command('patch', { subject: 'r1', data: { name: 'b' } }), command('patch', { subject: 'r1', data: { name: 'c' } })];
  const { commit, outcomes } = decided([first, reusing, reusing].map((one) => item(one)), withRole, context());
  expect(commit.parked).toHaveLength(1);
  expect(outcomes.map(({ repeated }) => repeated)).toEqual([false, false, true]);
  const receipts = new Map(commit.entries.map((entry) => [entry.command ?? '', { commit: commit.id, entry }]));
  expect(decided([item(reusing)], { ...withRole, receipts }, context({ commitId: 'here-000000000002' })).commit).toMatchObject({ parked: [], entries: [] });
});

it('sets aside what nobody waits for, with its exact bytes, and its neighbours go on', () => {
  const body = new Uint8Array([1, 2, 255]);
  const { commit, outcomes } = decided(
    [
      { message: message({ body, headers: { 'x-a': 'b' }, attempts: 2 }), again: false, unacceptable: new Unacceptable('malformed', 'not JSON') },
      item(command('patch', { id: '2', subject: 'gone', data: {} })),
      item(command('patch', { id: '3', subject: 'r1', data: { name: 'b' } })),
    ],
    withRole,
    context(),
  );
  expect(commit.parked).toMatchObject([
    { reason: 'malformed', error: 'not JSON', body, headers: { 'x-a': 'b' }, attempts: 2 },
    { reason: 'refused', type: 'org.tmforum.partyRole.patch', subject: 'gone' },
  ]);
  expect(commit.entries.map((entry) => entry.events.map((event) => [event.topic, event.key]))).toEqual([
    [['dead', 'malformed']],
    [['dead', 'refused']],
    [['events', 'partyRole.PartyRoleAttributeValueChangeEvent']],
  ]);
  expect(outcomes.map((outcome) => outcome.reply.status)).toEqual([400, 404, 200]);
});

describe('a message without a readable id', () => {
  const garbage = (again: boolean): Item => ({ message: message({ body: Buffer.from('{'), headers: { 'x-delivery-count': again ? 1 : 0 } }), again, unacceptable: new Unacceptable('malformed', 'not JSON') });

  /** What the log then holds for whoever decides next. */
  function receiptsOf({ commit }: DecidedBatch): Loaded {
    const receipts = new Map(commit.entries.flatMap((entry) => (entry.command === undefined ? [] : [[entry.command, { commit: commit.id, entry }] as const])));
    return { ...empty, receipts };
  }

  it('is parked once, however often the broker hands it over', () => {
    const first = decided([garbage(false)], empty, context());
    expect(first.commit.parked).toHaveLength(1);
    const second = decided([garbage(true)], receiptsOf(first), context());
    expect(second.commit).toMatchObject({ parked: [], entries: [] });
    expect(second.outcomes).toMatchObject([{ repeated: true, reply: { status: 400 } }]);
  });

  it('is parked once when the database did not say what became of the commit', () => {
    const first = decided([garbage(false)], empty, context());
    const again = decided([garbage(false)], receiptsOf(first), context({ commitId: 'here-000000000002', doubted: new Set([first.commit.id]) }));
    expect(again).toMatchObject({ commit: { parked: [] }, outcomes: [{ repeated: true }] });
    const another = decided([garbage(false)], receiptsOf(first), context({ commitId: 'here-000000000002', doubted: new Set(['here-000000000009']) }));
    expect(another.commit.parked).toHaveLength(1);
  });

  it.each([
    ['binary', { contentType: 'application/json', attributes: { specversion: '1.0', type: 'org.example', subject: 's' } }],
    ['structured', { body: Buffer.from('{"specversion":"1.0","type":"org.example","subject":"s","id":7}') }],
  ])('is found by what it says that it is: %s mode', (_mode, parts) => {
    const { parked } = decided([{ message: message(parts), again: false, unacceptable: new Unacceptable('unsupported', 'no') }], empty, context()).commit;
    expect(parked).toMatchObject([{ type: 'org.example', subject: 's' }]);
  });

  it('is the same one when the broker hands it over with its headers in another order', () => {
    const [id, source] = [{ id: '1' }, { source: '/crm' }];
    const first = decided([{ ...garbage(false), message: message({ attributes: { ...source, ...id } }) }], empty, context());
    const second = decided([{ ...garbage(true), message: message({ attributes: { ...id, ...source } }) }], receiptsOf(first), context());
    expect(second.commit).toMatchObject({ parked: [], entries: [] });
  });

  it('is parked again when it was sent again', () => {
    const first = decided([garbage(false), garbage(false)], empty, context());
    expect(first.commit.parked.map(({ id }) => id)).toEqual(['here-000000000001-0000', 'here-000000000001-0001']);
    const later = decided([garbage(false)], receiptsOf(first), context());
    expect(later.commit.parked).toHaveLength(1);
    expect(later.commit.entries[0]?.command).toBeUndefined();
  });

  it('is another one at another place of its stream', () => {
    const at = (sequence: number): Item => ({ ...garbage(false), message: message({ body: Buffer.from('{'), origin: { bus: 'jetstream', queue: 'TMF_COMMANDS', lane: 0, sequence } }) });
    const first = decided([at(1), at(2)], empty, context());
    expect(new Set(first.commit.entries.map((entry) => entry.command)).size).toBe(2);
    // The server may have forgotten that it handed it out before.
    expect(decided([at(1)], receiptsOf(first), context())).toMatchObject({ commit: { parked: [] }, outcomes: [{ repeated: true }] });
  });
});

it('sets aside what killed the process untried, whoever waits, unless it was applied', () => {
  const asked = command('patch', { subject: 'r1', data: { name: 'b' } });
  const condemned: Item = { message: message({ replyTo }), again: true, command: asked, target: 'r1', unacceptable: new Unacceptable('crashed', 'it died') };
  const { commit, outcomes } = decided([condemned], withRole, context());
  expect(commit).toMatchObject({ parked: [{ reason: 'crashed', type: asked.type, subject: 'r1' }], writes: [] });
  expect(outcomes).toMatchObject([{ reply: { status: 500 } }]);

  const applied = decided([item(asked)], withRole, context()).commit.entries[0];
  if (!applied) throw new Error('no entry');
  const known: Loaded = { ...withRole, receipts: new Map([[asked.hash, { commit: 'before', entry: applied }]]) };
  expect(decided([condemned], known, context())).toMatchObject({ commit: { parked: [] }, outcomes: [{ repeated: true, reply: { status: 200 } }] });
});

it('says in each write which commit it builds on', () => {
  const [patched, created] = [item(command('patch', { subject: 'r1', data: { name: 'b' } })), item(command('create', { id: '2', subject: 'new', data: { name: 'a' } }))];
  const { writes } = decided([patched, created], withRole, context()).commit;
  expect(writes.map(({ id, previous }) => [id, previous])).toEqual([['r1', withRole.resources.get('partyRole/r1')?.commit], ['new', undefined]]);
});

it('sets aside what makes a handler throw', () => {
  const broken = item(command('create', { subject: 'r1', data: { name: 'a' } }));
  if (!('definition' in broken)) throw new Error('no definition');
  const throwing: Item = { ...broken, definition: { ...broken.definition, validate: () => { throw new Error('a fault'); } } };
  const { commit, outcomes } = decided([throwing, item(command('create', { id: '2', data: { name: 'b' } }))], empty, context());
  expect(commit.parked).toMatchObject([{ reason: 'failed', error: 'a fault' }]);
  expect(outcomes.map((outcome) => outcome.reply.status)).toEqual([500, 201]);
});

it('refuses what could not be announced with 413', () => {
  const { outcomes, commit } = decided([item(command('create', { data: { name: 'x'.repeat(2000) } }), { replyTo })], empty, context({ maxContentBytes: 2000 }));
  expect(outcomes[0]?.reply.status).toBe(413);
  expect(commit.writes).toEqual([]);
});

it('ends a batch before its commit becomes too large; the first command always goes', () => {
  const items = Array.from({ length: 10 }, (_, index) => item(command('create', { id: String(index), data: { name: 'x'.repeat(1000) } })));
  expect(decided(items, empty, context({ maxWriteBytes: 8_000 })).outcomes.length).toBeLessThan(10);
  expect(decided(items, empty, context({ maxWriteBytes: 1 })).outcomes).toHaveLength(1);
});
