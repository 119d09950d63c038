import { closeAll, startListener, type LocalListener } from '../hub/local-listener.js';
import { checkDelivery } from '../support/checked-fetch.js';
import { startService, type Service } from '../support/service.js';
import { Api, json } from './api.js';

/** A service and a listener that is registered for the events of party roles. */
export interface Listening {
  readonly service: Service;
  readonly api: Api;
  readonly listener: LocalListener;
  /** Of its subscription. */
  readonly id: string;
  /** What the listener answers to events about a role; to others 204. */
  readonly refusals: Map<string, number>;
  /** Ids of the events about a role that came, each as often as it was tried. */
  readonly eventsOf: (role: string) => string[];
  /** Creates a role and patches it, of which the listener takes neither, and others in between, until both are set aside. */
  readonly park: (role: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** An event is set aside once it was refused twice while others were taken. */
export async function startListening(settings: Readonly<Record<string, string>>): Promise<Listening> {
  const service = await startService({ ...settings, HUB_ALLOW: '127.0.0.1', HUB_ATTEMPTS: '2', HUB_RETRY_MAX_MS: '50' });
  const api = new Api(service.url);
  const hub = new Api(service.url, '/tmf-api/partyRoleManagement/v4/hub');
  const refusals = new Map<string, number>();
  const listener = await startListener((response, { body }) => response.writeHead(refusals.get(eventIn(body).role) ?? 204).end());
  const { id } = await json(await hub.post({ callback: listener.url }));
  const parked = async (): Promise<number> => ((await json(await hub.get(`/${String(id)}`)))['status'] as { parked: number }).parked;
  return {
    service,
    api,
    listener,
    id: String(id),
    refusals,
    eventsOf: (role) => listener.received.map(({ body }) => eventIn(body)).filter((event) => event.role === role).map((event) => event.id),
    park: async (role) => {
      refusals.set(role, 422);
      const before = await parked();
      await api.post({ id: role, name: 'n' });
      await api.patch(role, { status: 'x' });
      let others = 0;
      await service.until('both are set aside', async () => {
        await api.post({ id: `${role}-${(others += 1)}`, name: 'taken' });
        return (await parked()) === before + 2;
      });
    },
    close: async () => {
      for (const delivery of listener.received) await checkDelivery(service.url, delivery, false);
      await closeAll();
      await service.stop();
    },
  };
}

function eventIn(body: string): { readonly id: string; readonly role: string } {
  const { eventId, event } = JSON.parse(body) as { eventId: string; event: { partyRole: { id: string } } };
  return { id: eventId, role: event.partyRole.id };
}
