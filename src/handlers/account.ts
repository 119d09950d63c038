import specification from './spec/TMF666-Account-v4.0.0.swagger.json';

/** What all accounts of TMF666 Account Management v4.0.0 have in common. */
export const account = {
  specification,
  api: 'accountManagement',
  statusAttribute: 'state',
  wrapper: 'payload',
  stamps: { onCreate: (now: string) => ({ lastModified: now }), onChange: ['lastModified'] },
  referredBy: ['AccountRef'],
  sortedBy: ['name', 'state'],
  viewPart: 'account',
} as const;
