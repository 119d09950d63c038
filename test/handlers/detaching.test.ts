import { stateAfter, type Loaded } from '../../src/batch-state.js';
import { decideBatch, type BatchContext, type Item } from '../../src/batch.js';
import { MAX_REFERRERS } from '../../src/handlers/references.js';
import type { JsonObject } from '../../src/json.js';
import type { StoredResource } from '../../src/store/store.js';
import { NOW } from '../support/deciding.js';
import { answerOf, asking, contextOf, decidedOn, eventsOf, loadedFrom, referencesOf, repliesOf, stored } from '../support/resources.js';
import { sampleOf } from '../support/samples.js';

const refuse = contextOf(referencesOf('lenient'));
const detach = contextOf(referencesOf('lenient', 'detach'));
const keep = contextOf(referencesOf('lenient', 'keep'));

const ann = { givenName: 'Ann', familyName: 'Lee' };
const ref = (id: string, more: JsonObject = {}): JsonObject => ({ id, '@referredType': 'Individual', ...more });
const deleteAnn = asking('individual', 'delete', 'ann');

const deleted = (database: ReadonlyMap<string, StoredResource>, context: BatchContext, ...before: Item[]): ReturnType<typeof decidedOn> => decidedOn(database, [...before, asking('individual', 'delete', 'ann')], context);
const lastAnswer = (batch: ReturnType<typeof decidedOn>): ReturnType<typeof answerOf> | undefined => repliesOf(batch).map(answerOf).at(-1);

describe('the deletion of what others refer to', () => {
  const world = stored({
    'individual/ann': { ...ann, relatedParty: [ref('ann')] },
    'partyRole/a': { name: 'A', engagedParty: ref('ann') },
    'partyRole/b': { name: 'B', relatedParty: [ref('other'), { id: 'ann', role: 'x' }, ref('ann', { role: 'y' })] },
    'organization/c': { tradingName: 'C', relatedParty: [{ id: 'ann', '@referredType': 'Organization' }, { id: 'ann', href: 'https://elsewhere.example.com/ann' }, { name: 'ann' }] },
    'partyInteraction/d': { ...sampleOf('partyInteraction').create, status: 'open', interactionDate: {}, interactionItem: [{ reason: 'r', relatedParty: [ref('ann')] }, { reason: 's' }] },
  });

  it('is refused, and says who they are and where; nothing is written', () => {
    const batch = deleted(world, refuse);
    const places = ['partyRole a in /engagedParty', 'partyRole b in /relatedParty/1', 'partyInteraction d in /interactionItem/0/relatedParty/0'];
    expect(lastAnswer(batch)).toEqual([409, places.map((place) => `referredBy: ${place}`).join('; ')]);
    expect(batch.commit).toMatchObject({ writes: [], entries: [{ status: 409 }] });
  });

  it('is possible once nobody does, or only what it says itself', () => {
    const alone = new Map([...world].filter(([key]) => key === 'individual/ann' || key === 'organization/c'));
    expect(lastAnswer(deleted(alone, refuse))).toEqual([204]);
  });

  it('names the first of many', () => {
    const many = stored({ 'individual/ann': ann, ...Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`partyRole/r${index}`, { name: 'R', engagedParty: ref('ann') }])) });
    expect(lastAnswer(deleted(many, refuse))?.[1]?.split('; ').slice(19)).toEqual(['referredBy: partyRole r19 in /engagedParty', 'referredBy: and 5 more']);
  });

  it('takes their references out: one commit, in which each gets its next revision and an event', () => {
    const batch = deleted(world, detach);
    expect(repliesOf(batch)).toEqual([{ status: 204, headers: {} }]);
    const states = new Map(batch.commit.writes.map(({ type, id, expected, revision, deleted: isDeleted, resource }) => [`${type}/${id}`, [expected, revision, isDeleted, resource]]));
    expect([...states.keys()].sort()).toEqual(['individual/ann', 'partyInteraction/d', 'partyRole/a', 'partyRole/b']);
    expect(states.get('individual/ann')).toEqual([1, 2, true, world.get('individual/ann')?.resource]);
    expect(states.get('partyRole/a')).toEqual([1, 2, false, { id: 'a', name: 'A' }]);
    expect(states.get('partyRole/b')).toEqual([1, 2, false, { id: 'b', name: 'B', relatedParty: [ref('other')] }]);
    expect(states.get('partyInteraction/d')?.[3]).toMatchObject({ interactionItem: [{ reason: 'r', relatedParty: [] }, { reason: 's' }] });
    const events = eventsOf(batch);
    expect(events.map(({ key, subject, revision, fieldPath }) => [key, subject, revision, fieldPath])).toEqual([
      ['individual.IndividualDeleteEvent', 'ann', 2, undefined],
      ['partyRole.PartyRoleAttributeValueChangeEvent', 'a', 2, 'engagedParty'],
      ['partyRole.PartyRoleAttributeValueChangeEvent', 'b', 2, 'relatedParty'],
      ['partyInteraction.PartyInteractionAttributeValueChangeEvent', 'd', 2, 'interactionItem'],
    ]);
    expect(events[1]?.resource).toMatchObject({ id: 'a', href: '/tmf-api/partyRoleManagement/v4/partyRole/a' });
    expect(new Set(batch.commit.entries.flatMap(({ events: sent }) => sent.map(({ id }) => id))).size).toBe(4);
  });

  it('dates those that have a date of their last change', () => {
    const specification = { ...sampleOf('agreementSpecification').create, relatedParty: [ref('ann'), ref('bob')], lastUpdate: '2020-01-01T00:00:00.000Z' };
    const batch = deleted(stored({ 'individual/ann': ann, 'agreementSpecification/s': specification }), detach);
    expect(eventsOf(batch)[1]).toMatchObject({ fieldPath: 'relatedParty', resource: { relatedParty: [ref('bob')], lastUpdate: NOW } });
  });

  it('is refused where one of them cannot do without: all stays as it is', () => {
    const account = { ...sampleOf('billingAccount').create, relatedParty: [ref('ann')] };
    const batch = deleted(new Map([...world, ...stored({ 'billingAccount/home': account })]), detach);
    expect(lastAnswer(batch)).toEqual([409, 'referredBy: billingAccount home in /relatedParty/0, which cannot be without it']);
    expect(batch.commit.writes).toEqual([]);
    const both = stored({ 'individual/ann': ann, 'billingAccount/home': { ...account, relatedParty: [ref('ann'), ref('bob')] } });
    expect(lastAnswer(deleted(both, detach))).toEqual([204]);
  });

  it('leaves them as they are where that is wanted', () => {
    const batch = deleted(world, keep);
    expect(lastAnswer(batch)).toEqual([204]);
    expect(batch.commit.writes).toHaveLength(1);
    const interactionsKeep = contextOf(referencesOf('lenient', { '*': 'detach', 'partyInteraction.interactionItem.relatedParty': 'keep' }));
    expect(deleted(world, interactionsKeep).commit.writes.map(({ id }) => id)).toEqual(['ann', 'a', 'b']);
    const rolesRefuse = contextOf(referencesOf('lenient', { '*': 'detach', 'partyRole.relatedParty': 'refuse' }));
    expect(lastAnswer(deleted(world, rolesRefuse))).toEqual([409, 'referredBy: partyRole b in /relatedParty/1']);
  });

  it('does not look at places whose references are not looked at', () => {
    expect(lastAnswer(deleted(world, contextOf(referencesOf('off'))))).toEqual([204]);
  });

  it('is conditional on who relied on it when it was decided', () => {
    const guarded = new Map([...stored({ 'individual/ann': ann })].map(([key, resource]): [string, StoredResource] => [key, { ...resource, guard: 'somebody-000000000001' }]));
    expect(deleted(guarded, refuse).commit.writes).toMatchObject([{ deleted: true, guard: 'somebody-000000000001' }]);
    // The next batch knows as much.
    const renamed = decidedOn(guarded, [asking('individual', 'patch', 'ann', { fullName: 'Ann Lee' })], refuse);
    expect(decidedOn(guarded, [deleteAnn], refuse, stateAfter(renamed.commit)).commit.writes).toMatchObject([{ expected: 2, guard: 'somebody-000000000001' }]);
  });
});

describe('others of the same batch, and of the one under way', () => {
  const role = (more: JsonObject = {}): JsonObject => ({ name: 'R', engagedParty: ref('ann'), ...more });
  const create = asking('partyRole', 'create', 'r', role());
  const refer = asking('partyRole', 'patch', 'r', { engagedParty: ref('ann') });
  const leave = asking('partyRole', 'patch', 'r', { engagedParty: null });
  const remove = asking('partyRole', 'delete', 'r');
  const onlyAnn = stored({ 'individual/ann': ann });
  const bare = stored({ 'individual/ann': ann, 'partyRole/r': { name: 'R' } });
  const referring = stored({ 'individual/ann': ann, 'partyRole/r': role() });

  it.each<[string, Map<string, StoredResource>, Item, number]>([
    ['created', onlyAnn, create, 409],
    ['changed to refer to it', bare, refer, 409],
    ['changed to refer to it no more', referring, leave, 204],
    ['deleted', referring, remove, 204],
  ])('count when they are %s there', (_, database, first, status) => {
    const together = decidedOn(database, [first, deleteAnn], refuse);
    expect(repliesOf(together).at(-1)?.status).toBe(status);
    const before = decidedOn(database, [first], refuse);
    // What is read of the database may be from before that commit, or from after it.
    const after = new Map([...database, ...stateAfter(before.commit).resources]);
    for (const seen of [database, after]) expect(repliesOf(decidedOn(seen, [deleteAnn], refuse, stateAfter(before.commit)))).toMatchObject([{ status }]);
  });

  it('are detached as they are by then', () => {
    const together = decidedOn(onlyAnn, [create, deleteAnn], detach);
    expect(together.commit.writes).toMatchObject([{ id: 'r', expected: 0, revision: 2, resource: { id: 'r', name: 'R' } }, { id: 'ann', deleted: true }]);
    const before = decidedOn(bare, [refer, asking('partyRole', 'patch', 'r', { name: 'S' })], detach);
    const later = decidedOn(bare, [deleteAnn], detach, stateAfter(before.commit));
    expect(later.commit.writes).toMatchObject([{ id: 'ann' }, { id: 'r', expected: 3, previous: before.commit.id, revision: 4, resource: { id: 'r', name: 'S' } }]);
  });

  it('go on from what they were left as', () => {
    const batch = decidedOn(referring, [deleteAnn, asking('partyRole', 'patch', 'r', { name: 'S' })], detach);
    expect(repliesOf(batch)[1]).toMatchObject({ status: 200, headers: { ETag: '"3"' } });
    expect(batch.commit.writes[1]).toMatchObject({ expected: 1, revision: 3, resource: { id: 'r', name: 'S' } });
    expect((batch.commit.writes[1]?.resource as JsonObject)['engagedParty']).toBeUndefined();
  });

  it('may be created again', () => {
    const batch = decidedOn(referring, [deleteAnn, asking('individual', 'create', 'ann', ann), asking('partyRole', 'patch', 'r', { engagedParty: ref('ann') })], detach);
    expect(repliesOf(batch).map(({ status }) => status)).toEqual([204, 201, 200]);
    expect(batch.commit.writes.map(({ id, revision, deleted: isDeleted }) => [id, revision, isDeleted])).toEqual([['ann', 3, false], ['r', 3, false]]);
  });
});

describe('more referrers than fit', () => {
  const roles = (count: number, more: JsonObject = {}): Map<string, StoredResource> => stored({ 'individual/ann': ann, ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`partyRole/r${index}`, { name: 'R', engagedParty: ref('ann'), ...more }])) });

  it('are too many by their number', () => {
    const roomy = { ...detach, maxWriteBytes: 100_000_000 };
    expect(lastAnswer(deleted(roles(MAX_REFERRERS), roomy))).toEqual([204]);
    expect(lastAnswer(deleted(roles(MAX_REFERRERS + 1), roomy))).toEqual([409, `referredBy: more than ${MAX_REFERRERS}, which do not fit into one commit`]);
  });

  it('are too many by what is written, and nothing is', () => {
    const batch = deleted(roles(50, { note: 'x'.repeat(1_000) }), { ...detach, maxWriteBytes: 50_000 });
    expect(lastAnswer(batch)).toEqual([409, 'referredBy: 50, which do not fit into one commit']);
    expect(batch.commit.writes).toEqual([]);
  });

  it.each([['refuse', refuse], ['detach', detach]] as const)('are never taken for all: %s', (_, context) => {
    // What was read is not all, and it happens to be none of those that matter.
    const others = stored({ 'individual/ann': ann, 'partyRole/x': { name: 'X', engagedParty: { id: 'ann', '@referredType': 'Organization' } } });
    const asked = { resources: new Set<string>(), referrers: new Set(['individual/ann']) };
    const loaded: Loaded = { ...loadedFrom(others, asked), referrers: new Map([['individual/ann', { keys: ['partyRole/x'], more: true }]]) };
    const batch = decideBatch([deleteAnn], loaded, context);
    if (!('commit' in batch)) throw new Error('it asks for more');
    expect(lastAnswer(batch)?.[0]).toBe(409);
    expect(batch.commit.writes).toEqual([]);
  });
});
