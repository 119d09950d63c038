import { Refusal } from '../../src/errors.js';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { definitions } from '../../src/handlers/index.js';
import { notification } from '../../src/handlers/notification.js';
import { parseEventQuery, type EventFilter } from '../../src/hub/event-filter.js';
import { LoggedEvent } from '../../src/hub/logged-event.js';
import type { JsonObject } from '../../src/json.js';
import type { Command } from '../../src/message.js';
import { command, NOW } from '../support/deciding.js';

const all = definitions({ roleTypeDefault: true, lifeCycles: new Map() });
const apiOf = (api: string): ResourceDefinition[] => all.filter((definition) => definition.api === api);

function named(name: string): ResourceDefinition {
  const found = all.find((definition) => definition.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

const ROLE: JsonObject = {
  id: 'r1',
  href: '/partyRole/r1',
  '@type': 'PartyRole',
  name: 'Seller, retail',
  status: 'active',
  score: 7,
  validFor: { startDateTime: '2024-01-01T00:00:00.000Z' },
  relatedParty: [{ id: 'p1', role: 'owner' }, { id: 'p2', role: 'agent' }],
};

function happened(kind: keyof ResourceDefinition['events'], resource = ROLE, { name = 'partyRole', ...asked }: { name?: string; fieldPath?: string } & Partial<Command> = {}): LoggedEvent {
  const { fieldPath, ...fields } = asked;
  const definition = named(name);
  const happening = { eventType: definition.events[kind], revision: 1, number: 0, ...(fieldPath === undefined ? {} : { fieldPath }) };
  return new LoggedEvent({ position: 1, number: 0 }, new Date(NOW), notification(definition, command('create', fields), happening, resource, { source: '/test' }, NOW));
}

const created = happened('create');
const filter = (query: string, api = 'partyRoleManagement'): EventFilter => parseEventQuery(query, apiOf(api));
const wants = (query: string, event = created): boolean => filter(query).matches(event);

describe('an event matches', () => {
  test.each([
    [''],
    ['?'],
    ['&&'],
    ['eventType=PartyRoleCreateEvent'],
    ['?eventType=PartyRoleCreateEvent'],
    ['eventType=PartyRoleDeleteEvent,PartyRoleCreateEvent'],
    ['eventType=PartyRoleDeleteEvent&eventType=PartyRoleCreateEvent'],
    ['eventType=PartyRoleDeleteEvent;eventType=PartyRoleCreateEvent'],
    ['eventType!=PartyRoleDeleteEvent'],
    ['eventType.nin=PartyRoleDeleteEvent,PartyRoleStateChangeEvent'],
    ['eventType*=Create'],
    ['eventType=PartyRoleCreateEvent&event.partyRole.status=active'],
    ['event.partyRole.status.in=active,suspended'],
    ['event.partyRole.name=Seller%2C%20retail'],
    ['event.partyRole.name.regex=^Seller,'],
    ['event.partyRole.relatedParty.id=p2'],
    ['event.partyRole.relatedParty.id!=p3'],
    ['event.partyRole.score.gt=6'],
    ['event.partyRole.score%3E%3D7'],
    ['event.partyRole.validFor.startDateTime.lt=2024-01-01T02:00:00%2B01:00'],
    ['event.partyRole.nothing!=x'],
    ['eventTime.gte=2026-01-02'],
    ['eventTime=2026-01-02T04:04:05.678%2B01:00'],
    ['timeOcurred.lte=2026-01-03'],
    ['domain=partyRoleManagement'],
    ['eventId!=x'],
    ['imported!=true'],
    ['imported=false'],
    ['fields=name'],
  ])('%s', (query) => {
    expect(wants(query)).toBe(true);
  });
});

describe('an event does not match', () => {
  test.each([
    ['eventType=PartyRoleDeleteEvent'],
    ['eventType!=PartyRoleCreateEvent'],
    ['eventType=PartyRoleCreateEvent&event.partyRole.status=suspended'],
    ['event.partyRole.status=suspended&eventType=PartyRoleCreateEvent'],
    ['event.partyRole.relatedParty.id=p3'],
    ['event.partyRole.relatedParty.id!=p1'],
    ['event.partyRole.score.gt=7'],
    ['event.partyRole.validFor.startDateTime.lt=2024-01-01T01:00:00%2B01:00'],
    ['event.partyRole.nothing=x'],
    ['eventTime.lt=2026-01-02'],
    ['domain=party'],
    ['correlationId=c'],
    ['imported=true'],
  ])('%s', (query) => {
    expect(wants(query)).toBe(false);
  });
});

test('imported tells the events of mass imports from others', () => {
  const imported = happened('create', ROLE, { imported: true });
  expect(['imported=true', 'imported!=true', 'imported=false', 'imported!=false', ''].map((query) => wants(query, imported))).toEqual([true, false, false, true, true]);
});

test('the correlation and the changed paths are filtered by', () => {
  const changed = happened('attributeValueChange', ROLE, { correlationid: 'c', fieldPath: 'name,validFor.endDateTime' });
  expect(['correlationId=c', 'fieldPath=name%2CvalidFor.endDateTime', 'fieldPath*=(^|%2C)name(%2C|$)', 'fieldPath=name'].map((query) => wants(query, changed))).toEqual([true, true, true, false]);
});

test('events of another API never match', () => {
  expect(filter('', 'party').matches(created)).toBe(false);
  expect(filter('eventType!=IndividualDeleteEvent', 'party').matches(created)).toBe(false);
});

test('a wrapper is called as the API calls it', () => {
  const account = happened('create', { id: 'a', name: 'Main' }, { name: 'billingAccount' });
  expect(filter('payload.billingAccount.name=Main', 'accountManagement').matches(account)).toBe(true);
  expect(filter('payload.partyAccount.name=Main', 'accountManagement').matches(account)).toBe(false);
});

test.each([['eventType=PartyRoleCreateEvent'], ['eventType!=PartyRoleDeleteEvent&eventType*=^Party'], ['']])('%s is decided without the content', (query) => {
  const { place, at, recorded } = created;
  const unreadable = new LoggedEvent(place, at, { ...recorded, content: 'not JSON' });
  expect(filter(query).matches(unreadable)).toBe(true);
  expect(() => wants('domain=x', unreadable)).toThrow(SyntaxError);
});

describe('what is refused', () => {
  test.each([
    ['status=active', 'status', /events of this API have.*event\.partyRole\./],
    ['event.partyRol.status=active', 'event.partyRol.status', /event\.partyRole\./],
    ['event.individual.status=active', 'event.individual.status', /event\.partyRole\./],
    ['payload.partyRole.status=active', 'payload.partyRole.status', /event\.partyRole\./],
    ['id=1', 'id', /events of this API have/],
    ['event.partyRole=x', 'event.partyRole', /no single value/],
    ['event=x', 'event', /events of this API have/],
    ['toString=x', 'toString', /events of this API have/],
    ['eventType=PartyRoleCreatedEvent', 'eventType', /no event PartyRoleCreatedEvent; it has PartyRoleCreateEvent, /],
    ['eventType=PartyRoleCreateEvent,IndividualCreateEvent', 'eventType', /no event IndividualCreateEvent/],
    ['eventType!=IndividualCreateEvent', 'eventType', /no event IndividualCreateEvent/],
    ['eventType=', 'eventType', /no event/],
    ['eventType*=^Individual', 'eventType', /no event \^Individual/],
    ['eventType', 'eventType', /no value/],
    ['eventType.name=x', 'eventType.name', /unknown operator name/],
    ['event.partyRole.status.like=a', 'event.partyRole.status.like', /unknown operator like/],
    ['event.partyRole.name.regex=(a+)%2B', 'event.partyRole.name.regex', /nested repetitions/],
    ['event.partyRole.name.regex=(?=a)', 'event.partyRole.name.regex', /regular expression/],
    ['event.partyRole.$where=1', 'event.partyRole.$where', /\$/],
    ['event.partyRole.validFor.startDateTime.gt=yesterday', 'event.partyRole.validFor.startDateTime.gt', /not a date-time/],
    ['eventTime.gt=yesterday', 'eventTime.gt', /not a date-time/],
    ['imported=yes', 'imported', /true or false/],
    ['imported*=t', 'imported', /true or false/],
    ['imported.x=true', 'imported.x', /unknown operator x/],
    ['sort=-eventTime', 'sort', /not offered/],
    ['offset=1', 'offset', /not offered/],
    ['limit=1', 'limit', /not offered/],
    ['fields', 'fields', /no value/],
    ['fields=%zz', 'fields', /percent/],
  ])('%s', (query, parameter, problem) => {
    const refusal = refusalOf(() => filter(query));
    expect([refusal.status, refusal.faults[0]?.at]).toEqual([400, parameter]);
    expect(refusal.faults[0]?.problem).toMatch(problem);
  });

  it('is more than can be looked at for every event', () => {
    expect(refusalOf(() => filter('a'.repeat(8_001))).faults).toEqual([{ at: 'query', problem: 'has more than 8000 characters' }]);
    const conditions = Array.from({ length: 51 }, (_, i) => `event.partyRole.a${i}=1`);
    expect(refusalOf(() => filter(conditions.join('&'))).faults[0]).toMatchObject({ at: 'event.partyRole.a50' });
    expect(() => filter(conditions.slice(1).join('&'))).not.toThrow();
  });

  it('is a masked attribute, at any depth', () => {
    for (const path of ['cardNumber', 'relatedParty.token']) {
      const refusal = refusalOf(() => filter(`event.paymentMethod.${path}=1`, 'paymentMethod'));
      expect(refusal.faults).toEqual([{ at: `event.paymentMethod.${path}`, problem: expect.stringMatching(/is masked/) as string }]);
    }
    expect(() => filter('event.paymentMethod.name=x', 'paymentMethod')).not.toThrow();
    // What is masked elsewhere is an attribute like any other here.
    expect(() => filter('event.partyRole.token=x')).not.toThrow();
  });
});

function refusalOf(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('fields', () => {
  const slim = (query: string, event = created, api?: string): JsonObject => filter(query, api).slim(event.envelope);
  const kept = { eventId: created.id, eventTime: NOW, eventType: 'PartyRoleCreateEvent' };
  const keptOfRole = { id: 'r1', href: '/partyRole/r1', '@type': 'PartyRole' };

  test.each([[''], ['eventType=PartyRoleCreateEvent'], ['fields='], ['fields=,%20']])('%s leaves the envelope as it is', (query) => {
    expect(slim(query)).toBe(created.envelope);
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['fields=none', {}, {}],
    ['fields=eventType', {}, {}],
    ['fields=domain', { domain: 'partyRoleManagement' }, {}],
    ['fields=event.partyRole.name', {}, { name: 'Seller, retail' }],
    ['fields=name,status', {}, { name: 'Seller, retail', status: 'active' }],
    ['fields=name&fields=domain', { domain: 'partyRoleManagement' }, { name: 'Seller, retail' }],
    ['fields=%20name%20', {}, { name: 'Seller, retail' }],
    ['fields=relatedParty.id', {}, { relatedParty: [{ id: 'p1' }, { id: 'p2' }] }],
    ['fields=event.partyRole.relatedParty.role,nothing', {}, { relatedParty: [{ role: 'owner' }, { role: 'agent' }] }],
    ['fields=event.partyRole', {}, ROLE],
    ['fields=event', {}, ROLE],
  ])('%s', (query, envelope, role) => {
    expect(slim(query)).toEqual({ ...kept, ...envelope, event: { partyRole: { ...keptOfRole, ...role } } });
  });

  it('are of whichever resource of the API the event is about', () => {
    const account = happened('create', { id: 'a', name: 'Main', description: 'x' }, { name: 'billingAccount' });
    expect(slim('fields=name', account, 'accountManagement')['payload']).toEqual({ billingAccount: { id: 'a', name: 'Main' } });
  });

  it('do not change the event', () => {
    const before = structuredClone(created.envelope);
    slim('fields=none');
    expect(created.envelope).toEqual(before);
  });
});
