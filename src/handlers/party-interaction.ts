import { defineResource } from './define.js';
import specification from './spec/TMF683-PartyInteraction-v4.0.0.swagger.json';

/** TMF683 Party Interaction v4.0.0. */
export const partyInteraction = defineResource({
  specification,
  typeName: 'PartyInteraction',
  api: 'partyInteraction',
  stateAttributes: ['statusChangeDate'],
  stateChange: 'StatusChangeEvent',
  // The schema's enumeration says open, its descriptions say opened.
  lifeCycle: { open: ['inProgress'], opened: ['inProgress'], inProgress: ['completed'], completed: [] },
  stamps: {
    onCreate: (now) => ({ status: 'open', creationDate: now, statusChangeDate: now, interactionDate: { startDateTime: now } }),
    onStateChange: ['statusChangeDate'],
  },
  nameAttributes: [['reason']],
  sortedBy: ['status', 'interactionDate.startDateTime'],
  viewPart: 'interaction',
  viewOwners: ['relatedParty', 'interactionItem.relatedParty'],
  viewDate: 'interactionDate.startDateTime',
});
