import { spawnSync } from 'node:child_process';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers';
import { becomePrimary, mongoUrl, REPLICA_SET } from './mongo-server.js';
import { answersJetStream, JETSTREAM_CONFIG, natsUrl } from './nats-server.js';
import { freePort } from './ports.js';
import { declareLanes, ENABLED_PLUGINS, rabbitUrl } from './rabbit-server.js';
import { eventually, type Kind, type Server } from './server.js';

/** The images of the tests and of docker-compose.yml. RabbitMQ 4.0 to 4.2 may move keys to other lanes at a restart; 4.3 does not. */
export const images = { mongo: 'mongo:8', rabbit: 'rabbitmq:4.3', nats: 'nats:2-alpine' } as const;

interface Recipe {
  readonly url: string;
  /** The port inside the container. */
  readonly inner: number;
  readonly command?: string[];
  readonly file?: { readonly target: string; readonly content: string };
  readonly ready: () => Promise<void>;
}

/** Whether a Docker engine answers on this machine. */
export function dockerAnswers(): boolean {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 5000 }).status === 0;
}

export async function startContainer(kind: Kind): Promise<Server> {
  const port = await freePort();
  const { url, inner, command, file, ready } = recipe(kind, port);
  // The host's port is fixed, or a restart would move it.
  let container = new GenericContainer(images[kind]).withExposedPorts({ container: inner, host: port });
  if (command !== undefined) container = container.withCommand(command);
  if (file !== undefined) container = container.withCopyContentToContainer([file]);
  const started = await container.start();
  await eventually(images[kind], ready);
  return server(started, url, () => eventually(images[kind], ready));
}

function recipe(kind: Kind, port: number): Recipe {
  switch (kind) {
    case 'mongo':
      return {
        url: mongoUrl(port),
        // The same number inside and outside: the replica set hands it to clients and uses it itself.
        inner: port,
        command: ['mongod', '--replSet', REPLICA_SET, '--bind_ip_all', '--port', String(port)],
        ready: () => becomePrimary(port),
      };
    case 'rabbit':
      return {
        url: rabbitUrl(port),
        inner: 5672,
        file: { target: '/etc/rabbitmq/enabled_plugins', content: ENABLED_PLUGINS },
        ready: () => declareLanes(rabbitUrl(port)),
      };
    case 'nats':
      return {
        url: natsUrl(port),
        inner: 4222,
        command: ['-c', '/etc/jetstream.conf', '-js', '-sd', '/data'],
        file: { target: '/etc/jetstream.conf', content: JETSTREAM_CONFIG },
        ready: () => answersJetStream(natsUrl(port)),
      };
  }
}

function server(container: StartedTestContainer, url: string, ready: () => Promise<void>): Server {
  return {
    url,
    stop: async () => {
      await container.stop({ remove: true, removeVolumes: true });
    },
    kill: async (signal = 'SIGKILL') => {
      const engine = await getContainerRuntimeClient();
      const handle = engine.container.getById(container.getId());
      await handle.kill({ signal });
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await handle.wait();
    },
    restart: async () => {
      await container.restart();
      await ready();
    },
  };
}
