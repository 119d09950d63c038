import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { NatsPublisher } from '../../src/bus/nats-publisher.js';
import { repeatedEventHeaders } from '../../src/bus/nats-message.js';
import { UnroutableError } from '../../src/errors.js';
import { sharedUrl, whenServers } from '../support/servers.js';

const ROOT = `publisher-${process.pid}`;

whenServers('publishing to streams', ['nats'], () => {
  let connection: NatsConnection;
  let publisher: NatsPublisher;

  const publish = (subject: string, text = '{}'): Promise<void> => publisher.publish(`${ROOT}.${subject}`, Buffer.from(text), repeatedEventHeaders());
  const answering = (subject: string, answer?: string): void => {
    connection.subscribe(`${ROOT}.${subject}`, { callback: (_error, message) => void (answer !== undefined && message.respond(answer)) });
  };

  beforeEach(async () => {
    connection = await connect({ servers: sharedUrl('nats') });
    publisher = new NatsPublisher(connection);
    await (await jetstreamManager(connection)).streams.add({ name: ROOT, subjects: [`${ROOT}.two`], max_msgs: 2, discard: 'new', storage: 'memory' });
  });
  afterEach(async () => {
    const other = await connect({ servers: sharedUrl('nats') });
    await (await jetstreamManager(other)).streams.delete(ROOT);
    await Promise.all([other.close(), connection.close()]);
  });

  it('resolves what was stored, and says of each other why not', async () => {
    const outcomes = await Promise.allSettled(['two', 'two', 'two', 'nobody'].map((subject) => publish(subject)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    const [full, nobody] = outcomes.slice(2).map((outcome) => (outcome as PromiseRejectedResult).reason as Error);
    expect(full?.message).toBe(`NATS did not confirm ${ROOT}.two: maximum messages exceeded`);
    expect(nobody).toBeInstanceOf(UnroutableError);
    const { state } = await (await jetstreamManager(connection)).streams.info(ROOT);
    expect(state.messages).toBe(2);
  });

  it.each(['', 'no JSON', '5', '{}', '{"stream":""}'])('takes the answer %j of somebody who is no stream for no confirmation', async (answer) => {
    answering('other', answer);
    await connection.flush();
    await expect(publish('other')).rejects.toThrow(`NATS did not confirm ${ROOT}.other: its answer`);
  });

  it('rejects what waits when the connection is closed, and what comes after', async () => {
    answering('silent');
    await connection.flush();
    const waiting = [publish('silent'), publish('silent')];
    const outcomes = Promise.allSettled(waiting);
    await connection.close();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(publish('two')).rejects.toThrow(`NATS did not confirm ${ROOT}.two`);
  });

  it('gives up on each when its time is over', async () => {
    publisher = new NatsPublisher(connection, 600);
    answering('silent');
    await connection.flush();
    const began = performance.now();
    const givenUp = async (): Promise<number> => {
      await expect(publish('silent')).rejects.toThrow(`NATS did not confirm ${ROOT}.silent: no answer within 600 ms`);
      return performance.now() - began;
    };
    const first = givenUp();
    await pause(300);
    const second = givenUp();
    const [one, other] = await Promise.all([first, second]);
    expect(one).toBeGreaterThanOrEqual(595);
    expect(other).toBeGreaterThanOrEqual(895);
    expect(one).toBeLessThan(other);
  });
});
