import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import type { Recipe } from './local-server.js';
import { freePort } from './ports.js';

/** Content of `enabled_plugins`: the lanes' exchange type `x-modulus-hash` comes from this plugin, and from RabbitMQ 4.3 on from the core. */
export const ENABLED_PLUGINS = '[rabbitmq_sharding].';

export function rabbitUrl(port: number): string {
  return `amqp://guest:guest@127.0.0.1:${port}`;
}

const consoles = new Map<string, { readonly program: string; readonly node: string; readonly env: Readonly<Record<string, string>> }>();

/** What an operator does with `rabbitmqctl` on a server that was started from a program of this machine. */
export async function rabbitmqctl(url: string, ...args: string[]): Promise<void> {
  const console = consoles.get(url);
  if (!console) throw new Error(`${url} is not a server of this process`);
  await promisify(execFile)(console.program, ['-n', console.node, ...args], { env: { ...process.env, ...console.env } });
}

/** A node of its own, with its own name, Erlang cookie and port mapper (epmd), so that any number run side by side and beside a system service. */
export async function rabbitRecipe(rabbitmqServer: string, folder: string): Promise<Recipe> {
  const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'enabled_plugins'), `${ENABLED_PLUGINS}\n`);
  await writeFile(join(folder, 'rabbitmq.conf'), `listeners.tcp.local = 127.0.0.1:${port}\n`);
  // The machine's own settings are those of its service.
  const erlang = { HOME: folder, RABBITMQ_CONF_ENV_FILE: join(folder, 'none'), ERL_EPMD_PORT: String(epmd), ERL_EPMD_ADDRESS: '127.0.0.1' };
  const node = `test${port}@localhost`;
  consoles.set(rabbitUrl(port), { program: join(dirname(rabbitmqServer), 'rabbitmqctl'), node, env: erlang });
  return {
    url: rabbitUrl(port),
    ready: () => declareLanes(rabbitUrl(port)),
    companion: {
      launch: { command: 'epmd', args: ['-address', '127.0.0.1', '-port', String(epmd)], env: erlang },
      ready: () => accepts(epmd),
    },
    server: {
      command: rabbitmqServer,
      args: [],
      env: {
        ...erlang,
        RABBITMQ_NODENAME: node,
        RABBITMQ_DIST_PORT: String(distribution),
        RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
        RABBITMQ_MNESIA_BASE: join(folder, 'data'),
        RABBITMQ_LOG_BASE: folder,
        RABBITMQ_LOGS: '-',
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
        // The start script then becomes the Erlang VM instead of waiting for it, so signals reach the broker itself.
        detached: 'true',
      },
    },
  };
}

/** @throws while the broker does not accept connections or lacks the exchange type of the lanes. */
export async function declareLanes(url: string): Promise<void> {
  const connection = await connect(url, { timeout: 5000 });
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    const exchange = `probe-${process.pid}-${Date.now()}`;
    await channel.assertExchange(exchange, 'x-modulus-hash', { durable: false });
    await channel.deleteExchange(exchange);
  } finally {
    await connection.close().catch(() => undefined);
  }
}

async function accepts(port: number): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}
