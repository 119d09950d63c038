import type { JsonObject } from '../../src/json.js';
import { BusCheck } from '../support/bus-check.js';
import { ExchangeCheck, type Exchange } from '../support/contract-check.js';
import { contractOf, documentsOf } from '../support/contracts.js';
import { DeliveryCheck } from '../support/delivery-check.js';
import { definitionOf } from '../support/resources.js';

const { openapi, asyncapi } = documentsOf(contractOf(['partyRole', 'organization'].map(definitionOf)));
const http = new ExchangeCheck(openapi);
const bus = new BusCheck(asyncapi);
const deliveries = new DeliveryCheck(openapi);

const PATH = '/tmf-api/partyRoleManagement/v4/partyRole';
const ROLE = { id: '1', href: `${PATH}/1`, '@type': 'PartyRole', name: 'Seller', validFor: { startDateTime: '2024-01-01T00:00:00.000Z' } };
const ERROR = { '@type': 'Error', code: '404', reason: 'r', message: 'm', status: '404', referenceError: 'https://www.rfc-editor.org/rfc/rfc9110#status.404' };

interface Changes extends Partial<Omit<Exchange, 'responseHeaders' | 'responseBody' | 'requestHeaders'>> {
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly asked?: Record<string, string>;
}

function exchange({ headers = {}, body, asked = {}, ...changes }: Changes): () => void {
  const responseHeaders = new Headers({ 'content-type': 'application/json; charset=utf-8', 'x-correlation-id': 'c', ...headers });
  const responseBody = body === undefined ? '' : JSON.stringify(body);
  return () => http.check({ method: 'GET', target: `${PATH}/1`, status: 200, requestBody: undefined, ...changes, requestHeaders: new Headers(asked), responseHeaders, responseBody });
}

const read = (changes: Changes): (() => void) => exchange({ body: ROLE, ...changes, headers: { etag: '"1"', ...changes.headers } });
const created = (changes: Changes): (() => void) =>
  exchange({ method: 'POST', target: PATH, status: 201, body: ROLE, requestBody: '{"name":"Seller"}', ...changes, headers: { etag: '"1"', location: ROLE.href }, asked: { 'content-type': 'application/json', ...changes.asked } });

describe('an exchange', () => {
  it('that fits is let through', () => {
    expect(read({})).not.toThrow();
    expect(read({ target: `${PATH}/1?fields=name`, body: { id: '1', href: 'h', name: 'Seller' } })).not.toThrow();
    expect(exchange({ status: 304, headers: { etag: '"1"' } })).not.toThrow();
    expect(exchange({ status: 404, body: ERROR })).not.toThrow();
    expect(exchange({ method: 'PUT', status: 405, body: ERROR })).not.toThrow();
    expect(exchange({ target: PATH, body: [ROLE], headers: { 'x-result-count': '1', 'x-total-count': '1' } })).not.toThrow();
    expect(created({})).not.toThrow();
    expect(created({ requestBody: '{"name":"S","validFor":{"startDateTime":"2024-01-01T00:00+0100"},"own":1}' })).not.toThrow();
  });

  it.each<[string, () => void, string | RegExp]>([
    ['of a path that is not there', read({ target: '/tmf-api/nothing' }), 'no such operation'],
    ['by a method that is not there', read({ method: 'PUT' }), 'no such operation'],
    ['with a status that is not there', read({ status: 202 }), 'no such status'],
    ['without a mandatory header', exchange({ body: ROLE }), 'header etag is missing'],
    ['with a header of another form', read({ headers: { etag: 'W/"1"' } }), 'pattern'],
    ['with a header that is not in it', read({ headers: { 'x-secret': '1' } }), 'no header x-secret'],
    ['without a mandatory attribute', read({ body: { ...ROLE, '@type': undefined } }), "must have required property '@type'"],
    ['with an attribute of another type', read({ body: { ...ROLE, name: 7 } }), '/name must be string'],
    ['with a date-time that is not UTC', read({ body: { ...ROLE, validFor: { startDateTime: '2024-01-01T00:00+0100' } } }), 'date-time'],
    ['with a choice that nobody asked for', read({ body: { id: '1', href: 'h' } }), 'required property'],
    ['with another media type', read({ headers: { 'content-type': 'text/plain' } }), 'no body of type text/plain'],
    ['with a body where there is none', exchange({ status: 304, body: {}, headers: { etag: '"1"' } }), 'no body'],
    ['with another error body', exchange({ status: 404, body: { ...ERROR, stack: 's' } }), 'additional properties'],
    ['that accepts a body that is not in it', created({ requestBody: '{"description":"no name"}' }), "must have required property 'name'"],
    ['that accepts another media type', created({ asked: { 'content-type': 'text/plain' } }), 'takes no body of type text/plain'],
    ['that accepts a header that is not in it', created({ asked: { 'x-unknown': '1' } }), 'no header x-unknown'],
    ['that accepts a parameter out of bounds', exchange({ target: `${PATH}?limit=5000`, body: [], headers: { 'x-result-count': '0' } }), 'must be <= 1000'],
  ])('%s does not fit', (_what, check, problem) => {
    expect(check).toThrow(problem);
  });
});

describe('on the bus', () => {
  const event = (data: JsonObject = {}, attributes: JsonObject = {}): JsonObject => ({
    specversion: '1.0',
    id: 'e',
    source: '/test',
    type: 'org.tmforum.partyRole.PartyRoleCreateEvent',
    subject: '1',
    time: '2024-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:tmforum:partyRoleManagement:v4:PartyRoleCreateEvent',
    sequence: '0000000000000001',
    partitionkey: '1',
    ...attributes,
    data: { eventId: 'e', eventTime: '2024-01-01T00:00:00.000Z', eventType: 'PartyRoleCreateEvent', timeOcurred: '2024-01-01T00:00:00.000Z', domain: 'd', event: { partyRole: ROLE }, ...data },
  });

  it('events fit or do not', () => {
    expect(() => bus.event(event())).not.toThrow();
    expect(() => bus.event(event({}, { imported: true, correlationid: 'c' }))).not.toThrow();
    for (const [data, attributes, problem] of [
      [{}, { type: 'org.tmforum.partyRole.Unknown' }, 'has no "org.tmforum.partyRole.Unknown"'],
      [{}, { sequence: '1' }, 'pattern'],
      [{}, { dataschema: 'urn:other' }, 'dataschema'],
      [{}, { surprise: 'x' }, 'additional properties'],
      [{ eventType: 'PartyRoleDeleteEvent' }, {}, 'eventType'],
      [{ fieldPath: 'name' }, {}, 'additional properties'],
      [{ event: { partyRole: { id: '1' } } }, {}, 'required property'],
      [{ event: {} }, {}, 'partyRole'],
    ] as const) {
      expect(() => bus.event(event(data, attributes))).toThrow(problem);
    }
  });

  it('commands fit or do not', () => {
    const command = { specversion: '1.0', id: 'c', source: '/test', type: 'org.tmforum.organization.patch', subject: '1', datacontenttype: 'application/merge-patch+json', data: { status: 'validated' } };
    expect(() => bus.command(command)).not.toThrow();
    expect(() => bus.command({ ...command, datacontenttype: 'application/json-patch+json', data: [{ op: 'remove', path: '/name' }] })).not.toThrow();
    expect(() => bus.command({ ...command, datacontenttype: 'application/json-patch+json' })).toThrow('must be array');
    expect(() => bus.command({ ...command, datacontenttype: undefined, data: { status: 'unknown' } })).toThrow('allowed values');
    expect(() => bus.command({ ...command, data: { name: 'N' }, subject: undefined })).toThrow('subject');
    expect(() => bus.command({ ...command, dataschema: 'https://x.example.com/party/v5/schemas/Organization_Update.json' })).toThrow('dataschema');
    expect(() => bus.binaryCommand('nats', command.type, 'application/merge-patch+json', { 'ce-specversion': '1.0', 'ce-id': 'c', 'ce-source': '/t', 'ce-type': command.type, 'ce-subject': '1' })).not.toThrow();
    expect(() => bus.binaryCommand('rabbitmq', command.type, 'application/json', { 'ce-specversion': '1.0' })).toThrow('cloudEvents_');
    expect(() => bus.binaryCommand('rabbitmq', command.type, 'text/plain', {})).toThrow('has no command');
  });

  it('replies fit or do not', () => {
    const type = 'org.tmforum.partyRole.create';
    expect(() => bus.reply(type, { status: 201, headers: { ETag: '"1"', Location: '/x' }, body: ROLE })).not.toThrow();
    expect(() => bus.reply(type, { status: 404, headers: {}, body: ERROR })).not.toThrow();
    expect(() => bus.reply(type, { status: 201, headers: { ETag: '"1"' }, body: ROLE })).toThrow('Location');
    expect(() => bus.reply(type, { status: 200, headers: {}, body: ROLE })).toThrow('status');
    expect(() => bus.reply('org.tmforum.partyRole.delete', { status: 204, headers: {} })).not.toThrow();
    expect(() => bus.reply('org.tmforum.unknown.delete', { status: 204, headers: {} })).toThrow('no reply');
  });
});

describe('a delivery', () => {
  const TIME = '2024-01-01T00:00:00.000Z';
  const envelope = { eventId: 'e', eventTime: TIME, eventType: 'PartyRoleCreateEvent', timeOcurred: TIME, domain: 'd', event: { partyRole: ROLE } };
  const sent = (changes: JsonObject, headers: Record<string, string | undefined> = {}, selected = false) => (): void =>
    deliveries.check({ headers: { 'content-type': 'application/json', 'webhook-id': 'e', 'webhook-timestamp': '1', ...headers }, body: JSON.stringify({ ...envelope, ...changes }) }, selected);

  it('that fits is let through', () => {
    expect(sent({})).not.toThrow();
    expect(sent({ eventType: 'PartyRoleCreationNotification' }, { 'ce-id': 'e' })).not.toThrow();
    expect(sent({ timeOcurred: undefined as never, event: { partyRole: { id: '1' } } }, {}, true)).not.toThrow();
  });

  it('that does not fit is said', () => {
    expect(sent({ eventType: 'PartyRoleRefundEvent' })).toThrow('the contract has none');
    expect(sent({}, { 'content-type': 'text/plain' })).toThrow('the contract has none');
    expect(sent({ event: { partyRole: { id: '1' } } })).toThrow('does not fit');
    expect(sent({ surplus: 1, eventType: 'PartyRoleCreationNotification' })).toThrow('does not fit');
    expect(sent({}, { 'webhook-id': undefined })).toThrow('the header webhook-id is missing');
    expect(sent({}, { 'ce-surplus': 'x' })).toThrow('the contract has no header ce-surplus');
  });
});
