import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fetchNeeded } from '../support/fetch-needed.js';
import { startMongo, startNats, startRabbit } from '../support/servers.js';
import { startService, until, type Service } from '../support/service.js';
import { backlog, publishAmqp, publishNats } from './backlog.js';
import { MemoryWatch } from './memory.js';

const USAGE = `npm run outage -- --bus rabbitmq|nats --count N
  An outage of MongoDB while commands keep coming: how much memory the service takes, and whether every command is applied in
  order afterwards. Prints a line of JSON; exit code 1 when that is not so.
  --bus B      default rabbitmq
  --count N    commands that wait (default 100000)
`;

const PREFIX = 'tmf';
const STEPS = 5;
const PAGE = 1_000;
/** How long the outage goes on once the backlog is there. */
const HELD_MS = 5_000;
const RECOVERY_MS = 30 * 60_000;
/** What the service may take at most while commands wait, in MB. */
const MAX_MB = 200;

const { values } = parseArgs({ options: { bus: { type: 'string', default: 'rabbitmq' }, count: { type: 'string', default: '100000' }, help: { type: 'boolean', default: false } } });

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const roles = Math.floor(Number(values.count) / STEPS);
  const overNats = values.bus === 'nats';
  if (!(await fetchNeeded(['mongo', overNats ? 'nats' : 'rabbit']))) throw new Error('the servers cannot be had');
  const [bus, mongo] = await Promise.all([overNats ? startNats() : startRabbit(), startMongo()]);
  let service: Service | undefined;
  try {
    service = await startService({ BUS_URL: bus.url, STORE_URL: mongo.url, PREFIX, LOG_LEVEL: 'info', COUNT_MAX: '1000000' });
    const memory = new MemoryWatch(service.pid);
    const collection = `${service.url}/tmf-api/partyRoleManagement/v4/partyRole`;
    const status = async (path: string): Promise<number> => (await fetch(path)).status;

    const idleMb = memory.since();
    await mongo.kill();
    await until('the service has noticed', async () => (await status(`${service?.url}/health/ready`)) === 503);
    const publishing = Date.now();
    await (overNats ? publishNats : publishAmqp)(bus.url, PREFIX, backlog(roles, STEPS));
    const publishSeconds = (Date.now() - publishing) / 1000;
    await pause(HELD_MS);
    const away = { read: await status(collection), write: await statusOfWrite(collection), ready: await status(`${service.url}/health/ready`), live: await status(`${service.url}/health/live`) };
    const outageMb = memory.since();

    await mongo.restart();
    const recovering = Date.now();
    await until('every command is applied', async () => (await finished(collection)) >= roles, RECOVERY_MS);
    const recoverySeconds = (Date.now() - recovering) / 1000;
    const recoveryMb = memory.since();
    const inOrder = await rolesAtLastStep(collection);
    const parked = service.log.filter((line) => line['msg'] === 'message parked').length;
    const peakMb = memory.peak();
    memory.stop();
    const good = inOrder === roles && parked === 0 && outageMb < MAX_MB && away.read === 503 && away.write === 503 && away.ready === 503 && away.live === 200;
    process.stdout.write(`${JSON.stringify({ bus: values.bus, commands: roles * STEPS, roles, inOrder, parked, away, idleMb, outageMb, recoveryMb, peakMb, publishSeconds, recoverySeconds, good })}\n`);
    process.exitCode = good ? 0 : 1;
  } finally {
    await service?.stop();
    await Promise.all([bus.stop(), mongo.stop()]);
  }
}

async function statusOfWrite(collection: string): Promise<number> {
  return (await fetch(collection, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"a"}' })).status;
}

/** How many roles have had their last command. */
async function finished(collection: string): Promise<number> {
  await pause(500);
  const response = await fetch(`${collection}?step=${STEPS - 1}&limit=1&fields=none`).catch(() => undefined);
  return response?.ok === true ? Number(response.headers.get('x-total-count')) : 0;
}

/** A role is at its last step only if every command before it was applied in order: each names the revision that it expects. */
async function rolesAtLastStep(collection: string): Promise<number> {
  let count = 0;
  for (let offset = 0; ; offset += PAGE) {
    const page = (await (await fetch(`${collection}?sort=id&limit=${PAGE}&offset=${offset}`)).json()) as { step: number }[];
    count += page.filter(({ step }) => step === STEPS - 1).length;
    if (page.length < PAGE) return count;
  }
}

void main();
