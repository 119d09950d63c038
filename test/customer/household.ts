import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { definitions } from '../../src/handlers/index.js';
import type { JsonObject } from '../../src/json.js';
import type { Api } from '../e2e/api.js';

export const resources: readonly ResourceDefinition[] = definitions({ roleTypeDefault: true, lifeCycles: new Map() });

export type ApiOf = (definition: ResourceDefinition) => Api;

/** A definition by its name. */
export function resourceNamed(name: string): ResourceDefinition {
  const found = resources.find((resource) => resource.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

/** A resource in a view. */
export interface Shown {
  readonly type: string;
  readonly id: string;
  readonly state?: string;
  readonly resource: JsonObject;
}

/** An entry of a timeline. */
export interface Entry {
  readonly kind: string;
  readonly at: string;
  readonly type: string;
  readonly id: string;
  readonly revision?: number;
  readonly channel?: string;
}

/** The view of a customer as its reader has it. */
export interface View {
  readonly id?: string;
  readonly href: string;
  readonly roles: readonly Shown[];
  readonly accounts: readonly Shown[];
  readonly agreements: readonly Shown[];
  readonly paymentMethods: readonly Shown[];
  readonly interactions: readonly Shown[];
  readonly characteristic: readonly JsonObject[];
  readonly contactMedium: readonly JsonObject[];
  readonly timeline: readonly Entry[];
}

/** @param suffix id, and query */
export async function viewOf(customers: Api, suffix: string): Promise<View> {
  return (await done(customers.get(`/${suffix}`))) as unknown as View;
}

/** Asks for something that must succeed. */
export async function done(answer: Promise<Response>): Promise<JsonObject> {
  const response = await answer;
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}

export function create(api: ApiOf, name: string, body: JsonObject, headers: Record<string, string> = {}): Promise<JsonObject> {
  return done(api(resourceNamed(name)).post(body, headers));
}

export function patch(api: ApiOf, name: string, id: string, body: JsonObject, headers: Record<string, string> = {}): Promise<JsonObject> {
  return done(api(resourceNamed(name)).patch(id, body, headers));
}

const individual = (id: string): JsonObject => ({ id, name: 'Ann', '@referredType': 'Individual' });

/**
 * Ann, a customer and the member of a household: two roles, all kinds of accounts, agreements and payment methods, some of them
 * named by a role alone, and three interactions. Beside her Bob, who has some of everything too and names her.
 */
export async function settle(api: ApiOf): Promise<void> {
  const make = (name: string, body: JsonObject): Promise<JsonObject> => create(api, name, body);
  const email = { mediumType: 'email', characteristic: { emailAddress: 'ann@example.com' } };
  const phone = { mediumType: 'phone', preferred: true, characteristic: { phoneNumber: '123' } };
  await make('individual', { id: 'ann', givenName: 'Ann', familyName: 'Lee', status: 'validated', contactMedium: [email], partyCharacteristic: [{ name: 'language', value: 'en' }] });
  await make('individual', { id: 'bob', givenName: 'Bob', familyName: 'Lee' });
  await make('organization', { id: 'lees', name: 'The Lees', tradingName: 'The Lees' });
  await make('partyAccount', { id: 'own', name: 'Own', state: 'active', relatedParty: [individual('ann')] });
  await make('billingAccount', { id: 'bill', name: 'Bill', state: 'open', relatedParty: [{ id: 'customer', name: 'Ann', '@referredType': 'Customer' }] });
  await make('settlementAccount', { id: 'by-role', name: 'Settled', relatedParty: [{ id: 'elsewhere', name: 'X' }] });
  await make('partyAccount', { id: 'of-bob', name: 'Bob', relatedParty: [individual('bob')] });
  // The same id, but of another type.
  await make('partyAccount', { id: 'of-namesake', name: 'Other', relatedParty: [{ id: 'ann', name: 'Ann Ltd', '@referredType': 'Organization' }] });
  const terms = { agreementType: 'commercial', agreementItem: [{ product: [{ id: 'product-1', '@referredType': 'Product' }] }] };
  await make('agreement', { id: 'contract', name: 'Contract', status: 'approved', ...terms, engagedParty: [individual('ann'), individual('bob')] });
  await make('agreement', { id: 'framework', name: 'Framework', ...terms, engagedParty: [individual('other')] });
  await make('paymentMethod', { id: 'card', '@type': 'bankCard', name: 'Card', cardNumber: '4000123412341234', cvv: '987', brand: 'A Card', expirationDate: '2030-01-01', nameOnCard: 'A LEE', relatedParty: individual('ann') });
  await make('paymentMethod', { id: 'debit', '@type': 'directDebit', name: 'Debit', mandateType: 'SEPA', accountNumber: 'NL02ABNA0123456789', firstDebitDate: '2024-01-01', owner: 'Ann', bank: 'B' });
  await make('partyRole', {
    id: 'customer',
    '@type': 'Customer',
    name: 'Customer',
    status: 'active',
    engagedParty: individual('ann'),
    account: [{ id: 'by-role', name: 'Settled', '@referredType': 'SettlementAccount' }, { id: 'gone', name: 'Gone' }],
    agreement: [{ id: 'framework', name: 'Framework' }, { id: 'contract', name: 'Contract' }],
    paymentMethod: [{ id: 'debit', name: 'Debit' }],
    contactMedium: [phone],
    characteristic: [{ name: 'segment', value: 'gold' }],
  });
  await make('partyRole', { id: 'member', name: 'Household member', engagedParty: { id: 'ann', name: 'Ann' }, relatedParty: [{ id: 'lees', name: 'The Lees', '@referredType': 'Organization' }] });
  await make('partyRole', { id: 'guardian', name: 'Guardian', engagedParty: individual('bob'), relatedParty: [individual('ann')] });
  await make('partyRole', { id: 'partner', name: 'Partner', engagedParty: { id: 'far-away', name: 'Ltd', href: 'https://other.example.com/organization/far-away', '@referredType': 'Organization' } });
  await make('partyRole', { id: 'nobody', name: 'Nobody', engagedParty: { name: 'Known by name alone' } });
  const shop = { id: 'shop-1', href: 'https://shop.example.com', name: 'Shop' };
  const interaction = (id: string, start: string, parts: JsonObject): Promise<JsonObject> =>
    make('partyInteraction', { id, reason: `About ${id}`, direction: 'inbound', status: 'open', channel: [shop], interactionDate: { startDateTime: start }, ...parts });
  await interaction('price', '2024-03-01T10:00:00Z', { relatedParty: [individual('ann')] });
  await interaction('move', '2024-05-01T10:00:00Z', { channel: [{ id: 'hotline', href: 'https://hotline.example.com' }], relatedParty: [{ id: 'member', name: 'Ann', '@referredType': 'PartyRole' }] });
  await interaction('repair', '2024-04-01T10:00:00Z', { interactionItem: [{ relatedParty: [individual('ann')] }] });
  await interaction('of-bob', '2024-06-01T10:00:00Z', { relatedParty: [individual('bob')] });
}
