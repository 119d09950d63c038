import { roleBody } from '../feed.js';
import type { PlainCommand } from './link.js';

/** What a role has of which a command says nothing. */
const ROLE = roleBody(0);

/** What a command says of its role. */
export function dataOf({ body }: PlainCommand): object {
  return JSON.parse(Buffer.from(body).toString('utf8') || '{}') as object;
}

/** An event as large as the service's: it holds a whole role, with what the command says put over it. @param name of the worker */
export function createEvent({ attributes }: PlainCommand, data: object, name: string): string {
  const { id = '', subject, type } = attributes;
  const time = new Date().toISOString();
  const role = { id: subject, href: `/tmf-api/partyRoleManagement/v4/partyRole/${subject}`, ...ROLE, ...data };
  const envelope = { specversion: '1.0', id, source: `/${name}`, type, subject, time, datacontenttype: 'application/json' };
  return JSON.stringify({ ...envelope, data: { eventId: id, eventTime: time, eventType: 'PartyRoleCreateEvent', timeOcurred: time, domain: name, event: { partyRole: role } } });
}
