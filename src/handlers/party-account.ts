import { defineResource } from './define.js';
import specification from './spec/TMF666-Account-v4.0.0.swagger.json';

/** TMF666 Account Management v4.0.0. */
export const partyAccount = defineResource({
  specification,
  typeName: 'PartyAccount',
  api: 'accountManagement',
  statusAttribute: 'state',
  wrapper: 'payload',
  stamps: { onCreate: (now) => ({ lastModified: now }), onChange: ['lastModified'] },
  referredBy: ['AccountRef'],
  sortedBy: ['name', 'state'],
  viewPart: 'account',
});
