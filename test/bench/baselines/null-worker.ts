import { roleBody } from '../feed.js';
import type { Link } from './link.js';

/**
 * The floor: consumes, parses, publishes one confirmed event and acknowledges. No database, nothing checked.
 * The event is as large as the service's: it holds a whole role, with what the command says put over it.
 */
export async function nullWorker(link: Link, prefetch: number): Promise<void> {
  const role = { id: 'role-0', href: '/tmf-api/partyRoleManagement/v4/partyRole/role-0', ...roleBody(0) };
  await link.consume(prefetch, (command) => {
    const { id = '', subject, type } = command.attributes;
    const said = JSON.parse(Buffer.from(command.body).toString('utf8') || '{}') as object;
    const time = new Date().toISOString();
    const envelope = { specversion: '1.0', id, source: '/null', type, subject, time, datacontenttype: 'application/json' };
    const data = { eventId: id, eventTime: time, eventType: 'PartyRoleCreateEvent', timeOcurred: time, domain: 'null', event: { partyRole: { ...role, ...said } } };
    void link.publish('partyRole.PartyRoleCreateEvent', id, JSON.stringify({ ...envelope, data })).then(() => command.acknowledge());
  });
}
