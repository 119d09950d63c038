import type { JsonObject } from '../../src/json.js';

/** What a resource is tried with. */
export interface Sample {
  /** `partyRoleManagement`, as in its paths and its events. */
  readonly api: string;
  /** What must be given, and nothing else. */
  readonly create: JsonObject;
  /** The mandatory text that it is filtered and sorted by. */
  readonly named: string;
  /** An attribute of no special meaning, and the value that a patch gives it. */
  readonly ordinary: readonly [attribute: string, value: string];
  /** Where its state stands, and two states that may follow, one after the other, what a create sets; undefined: it has none. */
  readonly state: { readonly attribute: string; readonly next: readonly [string, string]; readonly lifeCycle: 'enforced' | 'free' } | undefined;
  /** Dates that the service sets: at the creation alone, at each change of the state too, or at each change of anything. */
  readonly dates: Readonly<Record<string, 'creation' | 'state' | 'any'>>;
  /** Where it refers to another resource, and what a body has there; undefined: it refers to nothing. */
  readonly reference: { readonly path: string; readonly to: (id: string) => JsonObject } | undefined;
}

const ANN = { id: 'party-1', name: 'Ann', '@referredType': 'Individual' };
const DESCRIPTION = ['description', 'As agreed on the phone'] as const;

function free(attribute: string, ...next: readonly [string, string]): Sample['state'] {
  return { attribute, next, lifeCycle: 'free' };
}

function enforced(attribute: string, ...next: readonly [string, string]): Sample['state'] {
  return { attribute, next, lifeCycle: 'enforced' };
}

function relatedParty(path = 'relatedParty'): Sample['reference'] {
  return { path: `${path}.id`, to: (id) => ({ [path]: [{ ...ANN, id }] }) };
}

const account: Omit<Sample, 'reference'> = {
  api: 'accountManagement',
  create: { name: 'Main account', relatedParty: [ANN] },
  named: 'name',
  ordinary: DESCRIPTION,
  state: free('state', 'active', 'suspended'),
  dates: { lastModified: 'any' },
};

const billPart: Sample = { api: 'accountManagement', create: { name: 'Detailed' }, named: 'name', ordinary: DESCRIPTION, state: undefined, dates: {}, reference: undefined };

const samples: Readonly<Record<string, Sample>> = {
  partyRole: {
    api: 'partyRoleManagement',
    create: { name: 'Seller' },
    named: 'name',
    ordinary: ['name', 'Reseller'],
    state: free('status', 'active', 'suspended'),
    dates: {},
    reference: { path: 'engagedParty.id', to: (id) => ({ engagedParty: { ...ANN, id } }) },
  },
  individual: {
    api: 'party',
    create: { givenName: 'Ann', familyName: 'Lee' },
    named: 'familyName',
    ordinary: ['nationality', 'Dutch'],
    state: enforced('status', 'validated', 'deceaded'),
    dates: {},
    reference: relatedParty(),
  },
  organization: {
    api: 'party',
    create: { tradingName: 'Lee and Sons' },
    named: 'tradingName',
    ordinary: ['organizationType', 'company'],
    state: enforced('status', 'validated', 'closed'),
    dates: {},
    reference: {
      path: 'organizationParentRelationship.organization.id',
      to: (id) => ({ organizationParentRelationship: { relationshipType: 'juridical', organization: { id, name: 'Lee Holding' } } }),
    },
  },
  partyAccount: { ...account, reference: relatedParty() },
  billingAccount: { ...account, reference: { path: 'financialAccount.id', to: (id) => ({ financialAccount: { id } }) } },
  settlementAccount: {
    ...account,
    reference: { path: 'billStructure.format.id', to: (id) => ({ billStructure: { format: { id, name: 'Detailed', isRef: true } } }) },
  },
  financialAccount: { ...account, create: { name: 'Receivables' }, reference: relatedParty() },
  billFormat: billPart,
  billPresentationMedia: billPart,
  billingCycleSpecification: { ...billPart, ordinary: ['frequency', 'monthly'] },
  agreement: {
    api: 'agreementManagement',
    create: { name: 'Contract', agreementType: 'commercial', agreementItem: [{ product: [{ id: 'product-1' }] }], engagedParty: [ANN] },
    named: 'name',
    ordinary: DESCRIPTION,
    state: free('status', 'inProcess', 'approved'),
    dates: {},
    reference: { path: 'agreementItem.product.id', to: (id) => ({ agreementItem: [{ product: [{ id }] }] }) },
  },
  agreementSpecification: {
    api: 'agreementManagement',
    create: { name: 'Standard terms', attachment: [{ name: 'Terms', url: 'https://www.example.com/terms.pdf' }] },
    named: 'name',
    ordinary: DESCRIPTION,
    state: free('lifecycleStatus', 'active', 'retired'),
    dates: { lastUpdate: 'any' },
    reference: { path: 'serviceCategory.id', to: (id) => ({ serviceCategory: { id } }) },
  },
  paymentMethod: {
    api: 'paymentMethod',
    create: { '@type': 'cash', name: 'At the counter' },
    named: 'name',
    ordinary: DESCRIPTION,
    state: free('status', 'suspended', 'expired'),
    dates: { statusDate: 'state' },
    reference: { path: 'account.id', to: (id) => ({ account: [{ id }] }) },
  },
  partyInteraction: {
    api: 'partyInteraction',
    create: { reason: 'Asks for the price', direction: 'inbound', channel: [{ id: 'shop-1', href: 'https://shop.example.com' }] },
    named: 'reason',
    ordinary: DESCRIPTION,
    state: enforced('status', 'inProgress', 'completed'),
    dates: { creationDate: 'creation', statusChangeDate: 'state' },
    reference: relatedParty(),
  },
};

export const sampleNames: readonly string[] = Object.keys(samples);

/** @throws Error where a resource has none: it would go untested. */
export function sampleOf(name: string): Sample {
  const sample = samples[name];
  if (!sample) throw new Error(`${name} has no sample in test/support/samples.ts`);
  return sample;
}

/** A body of a payment method of each type: what this type must have beside a name. */
export const paymentMethods: Readonly<Record<string, JsonObject>> = {
  cash: {},
  digitalWallet: { service: 'Wallet', walletId: 'w-1', walletUrl: 'https://wallet.example.com/w-1' },
  tokenizedCard: { lastFourDigits: '4242', expirationDate: '2030-01-01T00:00:00.000Z' },
  bankAccountTransfer: { accountNumber: 'NL02ABNA0123456789', owner: 'Ann Lee', bank: 'A Bank' },
  bankAccountDebit: { accountNumber: 'NL02ABNA0123456789', owner: 'Ann Lee', bank: 'A Bank' },
  bankCard: { cardNumber: '4000123412341234', brand: 'A Card', expirationDate: '2030-01-01T00:00:00.000Z', nameOnCard: 'A LEE' },
  voucher: { code: 'SUMMER', value: { amount: 10, units: 'EUR' }, expirationDate: '2030-01-01T00:00:00.000Z' },
  check: { checkId: 'c-1', drawer: 'Ann Lee', payee: 'A Shop', signedDate: '2024-01-01T00:00:00.000Z', bank: 'A Bank' },
  bucketPaymentMethod: {},
  accountPaymentMethod: {},
  loyaltyPaymentMethod: {},
  directDebit: { mandateType: 'SEPA', accountNumber: 'NL02ABNA0123456789', firstDebitDate: '2024-01-01T00:00:00.000Z', owner: 'Ann Lee', bank: 'A Bank' },
};
