import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import { resolverFor, type Resolve } from '../../src/hub/name-resolver.js';
import type { Outgoing } from '../../src/hub/sending.js';
import { closeAll, openSender, startListener } from './local-listener.js';
import { startNameServer, type LocalNameServer, type NameAnswer } from './local-name-server.js';

const FOUR = '8.8.8.8';
const SIX = '2606:4700:4700:0:0:0:0:1111';
const found = (...addresses: string[]): unknown[] => addresses.map((address) => ({ address: address.replace(':0:0:0:0:', '::'), family: address.includes(':') ? 6 : 4 }));

let names: Record<string, Partial<Record<'A' | 'AAAA', NameAnswer>>>;
let server: LocalNameServer;

beforeEach(async () => {
  names = {};
  server = await startNameServer((name, type) => (name.startsWith('silent') ? 'silent' : (names[name]?.[type] ?? [])));
});
afterEach(async () => {
  await closeAll();
  await server.close();
});

const resolver = (allowed: readonly string[] = []): Resolve => resolverFor(new AllowedTargets(allowed), [server.address]);
const to = (host: string, port: number): Outgoing => ({ callback: `http://${host}:${port}/`, headers: { 'content-type': 'application/json' }, body: '{}', id: 'e', signing: [] });

async function timed<T>(promise: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const began = performance.now();
  return { result: await promise, ms: performance.now() - began };
}

describe('a name', () => {
  it('has the addresses of both families, asked for at once', async () => {
    names['both.test'] = { A: [FOUR, '9.9.9.9'], AAAA: [SIX] };
    expect(await resolver()('both.test')).toEqual(found(FOUR, '9.9.9.9', SIX));
    expect([...server.asked].sort()).toEqual(['A both.test', 'AAAA both.test']);
  });

  it.each<[string, Partial<Record<'A' | 'AAAA', NameAnswer>>, string[]]>([
    ['has none of it', { A: [FOUR] }, [FOUR]],
    ['has none of it, the other way round', { AAAA: [SIX] }, [SIX]],
    ['has no such name', { A: 'no such name', AAAA: [SIX] }, [SIX]],
    ['fails', { A: [FOUR], AAAA: 'failure' }, [FOUR]],
    ['is silent', { A: [FOUR], AAAA: 'silent' }, [FOUR]],
    ['is silent, the other way round', { A: 'silent', AAAA: [SIX] }, [SIX]],
  ])('has those of one family where the name server %s', async (_, answers, addresses) => {
    names['one.test'] = answers;
    const { result, ms } = await timed(resolver()('one.test'));
    expect(result).toEqual(found(...addresses));
    expect(ms).toBeLessThan(1_000);
  });

  it.each<[string, string, Partial<Record<'A' | 'AAAA', NameAnswer>>]>([
    ['ENOTFOUND', 'the server has none', {}],
    ['ENOTFOUND', 'the server knows none', { A: 'no such name', AAAA: 'no such name' }],
    ['EAI_AGAIN', 'the server fails', { A: 'failure', AAAA: 'failure' }],
    ['EAI_AGAIN', 'the server fails for one family', { A: [], AAAA: 'failure' }],
    ['EAI_AGAIN', 'the server is silent', { A: 'silent', AAAA: 'silent' }],
  ])('is %s where %s', async (code, _, answers) => {
    names['none.test'] = answers;
    const { result, ms } = await timed(resolver()('none.test').catch((error: unknown) => error));
    expect(result).toMatchObject({ code });
    expect(ms).toBeLessThan(6_000);
  });

  it('is not resolved where it is none', async () => {
    for (const name of ['a..test', `${'x'.repeat(64)}.test`]) await expect(resolver()(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('is asked for once by all who ask at the same moment, and then anew', async () => {
    names['shared.test'] = { A: [FOUR] };
    const resolve = resolver();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => resolve(i % 2 === 0 ? 'shared.test' : 'Shared.test.')));
    expect([answers[19], server.asked.length]).toEqual([found(FOUR), 2]);
    names['shared.test'] = { A: ['9.9.9.9'] };
    expect([await resolve('shared.test'), server.asked.length]).toEqual([found('9.9.9.9'), 4]);
    names['shared.test'] = { A: 'failure', AAAA: 'failure' };
    await expect(resolve('shared.test')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    await expect(resolve('shared.test')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    expect(server.asked).toHaveLength(8);
  });

  it('that an operator allows is looked up as the machine does it, and no other', async () => {
    const local = expect.objectContaining({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) as string }) as unknown;
    expect(await resolver(['LocalHost'])('localhost')).toContainEqual(local);
    expect(server.asked).toEqual([]);
    await expect(resolver(['other'])('localhost')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(server.asked).toHaveLength(2);
  });
});

describe('a delivery', () => {
  it('goes to where the name leads, unless that is private', async () => {
    const listener = await startListener((response) => response.writeHead(204, { connection: 'close' }).end());
    names['listener.test'] = { A: ['127.0.0.1'] };
    const open = openSender({ resolve: resolver() });
    expect(await open.send(to('listener.test', listener.port))).toEqual({ kind: 'delivered' });
    const strict = openSender({ resolve: resolver(), rules: { allowed: new AllowedTargets([]), httpsOnly: false } });
    expect(await strict.send(to('listener.test', listener.port))).toEqual({ kind: 'failed', error: 'the target listener.test is not allowed' });
    names['listener.test'] = { A: [FOUR], AAAA: ['0:0:0:0:0:ffff:7f00:1'] };
    expect(await strict.send(to('listener.test', listener.port))).toEqual({ kind: 'failed', error: 'the target listener.test is not allowed' });
    expect(listener.connections()).toBe(1);
  });

  it('does not wait for name servers of others that are silent', async () => {
    const listener = await startListener((response) => response.writeHead(204, { connection: 'close' }).end());
    names['well.test'] = { A: ['127.0.0.1'] };
    const sender = openSender({ resolve: resolver(['127.0.0.1', 'localhost']), rules: { allowed: new AllowedTargets(['127.0.0.1', 'localhost']), httpsOnly: false } });
    const silent = Array.from({ length: 20 }, (_, i) => sender.send(to(`silent${i}.test`, listener.port)));
    // They are all under way before the others begin.
    for (let tries = 0; server.asked.length < 40 && tries < 100; tries++) await new Promise((done) => setTimeout(done, 10));
    expect(server.asked).toHaveLength(40);
    for (const host of ['well.test', 'localhost', 'well.test']) {
      const { result, ms } = await timed(sender.send(to(host, listener.port)));
      expect([host, result]).toEqual([host, { kind: 'delivered' }]);
      expect(ms).toBeLessThan(500);
    }
    const outcomes = await Promise.all(silent);
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome)))).toEqual(new Set(['{"kind":"failed","error":"the host name cannot be resolved at present"}']));
  });
});
