import { randomUUID } from 'node:crypto';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import type { JsonObject } from '../../src/json.js';
import { json, type Api } from '../e2e/api.js';
import { sampleOf } from '../support/samples.js';
import { specificationOf } from '../support/specifications.js';
import { apiPath, type WholeService } from '../support/whole-service.js';

const OTHER_ID = '00000000-0000-4000-8000-000000000000';

/** What every resource does with POST, PATCH and DELETE. */
export function writesSuite(definition: ResourceDefinition, service: () => WholeService): void {
  const { name, typeName } = definition;
  const { create, ordinary, state, dates } = sampleOf(name);
  const { mandatory, fixed } = specificationOf(typeName);
  const [attribute, value] = ordinary;
  let api: Api;
  beforeEach(() => {
    api = service().api(definition);
  });

  async function created(): Promise<string> {
    return (await json(await api.post(create)))['id'] as string;
  }

  async function patched(id: string, type: string, patch: unknown): Promise<Record<string, unknown>> {
    const response = await api.patch(id, patch, { 'content-type': type });
    expect(response.status).toBe(200);
    return { ...(await json(response)), etag: response.headers.get('etag') };
  }

  it('POST makes a resource, and of the same body another one', async () => {
    const responses = [await api.post(create), await api.post(create)];
    const bodies = await Promise.all(responses.map(json));
    for (const [index, response] of responses.entries()) {
      const { id } = bodies[index] as { id: string };
      const href = `${apiPath(definition)}/${id}`;
      expect([response.status, response.headers.get('location'), response.headers.get('etag')]).toEqual([201, href, '"1"']);
      expect(bodies[index]).toMatchObject({ '@type': typeName, ...create, id, href });
      expect(Object.keys(bodies[index] ?? {})).toEqual(expect.arrayContaining(Object.keys(dates)));
    }
    expect(bodies[0]?.['id']).not.toBe(bodies[1]?.['id']);
  });

  it('POST names every mandatory attribute that is missing', async () => {
    const filledIn = Object.keys(definition.stamps.onCreate('2024-01-01T00:00:00.000Z'));
    expect(Object.keys(create).sort()).toEqual(mandatory.filter((needed) => !filledIn.includes(needed)).sort());
    for (const missing of Object.keys(create)) {
      const body = Object.fromEntries(Object.entries(create).filter(([needed]) => needed !== missing));
      const response = await api.post(body);
      expect([missing, response.status, (await json(response))['message']]).toEqual([missing, 400, `/${missing}: is mandatory`]);
    }
    const { message } = await json(await api.post({}));
    expect(String(message).split('; ').sort()).toEqual(Object.keys(create).map((missing) => `/${missing}: is mandatory`).sort());
  });

  it('PATCH takes a merge patch, a JSON Patch and a JSON Patch Query', async () => {
    const id = await created();
    const marks = [{ key: 'a', text: 'one' }, { key: 'b', text: 'two' }];
    expect(await patched(id, 'application/merge-patch+json', { [attribute]: value })).toMatchObject({ [attribute]: value, etag: '"2"' });
    const jsonPatch = [{ op: 'test', path: `/${attribute}`, value }, { op: 'replace', path: `/${attribute}`, value: 'x' }, { op: 'add', path: '/marks', value: marks }];
    expect(await patched(id, 'application/json-patch+json', jsonPatch)).toMatchObject({ [attribute]: 'x', marks, etag: '"3"' });
    const query = [{ op: 'replace', path: '/marks/text?key=b', value: 'three' }, { op: 'add', path: "$.marks[?(@.key=='a')].more", value: true }];
    const last = await patched(id, 'application/json-patch-query+json', query);
    expect(last).toMatchObject({ ...create, [attribute]: 'x', '@type': create['@type'] ?? typeName, marks: [{ key: 'a', text: 'one', more: true }, { key: 'b', text: 'three' }], etag: '"4"' });
    const read = await api.get(`/${id}`);
    expect({ ...(await json(read)), etag: read.headers.get('etag') }).toEqual(last);
  });

  it('PATCH refuses what the specification lets nobody change, and what is mandatory to be removed', async () => {
    const id = await created();
    const removals = Object.keys(create).filter((needed) => !fixed.includes(needed)).map((needed): [string, JsonObject] => [needed, { [needed]: null }]);
    for (const [at, patch] of [...fixed.map((other): [string, JsonObject] => [other, { [other]: 'changed' }]), ...removals]) {
      const response = await api.patch(id, patch);
      expect([at, response.status, (await json(response))['message']]).toEqual([at, 400, `/${at}: ${patch[at] === null ? 'is mandatory' : 'cannot be changed'}`]);
    }
    expect(fixed).toEqual(expect.arrayContaining(name === 'paymentMethod' ? ['@type'] : ['id', 'href']));
    expect((await api.get(`/${id}`)).headers.get('etag')).toBe('"1"');
  });

  if (state) {
    it(state.lifeCycle === 'enforced' ? 'PATCH holds to the life cycle' : 'PATCH takes any text as the state', async () => {
      const { attribute, next: [first, second], lifeCycle } = state;
      const id = await created();
      const statuses: number[] = [];
      for (const value of [first, second, first, 'whatever']) statuses.push((await api.patch(id, { [attribute]: value })).status);
      expect(statuses).toEqual(lifeCycle === 'enforced' ? [200, 200, 409, 400] : [200, 200, 200, 200]);
    });
  }

  it('holds to If-Match', async () => {
    const id = await created();
    const [stale, current] = [{ 'if-match': '"9"' }, { 'if-match': '"1"' }];
    expect((await api.patch(id, { [attribute]: value }, stale)).status).toBe(412);
    expect((await api.delete(id, stale)).status).toBe(412);
    expect((await api.patch(id, { [attribute]: value }, current)).status).toBe(200);
    expect((await api.delete(id, current)).status).toBe(412);
  });

  it('answers an Idempotency-Key that comes again from the first time', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const [first, again] = [await api.post(create, key), await api.post(create, key)];
    const answer = async (response: Response): Promise<unknown> => [response.status, await json(response), ...['etag', 'location'].map((header) => response.headers.get(header))];
    expect(await answer(again)).toEqual(await answer(first));
    expect([first, again].map((response) => response.headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect((await api.post({ ...create, more: 1 }, key)).status).toBe(422);
  });

  it('DELETE is 204, and from then on 404', async () => {
    const id = await created();
    const removed = await api.delete(id);
    expect([removed.status, await removed.text()]).toEqual([204, '']);
    expect((await api.get(`/${id}`)).status).toBe(404);
    expect((await api.delete(id)).status).toBe(404);
    expect((await api.patch(OTHER_ID, {})).status).toBe(404);
  });
}
