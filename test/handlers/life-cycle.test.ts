import { definitions } from '../../src/handlers/index.js';
import type { LifeCycle } from '../../src/handlers/life-cycle.js';
import type { JsonObject } from '../../src/json.js';
import { NOW } from '../support/deciding.js';
import { all, answerOf, asking, contextOf, decidedOn, definitionOf, eventsOf, referencesOf, stored } from '../support/resources.js';
import { sampleOf } from '../support/samples.js';

const context = contextOf(referencesOf('off'));
const EARLIER = '2020-01-01T00:00:00.000Z';

/** As it was once created. */
function kept(name: string): JsonObject {
  return { ...definitionOf(name).stamps.onCreate(EARLIER), ...sampleOf(name).create };
}

/** The answer to a creation in this state, or to a change from one state to another. */
function answer(name: string, from: string | undefined, to: string | null, definition = definitionOf(name)): ReturnType<typeof answerOf> {
  const attribute = definition.statusAttribute ?? '';
  const known = from === undefined ? stored({}) : stored({ [`${name}/1`]: { ...kept(name), [attribute]: from } });
  const [action, data] = from === undefined ? (['create', { ...sampleOf(name).create, [attribute]: to }] as const) : (['patch', { [attribute]: to }] as const);
  const [outcome] = decidedOn(known, [asking(name, action, '1', data, {}, definition)], context).outcomes;
  if (!outcome) throw new Error('no outcome');
  return answerOf(outcome.reply);
}

describe.each<[string, LifeCycle]>([
  ['individual', { initialized: ['validated'], validated: ['deceaded', 'deceased'], deceaded: [], deceased: [] }],
  ['organization', { initialized: ['validated'], validated: ['closed'], closed: [] }],
  ['partyInteraction', { open: ['inProgress'], opened: ['inProgress'], inProgress: ['completed'], completed: [] }],
])('a %s', (name, lifeCycle) => {
  const states = Object.keys(lifeCycle);

  it.each(states.flatMap((from) => states.map((to) => [from, to] as const)))('that is %s may become %s only where its life cycle says so', (from, to) => {
    const next = lifeCycle[from] ?? [];
    if (from === to || next.includes(to)) expect(answer(name, from, to)).toEqual([200]);
    else expect(answer(name, from, to)).toEqual([409, `/status: ${from} cannot become ${to}; allowed: ${next.join(', ') || 'none'}`]);
  });

  it('may be created in any of its states, and keeps it as it was sent', () => {
    for (const state of states) {
      expect(answer(name, undefined, state)).toEqual([201]);
      const [write] = decidedOn(new Map(), [asking(name, 'create', '1', { ...sampleOf(name).create, status: state })], context).commit.writes;
      expect(write?.resource['status']).toBe(state);
    }
  });

  it('has no other states: the known ones are named', () => {
    const message = `/status: must be one of ${states.join(', ')}`;
    expect([answer(name, undefined, 'dormant'), answer(name, states[0], 'dormant')]).toEqual([[400, message], [400, message]]);
  });

  it('cannot lose its state', () => {
    // Of an interaction the state is mandatory as well.
    expect(answer(name, states[0], null)[0]).toBe(name === 'partyInteraction' ? 400 : 409);
  });

  it('that has none, or one from before, may get any', () => {
    for (const state of states) expect(answer(name, 'from before', state)).toEqual([200]);
    const { status: _, ...bare } = kept(name);
    expect(decidedOn(stored({ [`${name}/1`]: bare }), [asking(name, 'patch', '1', { status: states.at(-1) ?? '' })], context).outcomes[0]?.reply.status).toBe(200);
  });

  it('may change otherwise, whatever state it has', () => {
    const [attribute, value] = sampleOf(name).ordinary;
    for (const state of [...states, 'from before']) {
      const known = stored({ [`${name}/1`]: { ...kept(name), status: state } });
      expect(decidedOn(known, [asking(name, 'patch', '1', { [attribute]: value })], context).outcomes[0]?.reply.status).toBe(200);
    }
  });
});

it.each(all.filter(({ lifeCycle, statusAttribute }) => !lifeCycle && statusAttribute !== undefined).map(({ name }) => [name]))('a %s takes any text for its state', (name) => {
  expect([answer(name, undefined, 'anything'), answer(name, 'anything', 'else'), answer(name, 'else', 'anything'), answer(name, 'else', null)]).toEqual([[201], [200], [200], [200]]);
});

it('another life cycle may be configured, or none', () => {
  const lifeCycles = new Map<string, LifeCycle | undefined>([['partyRole', { active: ['suspended'], suspended: ['active'] }], ['individual', undefined]]);
  const configured = definitions({ roleTypeDefault: true, lifeCycles });
  const named = (name: string): (typeof configured)[number] => configured.find((definition) => definition.name === name) ?? definitionOf('');
  const [role, individual] = [named('partyRole'), named('individual')];
  expect(answer('partyRole', 'active', 'suspended', role)).toEqual([200]);
  expect(answer('partyRole', undefined, 'closed', role)).toEqual([400, '/status: must be one of active, suspended']);
  expect(answer('individual', 'deceaded', 'reborn', individual)).toEqual([200]);
});

describe('a period', () => {
  const patched = (validFor: JsonObject): ReturnType<typeof answerOf> | undefined => {
    const [outcome] = decidedOn(stored({ 'partyRole/1': { name: 'a', validFor: { startDateTime: '2024-05-01T00:00:00.000Z' } } }), [asking('partyRole', 'patch', '1', { validFor })], context).outcomes;
    return outcome && answerOf(outcome.reply);
  };

  it('may not end before it starts', () => {
    expect(patched({ endDateTime: '2024-04-30T23:59:59Z' })).toEqual([400, '/validFor/endDateTime: is before startDateTime']);
    expect(patched({ endDateTime: '2024-05-01T01:00:00+02:00' })).toEqual([400, '/validFor/endDateTime: is before startDateTime']);
    expect(patched({ startDateTime: 'soon', endDateTime: '2024-04-30' })).toEqual([400, expect.stringMatching(/^\/validFor\/startDateTime: must be a date-time/)]);
  });

  it('may be a moment, and open at either end', () => {
    for (const validFor of [{ endDateTime: '2024-05-01T02:00:00+02:00' }, { endDateTime: '2025-01-01' }, { startDateTime: null, endDateTime: '2000-01-01' }]) expect(patched(validFor)).toEqual([200]);
  });

  it('may not do so anywhere', () => {
    const wrong = { startDateTime: '2024-05-01', endDateTime: '2024-04-01' };
    const data = { ...sampleOf('billingAccount').create, contact: [{ contactType: 'primary', validFor: wrong }] };
    const [outcome] = decidedOn(new Map(), [asking('billingAccount', 'create', '1', data)], context).outcomes;
    expect(outcome && answerOf(outcome.reply)).toEqual([400, '/contact/0/validFor/endDateTime: is before startDateTime']);
  });
});

describe('what belongs to the state', () => {
  const card = { '@type': 'cash', name: 'Cash', status: 'active', statusDate: EARLIER };
  const after = (data: JsonObject, resource: JsonObject = card, name = 'paymentMethod'): { events: (string | undefined)[][]; resource: JsonObject | undefined } => {
    const batch = decidedOn(stored({ [`${name}/1`]: resource }), [asking(name, 'patch', '1', data)], context);
    return { events: eventsOf(batch).map(({ key, fieldPath }) => [key.replace(/^.*\.(PaymentMethod|PartyRole|PartyInteraction|BillingAccount)/, ''), fieldPath]), resource: batch.commit.writes[0]?.resource };
  };

  it('is announced with its change alone, and its date is set', () => {
    expect(after({ status: 'suspended', statusReason: 'lost' })).toEqual({
      events: [['StatusChangeEvent', undefined]],
      resource: { id: '1', ...card, status: 'suspended', statusReason: 'lost', statusDate: NOW },
    });
  });

  it('keeps a date that was sent', () => {
    const statusDate = '2021-01-01T00:00:00.000Z';
    expect(after({ status: 'suspended', statusDate })).toMatchObject({ events: [['StatusChangeEvent', undefined]], resource: { statusDate } });
  });

  it('is an attribute as any other where the state stays', () => {
    expect(after({ statusReason: 'lost' })).toMatchObject({ events: [['AttributeValueChangeEvent', 'statusReason']], resource: { statusDate: EARLIER } });
    expect(after({ statusDate: NOW })).toMatchObject({ events: [['AttributeValueChangeEvent', 'statusDate']] });
    expect(after({ status: 'active', name: 'Coins' })).toMatchObject({ events: [['AttributeValueChangeEvent', 'name']], resource: { statusDate: EARLIER } });
  });

  it('stands beside what else changed, and revisions count on', () => {
    expect(after({ status: 'suspended', statusReason: 'lost', name: 'Coins' }).events).toEqual([['StatusChangeEvent', undefined], ['AttributeValueChangeEvent', 'name']]);
  });

  it('of a party role is its reason, which is kept', () => {
    const role = { name: 'a', status: 'active' };
    expect(after({ status: 'suspended', statusReason: 'asked for' }, role, 'partyRole')).toEqual({
      events: [['StateChangeEvent', undefined]],
      resource: { id: '1', name: 'a', status: 'suspended', statusReason: 'asked for' },
    });
    expect(after({ status: 'closed' }, { ...role, statusReason: 'asked for' }, 'partyRole').resource).toMatchObject({ statusReason: 'asked for' });
  });

  it('of an interaction is the date of the change', () => {
    const open = kept('partyInteraction');
    expect(after({ status: 'inProgress' }, open, 'partyInteraction')).toMatchObject({ events: [['StatusChangeEvent', undefined]], resource: { statusChangeDate: NOW, creationDate: EARLIER } });
  });
});

describe('dates that the service sets', () => {
  it('are there after a creation, unless they were sent', () => {
    const created = (name: string, data: JsonObject): JsonObject | undefined => decidedOn(new Map(), [asking(name, 'create', '1', { ...sampleOf(name).create, ...data })], context).commit.writes[0]?.resource;
    expect(created('paymentMethod', {})).toMatchObject({ status: 'active', statusDate: NOW });
    expect(created('paymentMethod', { status: 'expired', statusDate: EARLIER })).toMatchObject({ status: 'expired', statusDate: EARLIER });
    expect(created('partyInteraction', {})).toMatchObject({ status: 'open', creationDate: NOW, statusChangeDate: NOW, interactionDate: { startDateTime: NOW } });
    expect(created('partyInteraction', { interactionDate: { endDateTime: EARLIER } })?.['interactionDate']).toEqual({ endDateTime: EARLIER });
    expect(created('billingAccount', {})).toMatchObject({ lastModified: NOW });
    expect(created('agreementSpecification', { lastUpdate: EARLIER })).toMatchObject({ lastUpdate: EARLIER });
  });

  it('of the last change are no change of their own', () => {
    const account = { ...sampleOf('billingAccount').create, state: 'active', lastModified: EARLIER };
    const patched = (data: JsonObject): ReturnType<typeof decidedOn> => decidedOn(stored({ 'billingAccount/1': account }), [asking('billingAccount', 'patch', '1', data)], context);
    expect(eventsOf(patched({ state: 'suspended' }))).toMatchObject([{ key: 'billingAccount.BillingAccountStateChangeEvent', revision: 2, resource: { lastModified: NOW } }]);
    expect(eventsOf(patched({ description: 'x' }))).toMatchObject([{ fieldPath: 'description', resource: { lastModified: NOW } }]);
    expect(patched({ name: 'Main account' }).commit.writes).toEqual([]);
    expect(patched({ description: 'x', lastModified: '2030-01-01' }).commit.writes[0]?.resource).toMatchObject({ lastModified: '2030-01-01T00:00:00.000Z' });
  });
});
