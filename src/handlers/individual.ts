import { defineResource } from './define.js';
import specification from './spec/TMF632-Party-v4.0.0.swagger.json';

/** TMF632 Party Management v4.0.0. */
export const individual = defineResource({
  specification,
  typeName: 'Individual',
  api: 'party',
  // The specification's spelling, and the right one.
  lifeCycle: { initialized: ['validated'], validated: ['deceaded', 'deceased'], deceaded: [], deceased: [] },
  referredBy: ['RelatedParty'],
  nameAttributes: [['formattedName'], ['fullName'], ['givenName', 'familyName']],
  sortedBy: ['familyName', 'givenName', 'status'],
  viewPart: 'profile',
});
