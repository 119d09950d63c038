import { randomUUID } from 'node:crypto';
import { defineResource } from '../../src/handlers/define.js';
import type { JsonObject } from '../../src/json.js';
import { json, list, type Api } from '../e2e/api.js';
import { startWhole, type WholeService } from '../support/whole-service.js';

const attributes = {
  name: { type: 'string' },
  status: { type: 'string' },
  launched: { type: 'string', format: 'date-time' },
  crew: { type: 'array', items: { $ref: '#/definitions/CrewRef' } },
};

/** A resource that TM Forum does not have: this is all that adding it takes. */
const starship = defineResource({
  typeName: 'Starship',
  api: 'fleetManagement',
  lifeCycle: { docked: ['flying'], flying: ['docked'] },
  specification: {
    definitions: {
      Starship: { type: 'object', properties: { id: { type: 'string' }, href: { type: 'string' }, yard: { type: 'string' }, ...attributes } },
      Starship_Create: { type: 'object', required: ['name'], properties: { yard: { type: 'string' }, ...attributes } },
      Starship_Update: { type: 'object', properties: attributes },
      CrewRef: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, name: { type: 'string' }, '@referredType': { type: 'string' } } },
    },
  },
});

let service: WholeService;
let api: Api;
beforeAll(async () => {
  service = await startWhole([starship]);
  api = service.api(starship);
});
afterAll(() => service.close());

function command(action: string, subject: string, data: JsonObject) {
  const attributes = { specversion: '1.0', id: randomUUID(), source: '/crm', type: `org.tmforum.starship.${action}`, subject };
  return { resource: 'starship', key: subject, attributes, contentType: 'application/json', body: Buffer.from(JSON.stringify(data)) };
}

interface Event {
  readonly type: string;
  readonly data: JsonObject;
}

it('is served over REST', async () => {
  const created = await api.post({ name: 'Nostromo', yard: 'Thedus', launched: '2122-06-03T02:00+02:00', crew: [{ id: 'ripley' }] });
  const ship = await json(created);
  const id = ship['id'] as string;
  const href = `/tmf-api/fleetManagement/v4/starship/${id}`;
  expect([created.status, created.headers.get('location'), created.headers.get('etag')]).toEqual([201, href, '"1"']);
  expect(ship).toEqual({ id, href, '@type': 'Starship', name: 'Nostromo', yard: 'Thedus', launched: '2122-06-03T00:00:00.000Z', crew: [{ id: 'ripley' }] });
  await api.post({ name: 'Sulaco' });
  expect(await list(await api.get('?crew.id=ripley'))).toEqual([ship]);
  expect((await list(await api.get('?sort=-name'))).map(({ name }) => name)).toEqual(['Sulaco', 'Nostromo']);
  expect((await json(await api.post({ yard: 'Thedus' })))['message']).toBe('/name: is mandatory');
  expect((await json(await api.patch(id, { yard: 'Luna' })))['message']).toBe('/yard: cannot be changed');
  expect((await api.patch(id, { status: 'flying' })).status).toBe(200);
  expect((await api.patch(id, { status: 'sunk' })).status).toBe(400);
  expect((await api.delete(id)).status).toBe(204);
  expect((await api.get(`/${id}`)).status).toBe(404);
});

it('is commanded over the bus, and announced', async () => {
  const statuses: number[] = [];
  for (const asked of [
    command('create', 'rocinante', { name: 'Tachi', status: 'docked' }),
    command('patch', 'rocinante', { name: 'Rocinante', status: 'flying' }),
    command('patch', 'rocinante', { status: 'flying' }),
    command('delete', 'rocinante', {}),
  ]) {
    statuses.push((await service.bus.request(asked, 5_000)).status);
  }
  expect(statuses).toEqual([201, 200, 200, 204]);
  const events = (await service.eventsOf(starship, 'rocinante')).map((content) => JSON.parse(content) as Event);
  const last = { id: 'rocinante', href: '/tmf-api/fleetManagement/v4/starship/rocinante', name: 'Rocinante', status: 'flying', '@type': 'Starship' };
  expect(events.map(({ type, data }) => [type.replace('org.tmforum.starship.', ''), data['domain'], data['event']])).toEqual([
    ['StarshipCreateEvent', 'fleetManagement', { starship: { ...last, name: 'Tachi', status: 'docked' } }],
    ['StarshipStateChangeEvent', 'fleetManagement', { starship: last }],
    ['StarshipAttributeValueChangeEvent', 'fleetManagement', { starship: last }],
    ['StarshipDeleteEvent', 'fleetManagement', { starship: last }],
  ]);
});
