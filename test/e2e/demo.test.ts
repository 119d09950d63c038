import { startService } from '../support/service.js';
import { runForText } from '../support/tool.js';

const EMBEDDED = { BUS_URL: 'memory:', STORE_URL: 'memory:' };
const TOKEN = 'operator-token-0123456789';

it('shows a customer and the events, on a service of its own where none answers', async () => {
  const { code, output, errors } = await runForText({ ...EMBEDDED, PORT: '1' }, 'demo');
  expect([code, errors]).toEqual([0, '']);
  expect(output).toContain('individual: 3 created, 0 already there, 0 refused');
  expect(output).toMatch(/org\.tmforum\.individual\.IndividualCreateEvent {2}demo-anna\n/);
}, 60_000);

it('loads into the service that runs, and the second time makes no doubles', async () => {
  const service = await startService({ ...EMBEDDED, ADMIN_TOKEN: TOKEN });
  try {
    const run = async (): Promise<string> => {
      const { code, output, errors } = await runForText({ ...EMBEDDED, ADMIN_TOKEN: TOKEN }, 'demo', '--url', service.url);
      expect([code, errors]).toEqual([0, '']);
      return output;
    };
    const [first, second] = [await run(), await run()];
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
