import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { readConfig, settingList } from '../src/config.js';
import { projectFolder } from './support/binaries.js';
import { images } from './support/containers.js';
import { REPLICA_SET } from './support/mongo-server.js';
import { JETSTREAM_CONFIG } from './support/nats-server.js';
import { ENABLED_PLUGINS } from './support/rabbit-server.js';

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly ports: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<'rabbitmq' | 'nats' | 'mongo' | 'worker', Service>>;
  readonly configs: Readonly<Record<'rabbitmq-plugins' | 'jetstream', { readonly content: string }>>;
}

const read = (file: string): string => readFileSync(join(projectFolder, file), 'utf8');
const compose = parse(read('docker-compose.yml')) as Compose;
const { rabbitmq, nats, mongo, worker } = compose.services;
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
const instructions = (name: string): string[] =>
  dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
const names = settingList.map(({ name }) => name);

describe('docker-compose.yml', () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(
    JSON.parse(read('test/support/compose-spec.json')) as object,
  );

  it('follows the Compose Specification', () => {
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  it('would not pass with a misspelt key', () => {
    expect(validate({ services: { nats: { image: 'nats', helthcheck: {} } } })).toBe(false);
  });

  it('runs what the tests run', () => {
    expect({ rabbit: rabbitmq.image, nats: nats.image, mongo: mongo.image }).toEqual(images);
    expect(compose.configs['rabbitmq-plugins'].content.trim()).toBe(ENABLED_PLUGINS);
    expect(compose.configs.jetstream.content.trim()).toBe(JETSTREAM_CONFIG);
    expect(mongo.command).toEqual(expect.arrayContaining(['--replSet', REPLICA_SET]));
    expect(mongo.healthcheck?.test.at(-1)).toContain(`_id: '${REPLICA_SET}'`);
    expect(worker.environment?.['STORE_URL']).toContain(`replicaSet=${REPLICA_SET}`);
  });

  it('is reachable from this machine alone', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports);
    expect(ports).toHaveLength(4);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('starts the worker once every server is healthy', () => {
    for (const service of ['rabbitmq', 'nats', 'mongo'] as const) {
      expect(compose.services[service].healthcheck?.test[0]).toBe('CMD');
      expect(worker.depends_on?.[service]?.condition).toBe('service_healthy');
    }
  });

  it('gives the worker settings that it knows and takes', () => {
    const environment = worker.environment ?? {};
    expect(names).toEqual(expect.arrayContaining(Object.keys(environment)));
    const defaults = Object.entries(environment).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]);
    expect(readConfig(Object.fromEntries(defaults) as Record<string, string>).storeUrl).toContain('mongo:27017');
  });
});

describe('Dockerfile', () => {
  it('runs the worker as a user without privileges', () => {
    expect(instructions('USER')).toEqual(['node']);
    const main = (JSON.parse(read('package.json')) as { main: string }).main;
    expect(JSON.parse(instructions('CMD').at(-1) ?? 'null')).toEqual(['node', '--enable-source-maps', '--heap-growing-percent=50', main]);
  });

  it('asks the worker whether it is alive', () => {
    expect(instructions('HEALTHCHECK').join()).toContain('/health/live');
  });

  it('sets only what the worker knows', () => {
    const set = instructions('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=')[0]));
    expect(set).toContain('HOST');
    expect([...names, 'NODE_ENV']).toEqual(expect.arrayContaining(set));
  });
});
