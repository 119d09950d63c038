import { defineResource } from './define.js';
import specification from './spec/TMF651-Agreement-v4.0.0.swagger.json';

/** TMF651 Agreement Management v4.0.0. */
export const agreementSpecification = defineResource({
  specification,
  typeName: 'AgreementSpecification',
  api: 'agreementManagement',
  statusAttribute: 'lifecycleStatus',
  stamps: { onCreate: (now) => ({ lastUpdate: now }), onChange: ['lastUpdate'] },
  referredBy: ['AgreementSpecificationRef'],
  sortedBy: ['name', 'lifecycleStatus'],
});
