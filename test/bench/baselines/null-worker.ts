import type { Link } from './link.js';
import { createEvent, dataOf } from './role-event.js';

/** The floor: consumes, parses, publishes one confirmed event and acknowledges. No database, nothing checked. */
export async function nullWorker(link: Link, prefetch: number): Promise<void> {
  await link.consume(prefetch, (command) => {
    const { id = '' } = command.attributes;
    void link.publish('partyRole.PartyRoleCreateEvent', id, createEvent(command, dataOf(command), 'null')).then(() => command.acknowledge());
  });
}
