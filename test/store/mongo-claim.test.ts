import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Store } from '../../src/store/store.js';
import { newSubscription } from '../contract/hub-fixtures.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { MongoHarness, openUntilUp } from './mongo-harness.js';

const DELAY_MS = 30;
const TTL_MS = 60_000;
const ids = Array.from({ length: 6 }, (_, i) => `s${i}`);

/** A long way to a server: everything arrives later, in both directions. */
async function startSlowWay(url: string): Promise<Server> {
  const { hostname: host, port } = new URL(url);
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (bytes: Buffer) => void setTimeout(DELAY_MS).then(() => to.write(bytes)));
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  };
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host, port: Number(port), noDelay: true });
    pass(near, far);
    pass(far, near);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

whenServers('claims of hubs on MongoDB, one of them far away', ['mongo'], () => {
  const database = `claims-${process.pid}`;
  let harness: MongoHarness;
  let way: Server;
  let near: Store;
  let far: Store;

  beforeAll(async () => {
    harness = new MongoHarness(sharedUrl('mongo'));
    near = await harness.open(database);
    for (const id of ids) await near.hub.register(newSubscription(id));
    way = await startSlowWay(sharedUrl('mongo'));
    const url = new URL(harness.urlOf(database));
    url.host = `127.0.0.1:${(way.address() as AddressInfo).port}`;
    // The addresses in the replica set's own description would lead past the slow way.
    url.search = 'directConnection=true';
    far = await openUntilUp(url.href);
  }, 60_000);

  afterAll(async () => {
    await far.close();
    await near.close();
    way.close();
    await harness.remove();
  });

  /** Each step of the slow claim is met by the other one, between it and the one before. */
  const moments = Array.from({ length: 10 }, (_, i) => i * 25);

  it.each(moments)('never have the same as those of a hub that joins %s ms after they began', async (ms) => {
    await expectAllHeldOnce(ms);
  });

  it.each(moments)('never have the same as those of a hub that was late and comes back %s ms after they began', async (ms) => {
    expect((await near.hub.claim('near', 1)).held).toHaveLength(ids.length);
    await setTimeout(5);
    await expectAllHeldOnce(ms);
  });

  async function expectAllHeldOnce(ms: number): Promise<void> {
    const slow = far.hub.claim('far', TTL_MS);
    await setTimeout(ms);
    const quick = await near.hub.claim('near', TTL_MS);
    const held = [...(await slow).held, ...quick.held].map(({ id }) => id);
    for (const hub of ['far', 'near']) await near.hub.leaveHub(hub);
    expect(held.sort()).toEqual(ids);
  }
});
