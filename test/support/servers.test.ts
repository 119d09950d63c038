import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
import { withMongo } from './mongo-server.js';
import { sharedUrl, startMongo, startNats, startRabbit, whenServers, type Server } from './servers.js';

// RabbitMQ is started twice, on a machine that may be busy.
jest.setTimeout(180_000);

/** One thing that a server must still know after it was killed. */
interface Memory {
  write(url: string): Promise<void>;
  read(url: string): Promise<string | undefined>;
}

const inMongo: Memory = {
  write: (url) =>
    withMongo(url, async (client) => {
      // Fails on a server that is no replica set.
      await client.withSession((session) =>
        session.withTransaction(async () => {
          await client.db('servers').collection('memory').insertOne({ kept: 'yes' }, { session });
        }),
      );
    }),
  read: (url) =>
    withMongo(url, async (client) => {
      const found = await client.db('servers').collection<{ kept: string }>('memory').findOne();
      return found?.kept;
    }),
};

const inRabbit: Memory = {
  write: (url) =>
    withRabbit(url, async (connection) => {
      const channel = await connection.createConfirmChannel();
      await channel.assertExchange('memory', 'x-modulus-hash', { durable: true });
      await channel.assertQueue('memory', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      await channel.bindQueue('memory', 'memory', '');
      channel.publish('memory', 'key', Buffer.from('yes'), { persistent: true });
      await channel.waitForConfirms();
      // RabbitMQ 3.10 registers a new queue's log on disk twice a second; killed before that, it never finds the queue again.
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }),
  read: (url) =>
    withRabbit(url, async (connection) => {
      const channel = await connection.createChannel();
      const message = await channel.get('memory', { noAck: true });
      return message === false ? undefined : message.content.toString();
    }),
};

const inNats: Memory = {
  write: (url) =>
    withNats(url, async (connection) => {
      const manager = await jetstreamManager(connection);
      await manager.streams.add({ name: 'MEMORY', subjects: ['memory'], storage: StorageType.File });
      await jetstream(connection).publish('memory', 'yes');
    }),
  read: (url) =>
    withNats(url, async (connection) => {
      const manager = await jetstreamManager(connection);
      return (await manager.streams.getMessage('MEMORY', { last_by_subj: 'memory' }))?.string();
    }),
};

async function withRabbit<T>(url: string, use: (connection: Awaited<ReturnType<typeof connectAmqp>>) => Promise<T>): Promise<T> {
  const connection = await connectAmqp(url);
  connection.on('error', () => undefined);
  return use(connection).finally(() => connection.close());
}

async function withNats<T>(url: string, use: (connection: Awaited<ReturnType<typeof connectNats>>) => Promise<T>): Promise<T> {
  const connection = await connectNats({ servers: url, reconnect: false });
  return use(connection).finally(() => connection.close());
}

function privateServer(start: () => Promise<Server>, memory: Memory): void {
  it('keeps its data when it is killed and restarted, and serves no more when it is stopped', async () => {
    const server = await start();
    try {
      await memory.write(server.url);
      await server.kill();
      await expect(memory.read(server.url)).rejects.toThrow();
      await server.restart();
      expect(await memory.read(server.url)).toBe('yes');
    } finally {
      await server.stop();
    }
    await expect(memory.read(server.url)).rejects.toThrow();
  });
}

whenServers('private MongoDB', ['mongo'], () => privateServer(startMongo, inMongo));
whenServers('private RabbitMQ', ['rabbit'], () => privateServer(startRabbit, inRabbit));
whenServers('private NATS', ['nats'], () => privateServer(startNats, inNats));

whenServers('shared servers', ['mongo', 'rabbit', 'nats'], () => {
  it('are the same for every caller and serve', async () => {
    expect(sharedUrl('mongo')).toBe(sharedUrl('mongo'));
    await withMongo(sharedUrl('mongo'), (client) => client.db('admin').command({ ping: 1 }));
    await withRabbit(sharedUrl('rabbit'), (connection) => connection.createChannel());
    await withNats(sharedUrl('nats'), (connection) => connection.flush());
  });
});

whenServers('servers of a process that is killed', ['nats'], () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('end with it at %s', async (signal) => {
    const command = spawn(process.execPath, [join(__dirname, 'servers-cli.js'), 'start', 'nats'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await announcedPort(command.stdout);
    await expect(opens(port)).resolves.toBe(true);
    command.kill(signal);
    await once(command, 'exit');
    // The kernel delivers the parent's death at once, but the port closes a little later.
    for (let tries = 0; tries < 50 && (await opens(port)); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(opens(port)).resolves.toBe(false);
  });
});

async function announcedPort(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface(output)) {
    const port = /^export NATS_URL='nats:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('no BUS_URL was announced');
}

function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy().destroyed));
    socket.once('error', () => resolve(false));
  });
}
