import os from 'node:os';
import { MongoClient, type Document } from 'mongodb';
import { isObject, type Json } from '../../src/json.js';
import { Api } from '../e2e/api.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { startService, type Service } from '../support/service.js';
import { apiPath, startWhole, VIEW_PATH } from '../support/whole-service.js';
import { resources, settle, viewOf, type ApiOf, type Entry } from './household.js';

/** What no two runs have the same. */
const OWN_TO_A_RUN = new Set(['at', 'correlationid', 'source', 'lastModified', 'creationDate', 'statusChangeDate', 'statusDate']);

function comparable(value: Json): Json {
  if (Array.isArray(value)) return value.map(comparable);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !OWN_TO_A_RUN.has(name)).map(([name, child]) => [name, comparable(child)]));
}

whenServers('the view of a customer on MongoDB', ['mongo'], () => {
  let service: Service;
  let client: MongoClient;
  const database = `customer-${process.pid}`;
  const api: ApiOf = (definition) => new Api(service.url, apiPath(definition));

  beforeAll(async () => {
    const url = new URL(sharedUrl('mongo'));
    url.pathname = `/${database}`;
    client = new MongoClient(url.href, { runtimeAdapters: { os } });
    service = await startService({ BUS_URL: 'memory:', STORE_URL: url.href, ROLES: 'http,worker' });
    await service.until('indexes are built', () => service.log.some((line) => line['msg'] === 'indexes for lists are built'));
    await settle(api);
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await client.db(database).dropDatabase();
    await client.close();
  });

  it('is the same as on the embedded store, whoever is asked for', async () => {
    const embedded = await startWhole(resources);
    try {
      await settle(embedded.api);
      for (const id of ['ann', 'member', 'bob', 'lees', 'far-away', 'nobody']) {
        const [here, there] = await Promise.all([viewOf(new Api(service.url, VIEW_PATH), id), viewOf(embedded.customers, id)]);
        expect(comparable(here as unknown as Json)).toEqual(comparable(there as unknown as Json));
        expect(here.timeline.length).toBeGreaterThan(0);
      }
    } finally {
      await embedded.close();
    }
  });

  it('enters through indexes and looks at little more than it shows, page by page', async () => {
    const db = client.db(database);
    const customers = new Api(service.url, VIEW_PATH);
    const whole = await viewOf(customers, 'ann?limit=100');
    await db.command({ profile: 2 });
    const seen: Entry[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const response = await customers.get(`/ann?limit=4&cursor=${cursor}`);
      seen.push(...((await response.json()) as { timeline: Entry[] }).timeline);
      cursor = response.headers.get('x-next-cursor');
    }
    await db.command({ profile: 0 });
    expect(seen).toEqual(whole.timeline);
    const operations = await db.collection('system.profile').find({ planSummary: { $exists: true } }).toArray();
    const isCostly = ({ planSummary, docsExamined, nreturned }: Document): boolean => /COLLSCAN/.test(String(planSummary)) || Number(docsExamined) > 2 * Number(nreturned) + 1;
    expect(operations.filter(isCostly).map(({ command }) => JSON.stringify(command).slice(0, 300))).toEqual([]);
    expect(new Set(operations.map(({ ns }) => String(ns).slice(database.length + 1)))).toEqual(new Set(resources.filter(({ viewPart }) => viewPart !== undefined).map(({ name }) => name).concat('commits')));
  });
});
