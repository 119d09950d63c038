import { MongoClient } from 'mongodb';
import type { BacklogCommand } from '../outage/backlog.js';
import { freePort } from '../support/ports.js';
import { until } from '../support/service.js';
import { EXPRESS_PATH } from './baselines/express-server.js';
import type { RoleDocument } from './baselines/role-change.js';
import { LoadGenerator, type Load, type LoadResult } from './http-load.js';
import { OPERATIONS, storedRole, type Operation } from './http-requests.js';
import { inTurn } from './in-turn.js';
import { cpuMicroseconds, run, type Running, type Setting } from './process.js';
import type { Line, Target } from './report.js';
import { isOk, serve } from './serving.js';
import { Deployment, type Stage } from './stage.js';

const START_MS = 30_000;
/** Before all rounds each server meets each kind of request: code is compiled while it runs. */
const COMPILE_MS = 300;
/** The concurrency at which the targets count. */
const JUDGED = 50;

const SIZES = {
  short: { concurrencies: [JUDGED], roles: 2_000, warmUpMs: 150, measuredMs: 800 },
  full: { concurrencies: [1, 10, JUDGED, 200], roles: 10_000, warmUpMs: 400, measuredMs: 2_500 },
} as const;

const TARGETS: Readonly<Partial<Record<Operation, { readonly perSecond: Target; readonly p99?: Target }>>> = {
  POST: { perSecond: { atLeast: 1, soFar: 0.62 }, p99: { atMost: 1.5 } },
  GET: { perSecond: { atLeast: 0.9 } },
};

type Side = 'service' | 'Express';

/** With the CPU time of a request in the processes that it takes. */
interface Measured extends LoadResult {
  readonly serverMicroseconds: number;
  readonly mongodMicroseconds: number;
  readonly brokerMicroseconds: number;
}

interface Server {
  readonly side: Side;
  readonly url: string;
  readonly process: Running;
}

/**
 * The REST adapter and the worker in one process, on RabbitMQ and MongoDB, beside a plain Express server.
 * Both are asked the same in turn, in every round, by a load generator that keeps a fixed number of requests under way.
 */
export async function restSection(stage: Stage, { rounds, full }: { rounds: number; full: boolean }): Promise<Line[]> {
  const { concurrencies, ...size } = full ? SIZES.full : SIZES.short;
  const deployments = [await Deployment.prepare(stage, 'rabbitmq'), await Deployment.prepare(stage, 'rabbitmq')] as const;
  const servers: Server[] = [];
  const load = new LoadGenerator();
  try {
    servers.push(await startService(deployments[0], size.roles), await startExpress(deployments[1].setting, size.roles));
    for (const operation of OPERATIONS) {
      for (const { url } of servers) await load.run({ url, operation, concurrency: JUDGED, roles: size.roles, warmUpMs: 0, measuredMs: COMPILE_MS });
    }
    const results = new Map<string, Measured[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const concurrency of concurrencies) {
        for (const operation of OPERATIONS) {
          for (const { side, url, process } of inTurn(servers, round)) {
            const key = keyOf(operation, concurrency, side);
            results.set(key, [...(results.get(key) ?? []), await measured(load, { url, operation, concurrency, ...size }, { server: process.pid, ...deployments[0].pids })]);
          }
        }
      }
    }
    return concurrencies.flatMap((concurrency) => OPERATIONS.flatMap((operation) => linesOf(results, operation, concurrency)));
  } finally {
    await load.close();
    await Promise.all(servers.map((server) => server.process.stop()));
    for (const deployment of deployments) await deployment.close();
  }
}

async function measured(generator: LoadGenerator, load: Load, pids: Deployment['pids'] & { readonly server: number }): Promise<Measured> {
  const before = { server: cpuMicroseconds(pids.server), mongod: cpuMicroseconds(pids.mongod), broker: cpuMicroseconds(pids.broker) };
  const result = await generator.run(load);
  const requests = (result.perSecond * (load.warmUpMs + load.measuredMs)) / 1000;
  const each = (of: keyof typeof pids): number => (cpuMicroseconds(pids[of]) - before[of]) / requests;
  return { ...result, serverMicroseconds: each('server'), mongodMicroseconds: each('mongod'), brokerMicroseconds: each('broker') };
}

function keyOf(operation: Operation, concurrency: number, side: Side): string {
  return `${operation}, ${concurrency} at once: ${side}`;
}

function linesOf(results: ReadonlyMap<string, readonly Measured[]>, operation: Operation, concurrency: number): Line[] {
  const of = (side: Side, figure: keyof Measured): number[] => (results.get(keyOf(operation, concurrency, side)) ?? []).map((result) => result[figure]);
  const figures = (['service', 'Express'] as const).flatMap((side): Line[] => {
    const what = keyOf(operation, concurrency, side);
    return [
      { section: 'REST', what, unit: '1/s', values: of(side, 'perSecond') },
      { section: 'REST', what: `${what}, p50`, unit: 'ms', values: of(side, 'p50') },
      { section: 'REST', what: `${what}, p99`, unit: 'ms', values: of(side, 'p99') },
      { section: 'REST', what: `${what}, CPU of its process`, unit: 'µs', values: of(side, 'serverMicroseconds') },
      { section: 'REST', what: `${what}, CPU of mongod`, unit: 'µs', values: of(side, 'mongodMicroseconds') },
      ...(side === 'service' ? [{ section: 'REST', what: `${what}, CPU of RabbitMQ`, unit: 'µs', values: of(side, 'brokerMicroseconds') } as const] : []),
    ];
  });
  const ratio = (figure: keyof LoadResult, target: Target | undefined): Line => {
    const express = of('Express', figure);
    const what = `${operation}, ${concurrency} at once: service ÷ Express${figure === 'perSecond' ? '' : `, ${figure}`}`;
    const values = of('service', figure).map((value, round) => value / (express[round] ?? NaN));
    return { section: 'REST', what, unit: '×', values, ...(target ? { target } : {}) };
  };
  const targets = concurrency === JUDGED ? TARGETS[operation] : undefined;
  return [...figures, ratio('perSecond', targets?.perSecond), ratio('p99', targets?.p99)];
}

async function startService(deployment: Deployment, roles: number): Promise<Server> {
  const { setting, sink } = deployment;
  const { url, process } = await serve(setting);
  await deployment.queue(creations(roles));
  await until('the service has its roles', async () => (await sink.count()) === roles, START_MS);
  return { side: 'service', url, process };
}

function* creations(roles: number): Generator<BacklogCommand> {
  for (let number = 0; number < roles; number += 1) {
    const role = `role-${number}`;
    const attributes = { specversion: '1.0', id: role, source: '/bench', type: 'org.tmforum.partyRole.create', subject: role };
    yield { role, attributes, contentType: 'application/json', body: JSON.stringify(storedRole(number, roles)) };
  }
}

async function startExpress(setting: Setting, roles: number): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${EXPRESS_PATH}`;
  const process = run('express', setting, { PORT: String(port) });
  await until('Express is ready', () => isOk(url), START_MS);
  const client = new MongoClient(setting.storeUrl);
  const documents = Array.from({ length: roles }, (_, number) => {
    const { id, ...role } = storedRole(number, roles);
    return { _id: String(id), ...role };
  });
  await client.db().collection<RoleDocument>('roles').insertMany(documents);
  await client.close();
  return { side: 'Express', url, process };
}
