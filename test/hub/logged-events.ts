import { LoggedEvent } from '../../src/hub/logged-event.js';

/** An event of a party role as the log has it; each commit is a second later. */
export function loggedEvent(role: string, position: number, number = 0, size = 0): LoggedEvent {
  const id = `${position}.${number}`;
  const eventType = 'PartyRoleAttributeValueChangeEvent';
  const content = JSON.stringify({ id, subject: role, data: { eventId: id, eventType, event: { partyRole: { id: role, note: 'x'.repeat(size) } } } });
  return new LoggedEvent({ position, number }, timeOf(position), { topic: 'events', key: `partyRole.${eventType}`, order: `partyRole/${role}`, id, content });
}

/** When the commit at this position was made. */
export function timeOf(position: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + position * 1000);
}
