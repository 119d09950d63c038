import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { json, list, type Api } from '../e2e/api.js';
import { sampleOf } from '../support/samples.js';
import { apiPath, type WholeService } from '../support/whole-service.js';

/** What every resource answers to GET: one, lists, choices of attributes, orders, pages and filters. */
export function readsSuite(definition: ResourceDefinition, service: () => WholeService): void {
  const { name, typeName } = definition;
  const { create, named, ordinary, state, reference } = sampleOf(name);
  const [attribute, value] = ordinary;
  let api: Api;
  beforeEach(() => {
    api = service().api(definition);
  });

  /** Three with these names, in another order than theirs, and the filter that selects them. */
  async function three(): Promise<{ readonly filter: string; readonly bodies: readonly Record<string, unknown>[] }> {
    const bodies: Record<string, unknown>[] = [];
    for (const text of ['Beta', 'Gamma', 'Alpha']) bodies.push(await json(await api.post({ ...create, [named]: text })));
    return { bodies, filter: `id=${bodies.map(({ id }) => String(id)).join(',')}` };
  }

  const names = async (response: Response): Promise<unknown[]> => (await list(response)).map((resource) => resource[named]);

  it('GET answers one, and a list of them, as the POST did', async () => {
    const { bodies, filter } = await three();
    const answered = await api.get(`?${filter}`);
    expect([answered.status, answered.headers.get('x-total-count'), answered.headers.get('x-result-count')]).toEqual([200, '3', '3']);
    const listed = await list(answered);
    for (const body of bodies) {
      const one = await api.get(`/${String(body['id'])}`);
      expect([one.status, one.headers.get('etag'), await json(one)]).toEqual([200, '"1"', body]);
      expect(listed).toContainEqual(body);
      expect(body['@type']).toBe(create['@type'] ?? typeName);
    }
    expect((await list(await api.get())).length).toBeGreaterThanOrEqual(3);
  });

  it('GET chooses attributes', async () => {
    const { bodies: [body] } = await three();
    const id = String(body?.['id']);
    const chosen = { id, href: `${apiPath(definition)}/${id}`, [named]: 'Beta' };
    expect(await json(await api.get(`/${id}?fields=${named}`))).toEqual(chosen);
    expect(await list(await api.get(`?id=${id}&fields=${named}`))).toEqual([chosen]);
    expect(await list(await api.get(`?id=${id}&fields=none`))).toEqual([{ id, href: chosen.href }]);
  });

  it('GET sorts and pages, by offset and by cursor', async () => {
    const { filter } = await three();
    expect(await names(await api.get(`?${filter}&sort=${named}`))).toEqual(['Alpha', 'Beta', 'Gamma']);
    expect(await names(await api.get(`?${filter}&sort=-${named}`))).toEqual(['Gamma', 'Beta', 'Alpha']);
    const middle = await api.get(`?${filter}&sort=${named}&offset=1&limit=1`);
    expect([await names(middle), middle.headers.get('x-total-count'), middle.headers.get('x-result-count')]).toEqual([['Beta'], '3', '1']);
    const first = await api.get(`?${filter}&sort=${named}&limit=2&cursor=`);
    expect(await names(first)).toEqual(['Alpha', 'Beta']);
    const last = await api.get(`?${filter}&sort=${named}&limit=2&cursor=${first.headers.get('x-next-cursor') ?? ''}`);
    expect([await names(last), last.headers.get('x-next-cursor')]).toEqual([['Gamma'], null]);
  });

  it('GET filters by a name, by an ordinary attribute and by id', async () => {
    const { bodies: [beta, gamma], filter } = await three();
    expect(await names(await api.get(`?${filter}&${named}=Beta`))).toEqual(['Beta']);
    expect((await names(await api.get(`?${filter}&${named}=Alpha,Gamma`))).sort()).toEqual(['Alpha', 'Gamma']);
    expect(await names(await api.get(`?${filter}&${named}.regex=^G`))).toEqual(['Gamma']);
    expect(await names(await api.get(`?id=${String(gamma?.['id'])}`))).toEqual(['Gamma']);
    await api.patch(String(beta?.['id']), { [attribute]: value });
    const found = await list(await api.get(`?${filter}&${attribute}=${encodeURIComponent(value)}`));
    expect(found.map(({ id }) => id)).toEqual([beta?.['id']]);
  });

  if (state) {
    it('GET filters by the state', async () => {
      const { bodies: [beta], filter } = await three();
      const [next] = state.next;
      expect(await names(await api.get(`?${filter}&${state.attribute}=${next}`))).toEqual([]);
      await api.patch(String(beta?.['id']), { [state.attribute]: next });
      expect(await names(await api.get(`?${filter}&${state.attribute}=${next}`))).toEqual(['Beta']);
      expect((await names(await api.get(`?${filter}&${state.attribute}.ne=${next}`))).sort()).toEqual(['Alpha', 'Gamma']);
    });
  }

  if (reference) {
    it(`GET filters by ${reference.path}`, async () => {
      const wanted = `wanted-${name}`;
      await three();
      const [one, other] = [await api.post({ ...create, ...reference.to(wanted) }), await api.post({ ...create, ...reference.to('another') })];
      expect([one.status, other.status]).toEqual([201, 201]);
      expect(await list(await api.get(`?${reference.path}=${wanted}`))).toEqual([await json(one)]);
    });
  }
}
