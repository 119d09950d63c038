import { defineResource } from './define.js';
import specification from './spec/TMF666-Account-v4.0.0.swagger.json';

/** TMF666 Account Management v4.0.0. */
export const billFormat = defineResource({
  specification,
  typeName: 'BillFormat',
  api: 'accountManagement',
  statusAttribute: undefined,
  wrapper: 'payload',
  referredBy: ['BillFormatRef', 'BillFormatRefOrValue'],
  sortedBy: ['name'],
});
