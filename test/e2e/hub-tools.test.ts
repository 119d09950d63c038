import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainAmqp, plainNats } from '../support/plain-client.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { runTool } from '../support/tool.js';
import { json } from './api.js';
import { startListening, type Listening } from './hub-listening.js';
import { hubToolSuite } from './hub-tools.e2e.js';
import { pairOn } from './pair.js';

whenServers('tools of the hub on RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => hubToolSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit-hub', plainAmqp)));

whenServers('tools of the hub on NATS JetStream and MongoDB', ['nats', 'mongo'], () => hubToolSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats-hub', plainNats)));

describe('tools of the hub on the embedded pair', () => {
  const folder = mkdtempSync(join(tmpdir(), 'party-role-'));
  const settings = { BUS_URL: 'memory:', STORE_URL: `file:${folder}`, ADMIN_TOKEN: 'operator-token-0123456789' };
  let listening: Listening;

  beforeAll(async () => {
    listening = await startListening(settings);
  }, 60_000);
  afterAll(async () => {
    await listening.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${settings.ADMIN_TOKEN}` };
    return json(await fetch(`${listening.service.url}/admin${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }));
  }

  it('point to /admin while the service has the folder', async () => {
    for (const [path, ...args] of [['/admin/hub', 'hub', 'list'], ['/admin/deliveries', 'dlq', 'list', '--deliveries']] as const) {
      expect(await runTool(settings, ...args)).toEqual({ code: 1, lines: [], errors: expect.stringContaining(`${path} of the running service`) as string });
    }
  });

  it('deliver over /admin what the listener takes at last', async () => {
    const { id, refusals, eventsOf } = listening;
    await listening.park('refused');
    expect(await admin('GET', '/hub')).toMatchObject({ subscriptions: [{ id, href: `/tmf-api/partyRoleManagement/v4/hub/${id}`, status: { parked: 2 } }] });
    const { deliveries } = (await admin('GET', `/deliveries?subscription=${id}`)) as { deliveries: { id: string; event: string }[] };
    expect(await admin('POST', '/deliveries/retry', { all: true })).toMatchObject({ totals: { failed: 2 }, outcomes: [{ id: deliveries[0]?.id, problem: 'answered 422' }, { id: deliveries[1]?.id }] });
    refusals.clear();
    const before = eventsOf('refused').length;
    expect(await admin('POST', '/deliveries/retry', { subscription: id })).toMatchObject({ totals: { delivered: 2 } });
    expect(eventsOf('refused').slice(before)).toEqual(deliveries.map(({ event }) => event));
    expect(await admin('GET', '/deliveries')).toEqual({ deliveries: [], total: 0, counts: {} });
  }, 60_000);

  it('work on the folder once the service has ended', async () => {
    const { id } = listening;
    await admin('POST', `/hub/${id}/suspend`, { reason: 'it moves' });
    await listening.service.stop();
    expect((await runTool(settings, 'hub', 'list')).lines).toMatchObject([{ id, status: { state: 'suspended', reason: 'it moves' } }]);
    expect((await runTool(settings, 'hub', 'resume', id, '--from-now')).lines).toMatchObject([{ id, status: { state: 'active' } }]);
    expect((await runTool(settings, 'hub', 'remove', id)).lines).toEqual([{ id, outcome: 'removed' }]);
  }, 60_000);
});
