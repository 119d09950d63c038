import { defineResource } from './define.js';
import specification from './spec/TMF632-Party-v4.0.0.swagger.json';

/** TMF632 Party Management v4.0.0. */
export const organization = defineResource({
  specification,
  typeName: 'Organization',
  api: 'party',
  lifeCycle: { initialized: ['validated'], validated: ['closed'], closed: [] },
  referredBy: ['RelatedParty', 'OrganizationRef'],
  nameAttributes: [['tradingName'], ['name']],
  sortedBy: ['tradingName', 'name', 'status'],
  viewPart: 'profile',
});
