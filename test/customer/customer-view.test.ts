import type { JsonObject } from '../../src/json.js';
import { startWhole, type WholeService } from '../support/whole-service.js';
import { done, resourceNamed, resources, settle, viewOf, type Shown, type View } from './household.js';

function named(part: readonly Shown[]): string[] {
  return part.map(({ type, id }) => `${type} ${id}`);
}

describe.each(['lenient', 'off'] as const)('the view of a customer, references are checked: %s', (missing) => {
  let service: WholeService;
  let ann: View;

  const view = (id: string): Promise<View> => viewOf(service.customers, id);

  beforeAll(async () => {
    service = await startWhole(resources, missing);
    await settle(service.api);
    ann = await view('ann');
  });
  afterAll(() => service.close());

  test('has the profile with its type and state', () => {
    expect(ann).toMatchObject({ id: 'ann', href: '/tmf-api/customer360/v1/party/ann' });
    expect(ann).toMatchObject({ profile: { type: 'Individual', id: 'ann', state: 'validated', revision: 1, at: expect.any(String) as string } });
    expect(ann).toMatchObject({ profile: { resource: { id: 'ann', href: '/tmf-api/party/v4/individual/ann', familyName: 'Lee', '@type': 'Individual' } } });
    expect(ann).not.toHaveProperty('incomplete');
  });

  test('has the roles that the party is engaged in, and not those of others that name it', () => {
    expect(named(ann.roles)).toEqual(['PartyRole customer', 'PartyRole member']);
    expect(ann.roles).toMatchObject([{ state: 'active', resource: { name: 'Customer' } }, { resource: { name: 'Household member' } }]);
    expect(ann.roles[1]).not.toHaveProperty('state');
  });

  test('has what names the party or one of its roles, and what its roles name, each once', () => {
    expect(named(ann.accounts)).toEqual(['PartyAccount own', 'BillingAccount bill', 'SettlementAccount by-role']);
    expect(ann.accounts.map(({ state }) => state)).toEqual(['active', 'open', undefined]);
    expect(named(ann.agreements)).toEqual(['Agreement contract', 'Agreement framework']);
    expect(named(ann.paymentMethods)).toEqual(['PaymentMethod card', 'PaymentMethod debit']);
  });

  test('shows payment methods masked', () => {
    expect(ann.paymentMethods).toMatchObject([{ resource: { cardNumber: '************1234' } }, { resource: { accountNumber: '**************6789' } }]);
    expect(JSON.stringify(ann)).not.toMatch(/4000123412341234|NL02ABNA0123456789|cvv/);
  });

  test('merges contact media and characteristics, each with its origin, preferred media first', () => {
    expect(ann.contactMedium).toEqual([
      { mediumType: 'phone', preferred: true, characteristic: { phoneNumber: '123' }, origin: { type: 'PartyRole', id: 'customer' } },
      { mediumType: 'email', characteristic: { emailAddress: 'ann@example.com' }, origin: { type: 'Individual', id: 'ann' } },
    ]);
    expect(ann.characteristic).toEqual([
      { name: 'language', value: 'en', origin: { type: 'Individual', id: 'ann' } },
      { name: 'segment', value: 'gold', origin: { type: 'PartyRole', id: 'customer' } },
    ]);
  });

  test('has the interactions, the latest first', () => {
    expect(named(ann.interactions)).toEqual(['PartyInteraction move', 'PartyInteraction repair', 'PartyInteraction price']);
    expect(ann.interactions[0]).toMatchObject({ state: 'open', resource: { reason: 'About move' } });
  });

  test('is the same by the id of a role', async () => {
    for (const role of ['customer', 'member']) expect(await view(role)).toEqual(ann);
  });

  test('of a household has its own roles alone', async () => {
    expect(await view('lees')).toMatchObject({ profile: { type: 'Organization' }, roles: [], accounts: [] });
  });

  test('of a party that is elsewhere has the roles and no profile, by its id and by that of the role', async () => {
    const elsewhere = await view('far-away');
    expect(elsewhere).toMatchObject({ id: 'far-away', roles: [{ id: 'partner' }], accounts: [] });
    expect(elsewhere).not.toHaveProperty('profile');
    expect(await view('partner')).toEqual(elsewhere);
  });

  test('of a role whose party has no id has that role', async () => {
    const nobody = await view('nobody');
    expect(nobody).toMatchObject({ roles: [{ id: 'nobody' }], accounts: [], timeline: [{ kind: 'change', type: 'PartyRole', id: 'nobody' }] });
    expect(nobody).not.toHaveProperty('id');
  });

  test.each([['nobody', 'unknown'], ['an account', 'own'], ['no id at all', '%24where'], ['a long text', 'x'.repeat(2_000)]])('of %s is not found', async (_what, id) => {
    const response = await service.customers.get(`/${id}`);
    expect([response.status, ((await response.json()) as JsonObject)['@type']]).toEqual([404, 'Error']);
  });

  test('may be asked for as a type', async () => {
    expect(await done(service.customers.get('/customer?type=PartyRole'))).toEqual(ann);
    expect((await service.customers.get('/customer?type=Individual')).status).toBe(404);
  });

  test('may be asked for in part', async () => {
    expect(await done(service.customers.get('/ann?fields=profile.type,roles.id&limit=0'))).toEqual({
      id: 'ann',
      href: '/tmf-api/customer360/v1/party/ann',
      profile: { type: 'Individual' },
      roles: [{ id: 'customer' }, { id: 'member' }],
    });
    expect(await done(service.customers.get('/ann?limit=0'))).not.toHaveProperty('timeline');
  });

  test('cannot be written to', async () => {
    const response = await service.customers.patch('ann', {});
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test('does not have what was deleted', async () => {
    await done(service.api(resourceNamed('paymentMethod')).delete('card'));
    expect(named((await view('ann')).paymentMethods)).toEqual(['PaymentMethod debit']);
  });
});
