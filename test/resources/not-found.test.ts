import { json } from '../e2e/api.js';
import { all } from '../support/resources.js';
import { startWhole, type WholeService } from '../support/whole-service.js';

let service: WholeService;
beforeAll(async () => {
  service = await startWhole(all);
});
afterAll(() => service.close());

async function toldOf(answer: Promise<Response>): Promise<unknown> {
  const response = await answer;
  const { reason, message } = await json(response);
  return [response.status, reason, message];
}

it.each(all)('a $name that is not there is told alike, whatever was asked of it', async (definition) => {
  const api = service.api(definition);
  const told = [404, `No ${definition.name} has this id`, 'id: nobody'];
  for (const answer of [api.get('/nobody'), api.patch('nobody', { name: 'N' }), api.delete('nobody')]) expect(await toldOf(answer)).toEqual(told);
});

it('so is one whose id cannot be, and a customer', async () => {
  const [partyRole] = all;
  if (!partyRole) throw new Error('there is no resource');
  expect(await toldOf(service.api(partyRole).patch('a%20b', {}))).toEqual([404, 'No partyRole has this id', 'id: a b']);
  expect(await toldOf(service.customers.get('/nobody'))).toEqual([404, 'No party or role of one has this id', 'id: nobody']);
});
