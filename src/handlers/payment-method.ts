import { defineResource } from './define.js';
import { uncapitalized } from './first-letter.js';
import specification from './spec/TMF670-PaymentMethod-v4.0.0.swagger.json';

/** What is made of the common schema by `allOf`. Types without a schema of their own have the common one, which says what types there are. */
const subtypes = Object.entries(specification.definitions).flatMap(([name, definition]) => ('allOf' in definition && name !== 'PaymentMethod' ? [name] : []));

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
  // The specification writes `bankCard` in its enumeration, and `BankCard` as the name of the schema.
  subtypes: { common: 'PaymentMethod', schemas: new Map(subtypes.map((name) => [uncapitalized(name), name])) },
});
