import type { Link } from './link.js';

/** The floor: consumes, parses, publishes one confirmed event and acknowledges. No database, nothing checked. */
export async function nullWorker(link: Link, prefetch: number): Promise<void> {
  await link.consume(prefetch, (command) => {
    const { id = '', subject, type } = command.attributes;
    const resource = JSON.parse(Buffer.from(command.body).toString('utf8')) as object;
    const event = { specversion: '1.0', id, source: '/null', type, subject, datacontenttype: 'application/json', data: { event: { partyRole: resource } } };
    void link.publish('partyRole.PartyRoleCreateEvent', id, JSON.stringify(event)).then(() => command.acknowledge());
  });
}
