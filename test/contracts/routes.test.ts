import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonObject } from '../../src/json.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { contractOf, documentsOf } from '../support/contracts.js';
import { startService, type Service } from '../support/service.js';

const PUBLIC_URL = 'https://api.example.com/x';
const API = '/tmf-api/partyRoleManagement/v4';

let service: Service;
beforeAll(async () => {
  service = await startService({ BUS_URL: 'memory:', STORE_URL: 'memory:', PUBLIC_URL });
}, 60_000);
afterAll(() => service.stop());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(service.url + path, { headers, redirect: 'manual' });
const jsonAt = async (path: string): Promise<JsonObject> => (await (await get(path)).json()) as JsonObject;

it('serves both contracts of what it serves', async () => {
  const { openapi, asyncapi } = documentsOf(contractOf(undefined, { publicUrl: PUBLIC_URL }));
  expect(await jsonAt('/openapi.json')).toEqual(openapi);
  expect(await jsonAt('/asyncapi.json')).toEqual(asyncapi);
  const answer = await get('/openapi.json');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  expect((await get('/openapi.json', { accept: 'text/html' })).status).toBe(406);
  const refused = await fetch(`${service.url}/openapi.json`, { method: 'POST' });
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

it('says in each event where its schema can be read, and the event fits it', async () => {
  const created = await fetch(`${service.url}${API}/partyRole`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"Seller","status":"new"}' });
  expect(created.status).toBe(201);
  const events = async (): Promise<JsonObject[]> => (await (await get(`${API}/events`, { accept: 'application/cloudevents-batch+json' })).json()) as JsonObject[];
  await service.until('the event is published', async () => (await events()).length > 0);
  const [event] = await events();
  const { dataschema, data } = event as { dataschema: string; data: JsonObject };
  expect(dataschema).toBe(`${PUBLIC_URL}${API}/schemas/PartyRoleCreateEvent.json`);

  const answer = await get(dataschema.slice(PUBLIC_URL.length));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/schema+json; charset=utf-8']);
  const schema = (await answer.json()) as JsonObject;
  expect(schema['$id']).toBe(dataschema);
  const validate = new Ajv2020({ strictTypes: false, formats: { 'date-time': true } }).compile(schema);
  expect(validate(data)).toBe(true);
  expect(validate({ ...data, eventType: 'PartyRoleDeleteEvent' })).toBe(false);
  expect((await get(`${API}/schemas/Nothing.json`)).status).toBe(404);
});

it('answers readers of events as its contract says', async () => {
  const batch = { accept: 'application/cloudevents-batch+json' };
  for (const [query, headers, type] of [['', {}, 'application/json'], ['?fields=name&limit=1', {}, 'application/json'], ['', batch, batch.accept], ['?fields=name&eventType=PartyRoleCreateEvent', batch, batch.accept], ['?limit=0', {}, 'application/json']] as const) {
    const answer = await checkedFetch(service.url, `${API}/events${query}`, { method: 'GET', headers });
    expect([query, answer.headers.get('content-type')?.split(';')[0]]).toEqual([query, type]);
  }
  const stream = await checkedFetch(service.url, `${API}/events`, { method: 'GET', headers: { accept: 'text/event-stream' } });
  expect(stream.headers.get('x-accel-buffering')).toBe('no');
  await stream.body?.cancel();
  const ready = await checkedFetch(service.url, '/health/ready', { method: 'GET' });
  expect([ready.status, await ready.json()]).toEqual([200, expect.objectContaining({ worker: { up: true }, hub: { up: true } })]);
  expect((await checkedFetch(service.url, '/health/live', { method: 'GET' })).status).toBe(200);
});

it('has its own documents in the contract, and a path that cannot be decoded', async () => {
  for (const path of ['/openapi.json', '/asyncapi.json', `${API}/schemas/PartyRole_Create.json`]) expect([path, (await checkedFetch(service.url, path, { method: 'GET' })).status]).toEqual([path, 200]);
  for (const method of ['GET', 'DELETE']) expect((await checkedFetch(service.url, `${API}/hub/%zz`, { method })).status).toBe(400);
});

it('shows a page to try it, of which nothing comes from elsewhere', async () => {
  const page = await get('/docs');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("connect-src 'self' https://api.example.com;");
  const html = await page.text();
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
  expect(addresses).toHaveLength(4);
  for (const address of addresses) {
    const asset = await get(new URL(address, 'http://x/docs').pathname);
    expect([address, asset.status]).toEqual([address, 200]);
  }
  expect(html).not.toMatch(/<script>|onload=|https?:/);
  const slash = await get('/docs/');
  expect([slash.status, slash.headers.get('location')]).toEqual([308, '../docs']);
  expect((await get('/docs/../package.json')).status).toBe(404);
});
