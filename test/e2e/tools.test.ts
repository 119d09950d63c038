import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainAmqp, plainNats } from '../support/plain-client.js';
import { plainQueue, plainSubject } from '../support/plain-destination.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { startService } from '../support/service.js';
import { runTool } from '../support/tool.js';
import { pairOn } from './pair.js';
import { toolSuite } from './tools.e2e.js';

whenServers('tools on RabbitMQ and MongoDB', ['rabbit', 'mongo'], () => toolSuite(() => pairOn(sharedUrl('rabbit'), 'e2e-rabbit-tools', plainAmqp), plainQueue));

whenServers('tools on NATS JetStream and MongoDB', ['nats', 'mongo'], () => toolSuite(() => pairOn(sharedUrl('nats'), 'e2e-nats-tools', plainNats), plainSubject));

describe('tools on the embedded pair', () => {
  const folder = mkdtempSync(join(tmpdir(), 'party-role-'));
  const settings = { BUS_URL: 'memory:', STORE_URL: `file:${folder}` };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('point to /admin while the service has the folder, and read it afterwards', async () => {
    const service = await startService({ ...settings, ADMIN_TOKEN: 'operator-token-0123456789' });
    const taken = await runTool(settings, 'dlq', 'list');
    expect([taken.code, taken.lines, taken.errors]).toEqual([1, [], expect.stringMatching(/in use by another process.*\/admin/) as string]);
    const answer = await fetch(`${service.url}/admin/parked`, { headers: { authorization: 'Bearer operator-token-0123456789' } });
    expect(await answer.json()).toEqual({ messages: [], total: 0, counts: {} });
    await service.stop();
    expect(await runTool(settings, 'dlq', 'list')).toEqual({ code: 0, lines: [{ total: 0, counts: {}, shown: 0 }], errors: '' });
  });

  it.each([['dlq', 'retry', '--all'], ['replay', '--all'], ['snapshot']])('%s does not send into a bus that nobody listens to', async (...args) => {
    expect(await runTool(settings, ...args)).toEqual({ code: 1, lines: [], errors: expect.stringContaining('/admin') as string });
  });

  it('say which of the two is away', async () => {
    const [bus, store] = await Promise.all([
      runTool({ ...settings, BUS_URL: 'amqp://127.0.0.1:1' }, 'dlq', 'retry', '--all'),
      runTool({ ...settings, BUS_URL: 'nats://127.0.0.1:1', STORE_URL: 'mongodb://127.0.0.1:1/x' }, 'dlq', 'retry', '--all'),
    ]);
    expect([bus.code, bus.lines, bus.errors]).toEqual([1, [], expect.stringMatching(/dlq retry: the message bus is away: .*ECONNREFUSED/) as string]);
    expect([store.code, store.lines, store.errors]).toEqual([1, [], expect.stringMatching(/dlq retry: the database is away: .*ECONNREFUSED/) as string]);
  });

  it('has nothing to read in a database in memory', async () => {
    expect(await runTool({ ...settings, STORE_URL: 'memory:' }, 'dlq', 'list')).toMatchObject({ code: 1, errors: expect.stringContaining('STORE_URL memory:') as string });
  });
});
