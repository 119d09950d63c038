import type { ResourceDefinition } from './definition.js';
import { compileValidator, omittedByUpdate, scalarTypes } from './schema.js';
import specification from './spec/TMF669-PartyRole-v4.0.0.swagger.json';

/** TMF669 Party Role Management v4.0.0. */
export function partyRole(options: { readonly roleTypeDefault: boolean }): ResourceDefinition {
  return {
    name: 'partyRole',
    typeName: 'PartyRole',
    api: 'partyRoleManagement',
    version: 'v4',
    validate: compileValidator(specification, 'PartyRole_Create'),
    unpatchable: omittedByUpdate(specification, 'PartyRole'),
    // The v4.0.0 conformance profile lists roleType as mandatory in answers, though the schema does not know it.
    answerDefaults: options.roleTypeDefault ? { roleType: {} } : {},
    statusAttribute: 'status',
    wrapper: 'event',
    events: {
      create: 'PartyRoleCreateEvent',
      attributeValueChange: 'PartyRoleAttributeValueChangeEvent',
      stateChange: 'PartyRoleStateChangeEvent',
      delete: 'PartyRoleDeleteEvent',
    },
    indexes: [
      ...[{ path: 'name' }, { path: 'status' }, { path: 'engagedParty.id' }],
      // Lists of references, which have no useful order.
      ...['relatedParty.id', 'account.id', 'agreement.id'].map((path) => ({ path, filterOnly: true })),
    ],
    scalarType: scalarTypes(specification, 'PartyRole'),
  };
}
