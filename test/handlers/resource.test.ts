import { CloudEvent } from 'cloudevents';
import { definitions } from '../../src/handlers/index.js';
import { Refusal } from '../../src/errors.js';
import type { JsonObject } from '../../src/json.js';
import type { Current, Decision } from '../../src/handlers/decision.js';
import { decide, targetId } from '../../src/handlers/resource.js';
import type { Command } from '../../src/message.js';
import { ALONE, NOW, command, context, definition } from '../support/deciding.js';

const HREF = 'https://api.example.com/tmf-api/partyRoleManagement/v4/partyRole';

function given(current: Current): { when: (asked: Command) => Decision; refused: (asked: Command) => Refusal } {
  const when = (asked: Command): Decision => decide(definition, asked, targetId(asked), current, ALONE, context());
  return {
    when,
    refused: (asked) => {
      try {
        when(asked);
      } catch (error) {
        if (error instanceof Refusal) return error;
        throw error;
      }
      throw new Error('was not refused');
    },
  };
}

const nothing: Current = undefined;
const seller: NonNullable<Current> = {
  revision: 3,
  deleted: false,
  resource: { id: 'r1', name: 'Seller', status: 'active', engagedParty: { id: 'p1', name: 'Ann' }, contactMedium: [{ mediumType: 'phone', characteristic: { phoneNumber: '1' } }] },
};

function eventTypes(decision: Decision): string[] {
  return decision.events.map((event) => event.key);
}

function parsed(content: string): CloudEvent<Record<string, unknown>> {
  return new CloudEvent(JSON.parse(content) as Record<string, unknown>, true);
}

describe('create', () => {
  it('makes revision 1, answers 201 and announces the complete resource', () => {
    const decision = given(nothing).when(command('create', { subject: 'r1', data: { name: 'Buyer', nick: 'b' }, time: '2026-01-01T00:00:00.000Z', correlationid: 'c-9' }));
    expect(decision.changes).toEqual([{ type: 'partyRole', id: 'r1', revision: 1, deleted: false, resource: { id: 'r1', name: 'Buyer', nick: 'b' } }]);
    const body = { id: 'r1', href: `${HREF}/r1`, name: 'Buyer', nick: 'b', roleType: {}, '@type': 'PartyRole' };
    expect(decision.reply).toEqual({ status: 201, headers: { ETag: '"1"', Location: `${HREF}/r1` }, body });
    expect(eventTypes(decision)).toEqual(['partyRole.PartyRoleCreateEvent']);
    const event = parsed(decision.events[0]?.content ?? '');
    expect(event).toMatchObject({ type: 'org.tmforum.partyRole.PartyRoleCreateEvent', source: '/partyRoleManagement', subject: 'r1', sequence: '0000000000000001', correlationid: 'c-9' });
    expect(event.data).toEqual({
      eventId: event.id,
      eventTime: NOW,
      eventType: 'PartyRoleCreateEvent',
      timeOcurred: '2026-01-01T00:00:00.000Z',
      domain: 'partyRoleManagement',
      correlationId: 'c-9',
      event: { partyRole: body },
    });
  });

  it('derives the same id and the same event id from a repeated command, another from another command', () => {
    const first = given(nothing).when(command('create', { data: { name: 'Buyer' } }));
    const again = given(nothing).when(command('create', { data: { name: 'Buyer' } }));
    const other = given(nothing).when(command('create', { id: 'command-2', data: { name: 'Buyer' } }));
    expect(again.changes[0]?.id).toBe(first.changes[0]?.id);
    expect(again.events[0]?.id).toBe(first.events[0]?.id);
    expect(other.changes[0]?.id).not.toBe(first.changes[0]?.id);
  });

  it('continues the revision of a tombstone', () => {
    const decision = given({ ...seller, deleted: true }).when(command('create', { subject: 'r1', data: { name: 'Back' } }));
    expect(decision.changes[0]).toMatchObject({ revision: 4, deleted: false, resource: { id: 'r1', name: 'Back' } });
    expect(decision.changes[0]?.resource).not.toHaveProperty('status');
  });

  it.each<[string, JsonObject, string]>([
    ['no name', {}, '/name'],
    ['an empty name', { name: ' ' }, '/name'],
    ['a name that is no text', { name: 7 }, '/name'],
    ['a reference with neither id nor name', { name: 'x', engagedParty: { role: 'y' } }, '/engagedParty'],
    ['a bad date-time', { name: 'x', validFor: { startDateTime: 'yesterday' } }, '/validFor/startDateTime'],
    ['an impossible date', { name: 'x', validFor: { startDateTime: '2024-02-30T00:00:00Z' } }, '/validFor/startDateTime'],
    ['a contact medium without its type', { name: 'x', contactMedium: [{ characteristic: {} }] }, '/contactMedium/0/mediumType'],
    ['an id that is no text', { name: 'x', id: 5 }, '/id'],
    ['an impossible id', { name: 'x', id: 'a/b' }, '/id'],
  ])('refuses %s with 400 and its pointer', (_, data, pointer) => {
    const refusal = given(nothing).refused(command('create', { data }));
    expect(refusal.status).toBe(400);
    expect(refusal.faults.map((fault) => fault.at)).toEqual([pointer]);
  });

  it('lists every fault', () => {
    const { faults } = given(nothing).refused(command('create', { data: { status: 1, relatedParty: [{ id: 'p' }, {}], validFor: 'now' } }));
    expect(faults.map((fault) => fault.at).sort()).toEqual(['/name', '/relatedParty/1', '/status', '/validFor']);
  });

  it.each<JsonObject[]>([[{ id: 'p' }], [{ name: 'Ann' }]])('enforces of a reference only id or name: %j', (engagedParty) => {
    expect(given(nothing).when(command('create', { data: { name: 'x', engagedParty } })).reply.status).toBe(201);
  });

  it.each([{}, 'text', [1], null, { name: 'admin' }])('keeps roleType %j as it came', (roleType) => {
    expect(given(nothing).when(command('create', { data: { name: 'x', roleType } })).reply.body).toMatchObject({ roleType });
  });

  it('keeps date-times as UTC text', () => {
    const data = { name: 'x', validFor: { startDateTime: '2024-05-31T10:30+0200', endDateTime: '2025-01-01 00:00' } };
    expect(given(nothing).when(command('create', { data })).reply.body).toMatchObject({
      validFor: { startDateTime: '2024-05-31T08:30:00.000Z', endDateTime: '2025-01-01T00:00:00.000Z' },
    });
  });

  it('refuses an id that is taken with 409, two ids with 400, another content type with 415', () => {
    expect(given(seller).refused(command('create', { subject: 'r1', data: { name: 'x' } })).status).toBe(409);
    expect(() => targetId(command('create', { subject: 'r1', data: { id: 'r2', name: 'x' } }))).toThrow('Two different ids');
    expect(given(nothing).refused(command('create', { contentType: 'text/plain', data: { name: 'x' } })).status).toBe(415);
  });

  it('with any revision expected is refused where there is none', () => {
    expect(given({ ...seller, deleted: true }).refused(command('create', { subject: 'r1', expectedRevision: '*', data: { name: 'x' } })).status).toBe(412);
  });

  it('answers thousands of faults by some of them', () => {
    const { faults } = given(nothing).refused(command('create', { data: { name: 'x', relatedParty: Array.from({ length: 50_000 }, () => 0) } }));
    expect(faults).toHaveLength(101);
    expect(faults.at(-1)?.problem).toMatch(/^and \d+ more$/);
  });

  it('answers without roleType when that is configured', () => {
    const [plain = definition] = definitions({ roleTypeDefault: false, lifeCycles: new Map() });
    expect(decide(plain, command('create', { data: { name: 'x' } }), 'r1', nothing, ALONE, context()).reply.body).not.toHaveProperty('roleType');
  });

  it('with an expected revision 0 is refused when there was one before', () => {
    expect(given({ ...seller, deleted: true }).refused(command('create', { subject: 'r1', expectedRevision: '0', data: { name: 'x' } })).status).toBe(412);
    expect(given(nothing).when(command('create', { expectedRevision: '0', data: { name: 'x' } })).reply.status).toBe(201);
  });
});

describe('patch', () => {
  const patch = (data: JsonObject | unknown[], fields: Partial<Command> = {}): Command => command('patch', { subject: 'r1', data: data as JsonObject, ...fields });

  it('announces a changed attribute with its path', () => {
    const decision = given(seller).when(patch({ engagedParty: { name: 'Bea' }, extra: { a: 1 } }));
    expect(decision.reply).toMatchObject({ status: 200, headers: { ETag: '"4"' }, body: { engagedParty: { id: 'p1', name: 'Bea' } } });
    expect(eventTypes(decision)).toEqual(['partyRole.PartyRoleAttributeValueChangeEvent']);
    expect(parsed(decision.events[0]?.content ?? '').data).toMatchObject({ fieldPath: 'engagedParty.name,extra' });
  });

  it('announces a changed status as state change, both as two events with a revision each', () => {
    expect(eventTypes(given(seller).when(patch({ status: 'closed' })))).toEqual(['partyRole.PartyRoleStateChangeEvent']);
    const both = given(seller).when(patch({ status: 'closed', name: 'Was seller' }));
    expect(eventTypes(both)).toEqual(['partyRole.PartyRoleStateChangeEvent', 'partyRole.PartyRoleAttributeValueChangeEvent']);
    expect(both.events.map((event) => parsed(event.content)['sequence'])).toEqual(['0000000000000004', '0000000000000005']);
    expect(both.changes[0]?.revision).toBe(5);
    expect(new Set(both.events.map((event) => event.id)).size).toBe(2);
  });

  it('changes nothing and announces nothing when nothing differs', () => {
    const decision = given(seller).when(patch({ name: 'Seller', id: 'r1', href: `${HREF}/r1` }));
    expect(decision).toMatchObject({ changes: [], events: [], reply: { status: 200, headers: { ETag: '"3"' } } });
  });

  it.each(['id', 'href'])('refuses a change of %s and names it', (name) => {
    const refusal = given(seller).refused(patch({ [name]: 'other' }));
    expect(refusal).toMatchObject({ status: 400, faults: [{ at: `/${name}` }] });
  });

  it('validates the result by the creation rules', () => {
    expect(given(seller).refused(patch({ name: null }))).toMatchObject({ status: 400, faults: [{ at: '/name' }] });
  });

  it('can address what only the answer shows, and does not store it', () => {
    const jsonPatch = { contentType: 'application/json-patch+json' };
    expect(given(seller).when(patch([{ op: 'test', path: '/roleType', value: {} }], jsonPatch)).changes).toEqual([]);
    const named = given(seller).when(patch([{ op: 'add', path: '/roleType/name', value: 'x' }], jsonPatch));
    expect(named.changes[0]?.resource).toMatchObject({ roleType: { name: 'x' } });
  });

  it('refuses a missing resource with 404, a wrong revision with 412, a missing patch with 400', () => {
    expect(given(nothing).refused(patch({})).status).toBe(404);
    expect(given({ ...seller, deleted: true }).refused(patch({})).status).toBe(404);
    expect(given(seller).refused(patch({}, { expectedRevision: '2' })).status).toBe(412);
    expect(given(seller).when(patch({}, { expectedRevision: '2, 3' })).reply.status).toBe(200);
    expect(given(seller).when(patch({}, { expectedRevision: '*' })).reply.status).toBe(200);
    expect(given(seller).refused(command('patch', { subject: 'r1' })).status).toBe(400);
  });

  it('leaves the state that it was given alone', () => {
    const before = structuredClone(seller);
    given(seller).when(patch([{ op: 'replace', path: '/contactMedium/0/characteristic/phoneNumber', value: '2' }], { contentType: 'application/json-patch+json' }));
    given(seller).when(patch({ engagedParty: { name: 'Bea' } }));
    expect(seller).toEqual(before);
  });
});

describe('delete', () => {
  it('answers 204, leaves a tombstone and announces the last state', () => {
    const decision = given(seller).when(command('delete', { subject: 'r1' }));
    expect(decision.reply).toEqual({ status: 204, headers: {} });
    expect(decision.changes).toEqual([{ type: 'partyRole', id: 'r1', revision: 4, deleted: true, resource: seller.resource }]);
    expect(parsed(decision.events[0]?.content ?? '').data).toMatchObject({ eventType: 'PartyRoleDeleteEvent', event: { partyRole: { id: 'r1', name: 'Seller' } } });
  });

  it('of what does not exist is 404', () => {
    expect(given(nothing).refused(command('delete', { subject: 'r1' })).status).toBe(404);
    expect(() => targetId(command('delete'))).toThrow('No id');
  });
});
