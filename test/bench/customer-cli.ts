import { parseArgs } from 'node:util';
import { runOrHelp } from './command-line.js';
import { measureView, viewLines } from './customer.js';
import { fillRoles } from './growth.js';
import { table } from './report.js';
import { serve } from './serving.js';
import { Deployment, openStage } from './stage.js';

const HELP = `Measures the view of a customer beside GET by id: the part of the growth section, alone and with fewer roles.

  --roles N    default 20000
  --rounds N   default 3
`;

const { values: options } = parseArgs({ options: { roles: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' }, help: { type: 'boolean', default: false } } });

async function main(): Promise<void> {
  const [roles, rounds] = [Number(options.roles), Number(options.rounds)];
  const stage = await openStage(['rabbitmq'], '2m');
  try {
    const deployment = await Deployment.prepare(stage, 'rabbitmq');
    await fillRoles(deployment.setting.storeUrl, roles);
    const found = new Map<string, number[]>();
    for (let round = 0; round < rounds; round += 1) {
      const { url, process: service } = await serve(deployment.setting);
      for (const [what, ms] of await measureView(url, roles, `customer-${round}`)) found.set(what, [...(found.get(what) ?? []), ms]);
      await service.stop();
    }
    process.stdout.write(`${table(viewLines((what) => found.get(what) ?? [], roles))}\n`);
    await deployment.close();
  } finally {
    await stage.close();
  }
}

runOrHelp(options.help, HELP, main);
