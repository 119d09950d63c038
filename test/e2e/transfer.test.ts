import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainAmqp, plainNats } from '../support/plain-client.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { startService } from '../support/service.js';
import { runForText, runTool } from '../support/tool.js';
import { pairOn } from './pair.js';
import { transferSuite, type Deployment } from './transfer.e2e.js';

/** Over the bus. */
async function deploymentOn(broker: 'rabbit' | 'nats', name: string): Promise<Deployment> {
  const { settings, client } = await pairOn(sharedUrl(broker), `${broker}-${name}`, { rabbit: plainAmqp, nats: plainNats }[broker]);
  return { settings, url: () => undefined, events: () => client?.events.map(({ content }) => content) ?? [], close: async () => client?.close() };
}

whenServers('import and export on RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => transferSuite((name) => deploymentOn('rabbit', name)));

whenServers('import and export on NATS JetStream and MongoDB', ['nats', 'mongo'], () => transferSuite((name) => deploymentOn('nats', name)));

describe('import and export on the embedded pair', () => {
  transferSuite(() => {
    const folder = mkdtempSync(join(tmpdir(), 'party-role-'));
    return Promise.resolve({
      settings: { BUS_URL: 'memory:', STORE_URL: `file:${folder}` },
      url: (service) => service.url,
      events: (service) => service.log.filter((line) => line['msg'] === 'event content').map((line) => String(line['event'])),
      close: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
    });
  });
});

describe('the tools say what is in their way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'party-role-'));
  const settings = { BUS_URL: 'memory:', STORE_URL: `file:${folder}` };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'roles.ndjson');
  const importing = ['import', file, '--resource', 'partyRole', '--source', '/x'];
  beforeAll(() => writeFileSync(file, '{"name": "Seller"}\n'));

  it('a bus that lives inside the service, and where that is by the settings', async () => {
    const errors = expect.stringMatching(/with --url http:\/\/127\.0\.0\.1:9123\n$/) as string;
    expect(await runTool({ ...settings, HOST: '0.0.0.0', PORT: '9123' }, ...importing)).toMatchObject({ code: 1, lines: [], errors });
  });

  it('a service that has another path, and a folder that is in use', async () => {
    const service = await startService({ ...settings, BASE_PATH: '/api' });
    const [wrong, taken] = await Promise.all([
      runTool(settings, ...importing, '--url', service.url),
      runForText(settings, 'export', '--resource', 'partyRole'),
    ]);
    await service.stop();
    expect([wrong.code, wrong.errors]).toEqual([1, expect.stringMatching(/stopped behind line 0: .* answers 404: is this the service, with its BASE_PATH/) as string]);
    expect([taken.code, taken.output, taken.errors]).toEqual([1, '', expect.stringMatching(/in use by another process.*stop the service/) as string]);
  }, 60_000);

  it('a file that is not there', async () => {
    expect(await runTool(settings, 'import', join(folder, 'none'), '--resource', 'partyRole', '--source', '/x', '--url', 'http://127.0.0.1:1')).toMatchObject({ code: 1, lines: [], errors: expect.stringContaining('none') as string });
  });
});
