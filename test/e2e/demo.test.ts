import { sharedUrl, whenServers } from '../support/servers.js';
import { startService } from '../support/service.js';
import { runForText } from '../support/tool.js';
import { settingsOn } from './pair.js';

const EMBEDDED = { BUS_URL: 'memory:', STORE_URL: 'memory:' };
const TOKEN = 'operator-token-0123456789';

/** The customer as she is shown: with what she has, her secrets masked. */
function customerIn(output: string): Record<string, unknown> {
  const [, text = ''] = /^GET \S+\/party\/demo-anna\n200 (\{.*?^\})$/ms.exec(output) ?? [];
  return JSON.parse(text) as Record<string, unknown>;
}

it('shows a customer and the events, on a service of its own where none answers', async () => {
  const { code, output, errors } = await runForText({ ...EMBEDDED, PORT: '1' }, 'demo');
  expect([code, errors]).toEqual([0, '']);
  expect(output).toContain('individual: 3 created, 0 already there, 0 refused');
  const idsIn = (part: unknown): unknown[] => (part as { id: string }[]).map(({ id }) => id).sort();
  const { profile, accounts, agreements, interactions, paymentMethods } = customerIn(output);
  expect(profile).toMatchObject({ id: 'demo-anna', resource: { familyName: 'de Vries' } });
  expect([accounts, agreements, interactions].map(idsIn)).toEqual([['demo-fixed', 'demo-mobile-anna', 'demo-mobile-ben'], ['demo-contract-anna'], ['demo-call', 'demo-order', 'demo-visit']]);
  expect(paymentMethods).toContainEqual(expect.objectContaining({ resource: expect.objectContaining({ cardNumber: '************1234' }) as object }));
  expect(output).toMatch(/org\.tmforum\.individual\.IndividualCreateEvent {2}demo-anna\n/);
}, 60_000);

it('loads into the service that runs, and the second time makes no doubles', async () => {
  const service = await startService({ ...EMBEDDED, ADMIN_TOKEN: TOKEN });
  try {
    const run = async (url: string): Promise<string> => {
      const { code, output, errors } = await runForText({ ...EMBEDDED, ADMIN_TOKEN: TOKEN }, 'demo', '--url', url);
      expect([code, errors]).toEqual([0, '']);
      return output;
    };
    const [first, second] = [await run(service.url), await run(`${service.url}/tmf-api/`)];
    expect(first).toContain('billingAccount: 4 created, 0 already there, 0 refused');
    expect(second).toContain('billingAccount: 0 created, 4 already there, 0 refused');
    const events = (output: string): string => output.slice(output.indexOf('\nEvents'));
    expect(events(second)).toBe(events(first));
  } finally {
    await service.stop();
  }
}, 60_000);

it('says that no service answers at the URL', async () => {
  const { code, errors } = await runForText(EMBEDDED, 'demo', '--url', 'http://127.0.0.1:1');
  expect([code, errors]).toEqual([1, expect.stringContaining('no service answers at http://127.0.0.1:1') as string]);
}, 30_000);

whenServers('the demo on NATS JetStream and MongoDB', ['nats', 'mongo'], () => {
  it('loads over the bus, and asks the service that runs', async () => {
    const settings = settingsOn(sharedUrl('nats'), 'e2e-demo');
    const service = await startService(settings);
    try {
      const { code, output, errors } = await runForText(settings, 'demo', '--url', service.url);
      expect([code, errors]).toEqual([0, '']);
      expect(output).toContain('Over the bus');
      expect(output).toContain('partyRole: 6 created, 0 already there, 0 refused');
      expect(customerIn(output)).toMatchObject({ id: 'demo-anna' });
      expect(output).toMatch(/org\.tmforum\.partyInteraction\.PartyInteractionCreateEvent {2}demo-fleet\n$/);
    } finally {
      await service.stop();
    }
  }, 90_000);
});
