import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError, UnavailableError } from '../../src/errors.js';
import { openMongoStore } from '../../src/store/mongo-store.js';
import type { Store } from '../../src/store/store.js';
import { batch, change, creation, TYPE } from '../contract/store-fixtures.js';
import { binary } from '../support/binaries.js';
import { freePort } from '../support/ports.js';
import { startMongo, whenServers, type Server } from '../support/servers.js';
import { silent } from './embedded-harness.js';
import { until, whenUp } from './mongo-harness.js';

function open(url: string, onFatal: (error: Error) => void): Promise<Store> {
  return openMongoStore({ url, types: [{ name: TYPE, indexes: [] }], retentionMs: 3_600_000, queryTimeoutMs: 5000, log: silent, onFatal });
}

function failTest(error: Error): never {
  throw error;
}

whenServers('MongoDB store without its database', ['mongo'], () => {
  let server: Server;
  let store: Store;

  beforeEach(async () => {
    server = await startMongo();
    store = await open(server.url, failTest);
  }, 120_000);
  afterEach(async () => {
    await store.close();
    await server.stop();
  });

  it('goes down and comes up with it, and goes on without being opened again', async () => {
    await whenUp(store);
    await store.commit(batch({ writes: [creation('1')] }));
    await server.kill();
    await until(() => !store.status().up);
    expect(store.status()).toMatchObject({ why: expect.stringMatching(/./) as string });
    const uses = [
      store.commit(batch({ writes: [change('1', 1)] })),
      store.parked({}, 1),
      store.countParked({}),
      store.recordRetry('p', 0, { at: new Date(), command: 'c', edited: false }),
      store.dropParked(['p']),
      store.notes(['m']),
      store.writeNotes(['m'], 'alone'),
      store.removeNotes(['m']),
      store.readLog(0, 1, {}),
      store.readCommit('c'),
      store.scan(TYPE, '', 1),
    ];
    expect((await Promise.allSettled(uses)).filter(({ status }) => status === 'fulfilled')).toEqual([]);
    await server.restart();
    await whenUp(store);
    expect((await store.load(TYPE, ['1'])).get('1')?.revision).toBe(1);
    expect(await store.commit(batch({ writes: [change('1', 1)] }))).toBe('committed');
  }, 150_000);

  it('notices a server that hangs', async () => {
    await whenUp(store);
    await server.kill('SIGSTOP');
    await until(() => !store.status().up);
    await server.kill('SIGCONT');
    await whenUp(store);
    expect(await store.commit(batch({ writes: [creation('2')] }))).toBe('committed');
  }, 150_000);

  it('starts while it is away', async () => {
    await server.kill();
    const early = await open(server.url, failTest);
    expect(early.status().up).toBe(false);
    await expect(early.load(TYPE, ['1'])).rejects.toThrow(UnavailableError);
    await server.restart();
    await whenUp(early);
    expect(await early.commit(batch({ writes: [creation('3')] }))).toBe('committed');
    await early.close();
  }, 150_000);

  it('closes while it is away', async () => {
    await server.kill();
    const early = await open(server.url, failTest);
    await early.close();
    await server.restart();
  }, 150_000);
});

const mongod = binary('mongo');

(mongod === undefined ? describe.skip : describe)('MongoDB store on a standalone server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-standalone-'));
  let program: ChildProcess;

  afterEach(async () => {
    program.kill('SIGKILL');
    await once(program, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuses to start and says what helps', async () => {
    const port = await freePort();
    program = spawn(mongod ?? '', ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', folder, '--nounixsocket'], { stdio: 'ignore' });
    const fatal: Error[] = [];
    const store = await open(`mongodb://127.0.0.1:${port}/`, (error) => fatal.push(error));
    await until(() => fatal.length > 0);
    expect(fatal[0]).toBeInstanceOf(StartError);
    expect(fatal[0]?.message).toMatch(/--replSet .* rs\.initiate\(\)/);
    expect(store.status().up).toBe(false);
    await store.close();
    expect(fatal).toHaveLength(1);
  }, 60_000);
});
