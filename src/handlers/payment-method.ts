import type { JsonObject } from '../json.js';
import { defineResource } from './define.js';
import { uncapitalized } from './first-letter.js';
import specification from './spec/TMF670-PaymentMethod-v4.0.0.swagger.json';

/** TMF670 Payment Method v4.0.0: all its types, told apart by `@type`. */
export const paymentMethod = defineResource({
  specification,
  typeName: 'PaymentMethod',
  api: 'paymentMethod',
  stateAttributes: ['statusReason', 'statusDate'],
  stateChange: 'StatusChangeEvent',
  stamps: { onCreate: (now) => ({ status: 'active', statusDate: now }), onStateChange: ['statusDate'] },
  referredBy: ['PaymentMethodRef'],
  secrets: {
    dropped: ['cvv'],
    masked: { cardNumber: 'lastFour', accountNumber: 'lastFour', token: 'all', authorizationCode: 'all' },
  },
  viewPart: 'paymentMethod',
  schemaFor,
});

const SUBTYPES = new Map(
  Object.keys(specification.definitions)
    .filter((name) => 'allOf' in specification.definitions[name as keyof typeof specification.definitions] && name !== 'PaymentMethod')
    .map((name) => [uncapitalized(name), name]),
);

/**
 * The first letter's case does not matter: the specification writes `bankCard` in its enumeration and names the schema `BankCard`.
 * Types without a schema of their own have the common one, which says what types there are.
 */
function schemaFor({ '@type': type }: JsonObject): string {
  return (typeof type === 'string' ? SUBTYPES.get(uncapitalized(type)) : undefined) ?? 'PaymentMethod';
}
