import { defineResource } from './define.js';
import specification from './spec/TMF669-PartyRole-v4.0.0.swagger.json';

/** TMF669 Party Role Management v4.0.0. */
export const partyRole = defineResource({
  specification,
  typeName: 'PartyRole',
  api: 'partyRoleManagement',
  stateAttributes: ['statusReason'],
  // The v4.0.0 conformance profile lists roleType as mandatory in answers, though the schema does not know it.
  answerDefaults: { roleType: {} },
  referredBy: ['RelatedParty'],
  sortedBy: ['name', 'status', 'engagedParty.id'],
  viewPart: 'role',
  viewOwners: ['engagedParty'],
});
