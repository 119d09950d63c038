import { HTTP, type CloudEvent } from 'cloudevents';
import { outgoingOf } from '../../src/hub/dialect.js';
import { LoggedEvent } from '../../src/hub/logged-event.js';
import { odaName } from '../../src/hub/oda-names.js';
import type { JsonObject } from '../../src/json.js';
import type { Dialect } from '../../src/store/hub-store.js';

const ENVELOPE = {
  eventId: 'e-1',
  eventTime: '2026-03-04T05:06:07.890Z',
  eventType: 'PartyRoleCreateEvent',
  timeOcurred: '2026-03-04T05:06:07.800Z',
  domain: 'partyRoleManagement',
  correlationId: 'Bücher 100%',
  event: { partyRole: { id: '42', name: 'Ann Ünlü 🙂', big: 12345678901234, deep: [{ a: null }] } },
};
const ATTRIBUTES = {
  specversion: '1.0',
  id: 'e-1',
  source: '/partyRoleManagement',
  type: 'org.tmforum.partyRole.PartyRoleCreateEvent',
  subject: '42:~@.a-b_c',
  time: '2026-03-04T05:06:07.890Z',
  datacontenttype: 'application/json',
  dataschema: 'urn:tmforum:partyRoleManagement:v4:PartyRoleCreateEvent',
  sequence: '0000000000000001',
  partitionkey: '42',
  correlationid: 'Bücher 100% "x" 🙂\n',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'one=1, two=2',
  imported: true,
};

function event(attributes: JsonObject = ATTRIBUTES): LoggedEvent {
  const recorded = { topic: 'events' as const, key: `partyRole.${ENVELOPE.eventType}`, order: 'partyRole/42', id: 'e-1', content: JSON.stringify({ ...attributes, data: ENVELOPE }) };
  return new LoggedEvent({ position: 1, number: 0 }, new Date(), recorded);
}

const whole = (dialect: Dialect, logged = event()): ReturnType<typeof outgoingOf> => outgoingOf(logged, dialect, logged.envelope);
const slim = { eventId: 'e-1', eventType: 'PartyRoleCreateEvent', event: { partyRole: { id: '42' } } };

it('tmf: the envelope', () => {
  expect(whole('tmf')).toEqual({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(ENVELOPE) });
  expect(outgoingOf(event(), 'tmf', slim)).toEqual({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(slim) });
});

it('cloudevents-structured: the whole event, as it was published', () => {
  const logged = event();
  expect(whole('cloudevents-structured', logged)).toEqual({ headers: { 'content-type': 'application/cloudevents+json' }, body: logged.recorded.content });
  const less = outgoingOf(logged, 'cloudevents-structured', slim);
  expect(JSON.parse(less.body)).toEqual({ ...ATTRIBUTES, data: slim });
  expect(HTTP.toEvent(less)).toMatchObject({ ...ATTRIBUTES, data: slim });
});

it('cloudevents-binary: every attribute is a header, the envelope is the body', () => {
  const logged = event();
  for (const [envelope, data] of [[logged.envelope, ENVELOPE], [slim, slim]] as const) {
    const { headers, body } = outgoingOf(logged, 'cloudevents-binary', envelope);
    const { datacontenttype, ...others } = ATTRIBUTES;
    expect(headers['content-type']).toBe(datacontenttype);
    expect(Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-type').map(([name, value]) => [name, decodeURIComponent(value)]))).toEqual(
      Object.fromEntries(Object.entries(others).map(([name, value]) => [`ce-${name}`, String(value)])),
    );
    expect(JSON.parse(body)).toEqual(data);
    // What is sent as a header is printable ASCII, without the characters that the binding reserves.
    for (const [name, value] of Object.entries(headers)) expect([name, value]).toEqual([name, expect.stringMatching(name === 'content-type' ? /^[ -~]+$/ : /^[!#-~]+$/)]);
    const read = HTTP.toEvent({ headers, body }) as CloudEvent;
    expect(read).toMatchObject({ id: 'e-1', type: ATTRIBUTES.type, time: ATTRIBUTES.time, sequence: ATTRIBUTES.sequence, partitionkey: '42', dataschema: ATTRIBUTES.dataschema, data });
  }
});

it('cloudevents-binary: takes what can be in no header, half of a surrogate pair', () => {
  const { headers } = whole('cloudevents-binary', event({ ...ATTRIBUTES, correlationid: 'a\ud800b\0' }));
  expect(headers['ce-correlationid']).toBe('a%EF%BF%BDb%00');
});

it('oda: the envelope with the older name', () => {
  const { headers, body } = whole('oda');
  expect(headers).toEqual({ 'content-type': 'application/json' });
  expect(JSON.parse(body)).toEqual({ ...ENVELOPE, eventType: 'PartyRoleCreationNotification' });
  expect(JSON.parse(outgoingOf(event(), 'oda', slim).body)).toEqual({ ...slim, eventType: 'PartyRoleCreationNotification' });
});

it.each([
  ['PartyRoleCreateEvent', 'PartyRoleCreationNotification'],
  ['PartyRoleDeleteEvent', 'PartyRoleRemoveNotification'],
  ['PartyRoleAttributeValueChangeEvent', 'PartyRoleAttributeValueChangeNotification'],
  ['PartyRoleStateChangeEvent', 'PartyRoleStateChangeNotification'],
  ['PaymentMethodStatusChangeEvent', 'PaymentMethodStateChangeNotification'],
  ['SomethingElse', 'SomethingElse'],
])('oda calls %s %s', (eventType, name) => {
  expect(odaName(eventType)).toBe(name);
});

it('makes the text of a whole event once for each dialect', () => {
  const logged = event();
  const dialects: Dialect[] = ['tmf', 'oda', 'cloudevents-structured', 'cloudevents-binary'];
  const first = dialects.map((dialect) => whole(dialect, logged));
  expect(new Set(first.map(({ body }) => body)).size).toBe(3);
  dialects.forEach((dialect, index) => expect(whole(dialect, logged)).toBe(first[index]));
  expect(whole('tmf', event())).not.toBe(first[0]);
  expect(outgoingOf(logged, 'tmf', slim)).not.toBe(first[0]);
});
