import { account } from './account.js';
import { defineResource } from './define.js';

/** TMF666 Account Management v4.0.0. */
export const settlementAccount = defineResource({ ...account, typeName: 'SettlementAccount' });
