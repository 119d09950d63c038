import type { JsonObject } from '../../src/json.js';
import { stateAfter } from '../../src/batch-state.js';
import { all, answerOf, asking, contextOf, decidedOn, definitionOf, eventsOf, referencesOf, repliesOf, stored } from '../support/resources.js';
import { sampleOf } from '../support/samples.js';

const lenient = contextOf(referencesOf('lenient'));
const strict = contextOf(referencesOf('strict'));
const off = contextOf(referencesOf('off'));

const world = stored({
  'individual/ann': { givenName: 'Ann', familyName: 'Lee' },
  'organization/acme': { tradingName: 'Acme', name: 'Acme Limited' },
  'partyRole/seller': { name: 'Seller' },
  'billingAccount/bill': { name: 'Home', relatedParty: [{ id: 'ann' }] },
  'billFormat/detailed': { name: 'Detailed' },
  'individual/both': { givenName: 'Bo', familyName: 'Th' },
  'organization/both': { tradingName: 'Both' },
});

const role = (more: JsonObject): JsonObject => ({ name: 'Role', ...more });
const party = (id: string, more: JsonObject = {}): JsonObject => ({ id, ...more });
const there = { name: 'Ann Lee', '@referredType': 'Individual' };

/** What is stored of a new party role. */
function created(data: JsonObject, context = lenient): JsonObject | undefined {
  return decidedOn(world, [asking('partyRole', 'create', 'r', role(data))], context).commit.writes[0]?.resource;
}

describe('what a reference lacks', () => {
  it('is filled in from the resource that it names, whatever its type', () => {
    expect(created({ engagedParty: party('ann'), relatedParty: [party('acme', { role: 'owner' }), party('seller')], account: [party('bill')] })).toEqual({
      id: 'r',
      name: 'Role',
      engagedParty: party('ann', there),
      relatedParty: [
        party('acme', { role: 'owner', name: 'Acme', '@referredType': 'Organization' }),
        party('seller', { name: 'Seller', '@referredType': 'PartyRole' }),
      ],
      account: [party('bill', { name: 'Home', '@referredType': 'BillingAccount' })],
    });
  });

  it('is filled in before the reference is checked by its schema, in answers and events too', () => {
    const batch = decidedOn(world, [asking('billingAccount', 'create', 'b', { name: 'B', relatedParty: [party('ann')] })], strict);
    expect(repliesOf(batch)).toMatchObject([{ status: 201, body: { relatedParty: [party('ann', there)] } }]);
    expect(eventsOf(batch)).toMatchObject([{ resource: { relatedParty: [party('ann', there)] } }]);
  });

  it('is left alone where it was sent, or nobody can know it', () => {
    const sent = [party('ann', { name: 'A. Lee', '@referredType': 'individual' }), party('ann', { name: '' }), party('both'), { name: 'ann' }];
    const [first, second, third, fourth] = created({ relatedParty: sent })?.['relatedParty'] as JsonObject[];
    expect([first, second, third, fourth]).toEqual([sent[0], { ...sent[1], '@referredType': 'Individual' }, sent[2], sent[3]]);
  });

  it('of a type whose names are made of several attributes', () => {
    const named = (data: JsonObject): unknown => {
      const known = stored({ 'individual/x': data });
      const [write] = decidedOn(known, [asking('partyRole', 'create', 'r', role({ engagedParty: party('x') }))], lenient).commit.writes;
      return (write?.resource['engagedParty'] as JsonObject)['name'];
    };
    const name = { givenName: 'Ann', familyName: 'Lee' };
    expect([named(name), named({ ...name, fullName: 'Ann M. Lee' }), named({ ...name, fullName: 'Ann M. Lee', formattedName: 'Dr Lee' }), named({ familyName: 'Lee' })]).toEqual(['Ann Lee', 'Ann M. Lee', 'Dr Lee', undefined]);
  });
});

describe('what is not there', () => {
  const data = role({ engagedParty: party('bob'), relatedParty: [party('ann'), party('bob', { '@referredType': 'individual' })] });
  const texts = ['/engagedParty: there is no PartyRole or Individual or Organization bob', '/relatedParty/1: there is no Individual bob'];

  it('is accepted with a warning, also in a repeated answer', () => {
    const item = asking('partyRole', 'create', 'r', data);
    const first = decidedOn(world, [item], lenient);
    const [reply] = repliesOf(first);
    expect(reply?.headers['Warning']).toBe(texts.map((text) => `299 - "${text}"`).join(', '));
    expect(first.commit).toMatchObject({ writes: [{ id: 'r' }], guards: [] });
    const again = decidedOn(world, [item], lenient, stateAfter(first.commit));
    expect(again.outcomes[0]).toMatchObject({ repeated: true, reply: { status: 201, body: reply?.body, headers: { ...reply?.headers, 'Idempotent-Replayed': 'true' } } });
  });

  it('is refused where that is strict: nothing is written, and all of it is named', () => {
    const batch = decidedOn(world, [asking('partyRole', 'create', 'r', data)], strict);
    expect(repliesOf(batch).map(answerOf)).toEqual([[409, texts.join('; ')]]);
    expect(batch.commit.writes).toEqual([]);
  });

  it('is refused at some places and warned of at others, as they are set', () => {
    const some = contextOf(referencesOf({ '*': 'off', 'partyRole.engagedParty': 'strict', 'partyRole.relatedParty': 'lenient' }));
    const [refused] = repliesOf(decidedOn(world, [asking('partyRole', 'create', 'r', data)], some));
    expect(refused && answerOf(refused)).toEqual([409, texts[0]]);
    const [warned] = repliesOf(decidedOn(world, [asking('partyRole', 'create', 'r', { ...data, engagedParty: party('ann'), account: [party('nobody')] })], some));
    expect(warned).toMatchObject({ status: 201, headers: { Warning: `299 - "${texts[1]}"` } });
  });

  it('is nobody’s business where that is off, and nothing is filled in', () => {
    const batch = decidedOn(world, [asking('partyRole', 'create', 'r', data)], off);
    expect(repliesOf(batch)[0]?.headers).not.toHaveProperty('Warning');
    expect(batch.commit.writes[0]?.resource).toEqual({ id: 'r', ...data });
  });

  it('is no longer there once it is deleted', () => {
    const gone = new Map([...stored({ 'individual/bob': { givenName: 'B', familyName: 'B' } })].map(([key, resource]) => [key, { ...resource, deleted: true }]));
    expect(repliesOf(decidedOn(gone, [asking('partyRole', 'create', 'r', role({ engagedParty: party('bob') }))], strict))).toMatchObject([{ status: 409 }]);
  });

  it.each<[string, JsonObject]>([
    ['by an href to another place', party('bob', { href: 'https://elsewhere.example.com/tmf-api/party/v4/individual/bob' })],
    ['of a type that is not served', party('bob', { '@referredType': 'Robot' })],
    ['of a type that nobody looks for at this place', party('bob', { '@referredType': 'BillFormat' })],
    ['by its name alone', { name: 'Bob' }],
    ['by an empty id', party('', { name: 'Bob' })],
  ])('is not missed when it is named %s', (_, value) => {
    const batch = decidedOn(world, [asking('partyRole', 'create', 'r', role({ engagedParty: value }))], strict);
    expect(repliesOf(batch)).toMatchObject([{ status: 201, body: { engagedParty: value } }]);
    expect(repliesOf(batch)[0]?.headers).not.toHaveProperty('Warning');
  });

  it('is missed by an href of ours', () => {
    expect(repliesOf(decidedOn(world, [asking('partyRole', 'create', 'r', role({ engagedParty: party('bob', { href: '/tmf-api/party/v4/individual/bob' }) }))], strict))).toMatchObject([{ status: 409 }]);
  });

  it('is not looked for by an id that nothing can have', () => {
    const id = 'x'.repeat(3_000);
    const batch = decidedOn(world, [asking('partyRole', 'create', 'r', role({ relatedParty: [party(id), party('a/b')] }))], lenient);
    expect(repliesOf(batch)[0]?.headers['Warning']).toMatch(/there is no .* x{100}/);
    expect(JSON.stringify(batch.commit.entries[0]?.warnings).length).toBeLessThan(1_000);
    expect(repliesOf(decidedOn(world, [asking('partyRole', 'create', 'r', role({ relatedParty: [party(id)] }))], strict))).toMatchObject([{ status: 409 }]);
  });

  it('thousands of times, is told some times', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => party('ann', { role: String(index) }));
    const roomy = { ...lenient, maxContentBytes: 100_000_000 };
    const [first] = decidedOn(world, [asking('partyRole', 'create', 'r', role({ relatedParty: many }))], roomy).commit.writes;
    const missing = many.map((value) => ({ ...value, id: 'bob' }));
    const patched = decidedOn(new Map([...world, ...stored({ 'partyRole/r': first?.resource ?? {} })]), [asking('partyRole', 'patch', 'r', { relatedParty: [...many.slice(1), ...missing] })], roomy);
    expect(patched.commit.entries[0]?.warnings).toHaveLength(11);
    expect(repliesOf(patched)[0]?.headers['Warning']).toMatch(/"and 19990 more"$/);
  });
});

describe('a patch', () => {
  const before = stored({ 'partyRole/r': role({ engagedParty: party('bob', { name: 'Bob', '@referredType': 'Individual' }), relatedParty: [party('ann', there), party('cid', { role: 'x' })] }) });
  const known = new Map([...world, ...before]);
  const patched = (data: JsonObject | JsonObject[], contentType = 'application/merge-patch+json'): ReturnType<typeof decidedOn> => decidedOn(known, [asking('partyRole', 'patch', 'r', data, { contentType })], strict);
  const jsonPatch = (...operations: JsonObject[]): ReturnType<typeof decidedOn> => patched(operations, 'application/json-patch+json');

  it('is not asked for references that it leaves as they are', () => {
    for (const batch of [patched({ name: 'New' }), jsonPatch({ op: 'replace', path: '/name', value: 'New' })]) {
      expect(repliesOf(batch)).toMatchObject([{ status: 200 }]);
      expect(batch.commit.guards).toEqual([]);
    }
    const turned = patched({ relatedParty: [{ role: 'x', id: 'cid' }, party('ann', there)] });
    expect(repliesOf(turned)).toMatchObject([{ status: 200 }]);
  });

  it('is asked for those that are new or changed, and for them alone', () => {
    expect(repliesOf(patched({ relatedParty: [party('cid', { role: 'x' }), party('dan')] })).map(answerOf)).toEqual([[409, '/relatedParty/1: there is no PartyRole or Individual or Organization dan']]);
    expect(repliesOf(jsonPatch({ op: 'replace', path: '/relatedParty/1/role', value: 'y' })).map(answerOf)).toEqual([[409, '/relatedParty/1: there is no PartyRole or Individual or Organization cid']]);
    expect(repliesOf(patched({ engagedParty: { role: 'y' } }))).toMatchObject([{ status: 409 }]);
    const added = jsonPatch({ op: 'add', path: '/relatedParty/-', value: party('acme') });
    expect(added.commit).toMatchObject({ writes: [{ resource: { relatedParty: [{}, {}, { name: 'Acme' }] } }], guards: [{ type: 'organization', id: 'acme', revision: 1 }] });
  });

  it('of an id alone keeps nothing that described the other one', () => {
    const before = stored({ 'partyRole/r': { name: 'Role', engagedParty: party('ann', there) } });
    const patched = (id: string): JsonObject | undefined =>
      decidedOn(new Map([...world, ...before]), [asking('partyRole', 'patch', 'r', { engagedParty: { id } })], lenient).commit.writes[0]?.resource;
    expect(patched('acme')?.['engagedParty']).toEqual(party('acme', { name: 'Acme', '@referredType': 'Organization' }));
    expect(patched('ghost')?.['engagedParty']).toEqual(party('ghost'));
  });

  it('that says the same without what was filled in changes nothing', () => {
    const filled = new Map([...world, ...stored({ 'partyRole/r': role({ relatedParty: [party('ann', there)] }) })]);
    expect(decidedOn(filled, [asking('partyRole', 'patch', 'r', { relatedParty: [party('ann')] })], strict).commit).toMatchObject({ writes: [], entries: [{ status: 200 }] });
  });
});

describe('nested places', () => {
  it.each<[string, string, JsonObject, string]>([
    ['billingAccount', 'contact.relatedParty', { contact: [{ contactType: 'primary', validFor: {}, relatedParty: party('ann') }] }, '/contact/0/relatedParty'],
    ['billingAccount', 'billStructure.format', { billStructure: { format: party('detailed') } }, '/billStructure/format'],
    ['organization', 'organizationChildRelationship.organization', { organizationChildRelationship: [{ relationshipType: 'x', organization: party('acme') }] }, '/organizationChildRelationship/0/organization'],
    ['partyInteraction', 'interactionItem.relatedParty', { interactionItem: [{ relatedParty: [party('ann')] }] }, '/interactionItem/0/relatedParty/0'],
  ])('of a %s: %s', (name, _path, data, pointer) => {
    const body = { ...sampleOf(name).create, ...data };
    const only = contextOf(referencesOf({ '*': 'off', [`${name}.${_path}`]: 'strict' }));
    const [write] = decidedOn(world, [asking(name, 'create', 'x', body)], only).commit.writes;
    const at = pointer.split('/').slice(1).reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], write?.resource);
    expect(at).toMatchObject({ name: expect.any(String) as string, '@referredType': expect.any(String) as string });
    const missing = JSON.parse(JSON.stringify(body).replace(/"(ann|detailed|acme)"/, '"nobody"')) as JsonObject;
    const [reply] = repliesOf(decidedOn(world, [asking(name, 'create', 'x', missing)], only));
    expect(reply && answerOf(reply)).toEqual([409, expect.stringMatching(new RegExp(`^${pointer}: there is no `))]);
  });

  it('that hold a value of their own, no reference, are not looked at', () => {
    const format = { id: 'own', isRef: false, name: 'Own', description: 'd' };
    const batch = decidedOn(world, [asking('billingAccount', 'create', 'x', { ...sampleOf('billingAccount').create, relatedParty: [party('ann')], billStructure: { format } })], strict);
    expect(batch.commit.writes[0]?.resource).toMatchObject({ billStructure: { format } });
  });
});

describe('in one batch', () => {
  const making = asking('individual', 'create', 'new', { givenName: 'New', familyName: 'One' });
  const referring = asking('partyRole', 'create', 'r', role({ engagedParty: party('new') }));
  const empty = stored({});

  it('a reference finds what was created before it, not behind it', () => {
    const found = decidedOn(empty, [making, referring], strict);
    expect(repliesOf(found)).toMatchObject([{ status: 201 }, { status: 201, body: { engagedParty: { name: 'New One', '@referredType': 'Individual' } } }]);
    // What this commit writes itself needs no guard.
    expect(found.commit.guards).toEqual([]);
    expect(repliesOf(decidedOn(empty, [referring, making], strict)).map(({ status }) => status)).toEqual([409, 201]);
  });

  it('a reference does not find what was deleted before it', () => {
    const gone = [asking('individual', 'delete', 'ann'), asking('partyRole', 'create', 'r', role({ engagedParty: party('ann') }))];
    const only = stored({ 'individual/ann': { givenName: 'Ann', familyName: 'Lee' } });
    expect(repliesOf(decidedOn(only, gone, strict)).map(({ status }) => status)).toEqual([204, 409]);
    expect(repliesOf(decidedOn(only, [...gone].reverse(), strict)).map(({ status }) => status)).toEqual([201, 409]);
  });

  it('relies on each resource once, as it was read', () => {
    const batch = decidedOn(world, ['a', 'b', 'c'].map((id) => asking('partyRole', 'create', id, role({ engagedParty: party('ann') }))), strict);
    expect(batch.commit.guards).toEqual([{ type: 'individual', id: 'ann', revision: 1 }]);
  });

  it('a reference finds what the batch under way creates, and relies on it', () => {
    const before = decidedOn(empty, [making], strict);
    const batch = decidedOn(empty, [referring], strict, stateAfter(before.commit));
    expect(batch.commit).toMatchObject({ writes: [{ id: 'r' }], guards: [{ type: 'individual', id: 'new', revision: 1 }] });
    const deleted = decidedOn(world, [asking('individual', 'delete', 'both')], strict);
    const later = decidedOn(world, [asking('partyRole', 'create', 'r', role({ engagedParty: party('both', { '@referredType': 'Individual' }) }))], strict, stateAfter(deleted.commit));
    expect(repliesOf(later)).toMatchObject([{ status: 409 }]);
  });
});

it('knows places that may name each resource, and none that cannot', () => {
  const references = referencesOf('lenient');
  for (const definition of all) {
    for (const { type, places } of references.to(definition)) {
      for (const place of places) expect(references.candidates(place, { id: 'x', '@referredType': definition.typeName })).toEqual([definition]);
      expect(references.of(type)).toEqual(expect.arrayContaining([...places]));
    }
  }
  const types = references.to(definitionOf('billFormat')).map(({ type }) => type);
  expect(types.sort()).toEqual(['billingAccount', 'partyAccount', 'settlementAccount']);
});
