import { defineResource } from './define.js';
import specification from './spec/TMF651-Agreement-v4.0.0.swagger.json';

/** TMF651 Agreement Management v4.0.0. */
export const agreement = defineResource({
  specification,
  typeName: 'Agreement',
  api: 'agreementManagement',
  referredBy: ['AgreementRef'],
  sortedBy: ['name', 'status', 'engagedParty.id'],
  viewPart: 'agreement',
});
