import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { json, list, type Api } from '../e2e/api.js';
import { paymentMethods } from '../support/samples.js';
import { specificationOf } from '../support/specifications.js';
import type { WholeService } from '../support/whole-service.js';
import { announcementOf } from './announcement.js';

/** What a payment method is beside a resource: one of several types, with secrets. */
export function paymentMethodsSuite(definition: ResourceDefinition, service: () => WholeService): void {
  const { types, mandatoryOf } = specificationOf(definition.typeName);
  let api: Api;
  beforeEach(() => {
    api = service().api(definition);
  });

  it('has a sample of every type in its specification', () => {
    expect(Object.keys(paymentMethods).sort()).toEqual([...types].sort());
  });

  describe.each(Object.entries(paymentMethods))('of the type %s', (type, own) => {
    const body = { '@type': type, name: 'Mine', ...own };
    const schema = type.charAt(0).toUpperCase() + type.slice(1);

    it.each([type, schema])('written as %s, is created, shown and announced as such', async (written) => {
      const response = await api.post({ ...body, '@type': written });
      expect(response.status).toBe(201);
      const { id } = (await json(response)) as { id: string };
      expect(await json(await api.get(`/${id}`))).toMatchObject({ ...body, '@type': written, status: 'active' });
      for (const filter of [type, schema]) expect([filter, (await list(await api.get(`?id=${id}&@type=${filter}`))).length, (await list(await api.get(`?id=${id}&@type.ne=${filter}`))).length]).toEqual([filter, 1, 0]);
      const [event] = await service().eventsOf(definition, id);
      expect(announcementOf(definition, event ?? '').resource['@type']).toBe(written);
    });

    it('needs what its schema needs', async () => {
      expect(Object.keys(own).sort()).toEqual([...(mandatoryOf(schema) ?? [])].sort());
      const response = await api.post({ '@type': type, name: 'Mine' });
      const messages = Object.keys(own).map((missing) => `/${missing}: is mandatory`);
      if (messages.length === 0) expect(response.status).toBe(201);
      else expect([response.status, String((await json(response))['message']).split('; ').sort()]).toEqual([400, messages.sort()]);
    });
  });

  it('forgets the card verification value, and shows the card number to a GET by id alone', async () => {
    const card = { '@type': 'bankCard', name: 'Card', ...paymentMethods['bankCard'] };
    const shown = { ...card, cardNumber: '************1234' };
    const made = await json(await api.post({ ...card, cvv: '123' }));
    const id = made['id'] as string;
    const patched = await json(await api.patch(id, { name: 'My card', cardNumber: made['cardNumber'] }));
    expect([made, patched]).toEqual([expect.objectContaining(shown), expect.objectContaining({ ...shown, name: 'My card' })]);
    expect(await list(await api.get(`?id=${id}`))).toEqual([expect.objectContaining({ cardNumber: shown.cardNumber })]);
    expect(await json(await api.get(`/${id}`))).toMatchObject({ ...card, name: 'My card' });
    const events = await service().eventsOf(definition, id);
    expect(events.map((content) => announcementOf(definition, content).resource['cardNumber'])).toEqual([shown.cardNumber, shown.cardNumber]);
    const paths = ['/cvv', "$['cvv']", '$["cvv"]', 'cvv', '/cvv?x=1'];
    const written = paths.map((path) => api.patch(id, [{ op: 'add', path: '/name', value: 'My card' }, { op: 'add', path, value: '123' }], { 'content-type': 'application/json-patch-query+json' }));
    expect((await Promise.all(written)).map(({ status }) => status)).toEqual(paths.map(() => 200));
    for (const answer of [made, patched, await json(await api.get(`/${id}`))]) expect(answer).not.toHaveProperty('cvv');
    expect((await api.get('?cardNumber=4000123412341234')).status).toBe(400);
  });
}
