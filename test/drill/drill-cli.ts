import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchNeeded } from '../support/fetch-needed.js';
import { folderOf, runDrill } from './drill.js';
import { runEmbeddedDrill } from './embedded-drill.js';
import { kinds, SET_KINDS, type Kind } from './harms.js';

const USAGE = `npm run drill -- --bus rabbitmq|nats|embedded --cycles N --seed S
  Starts servers and workers of its own, puts them under load, kills, freezes and cuts off N times, and checks that no
  command was lost, doubled or reordered. Prints a report as JSON; exit code 1 when something was found.
  --kinds LIST     what is done, with commas between; default: all that the bus and the number of members allow
                   ${kinds.join(', ')}
  --members 1|3    of the MongoDB replica set (default 1); ${[...SET_KINDS].join(' and ')} need 3, proxy needs 1
  --rate N         commands a second (default 150)
  --roles N        role ids in use at a time (default 20)
  --freeze S       how long something is frozen, in seconds (default 30)
  --set NAME=VALUE one more setting of the workers; may be repeated: PREFETCH, BATCH_MAX, LANES …
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      bus: { type: 'string' },
      cycles: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      kinds: { type: 'string' },
      members: { type: 'string', default: '1' },
      rate: { type: 'string', default: '150' },
      roles: { type: 'string', default: '20' },
      freeze: { type: 'string', default: '30' },
      set: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  const { bus } = values;
  if (values.help || (bus !== 'rabbitmq' && bus !== 'nats' && bus !== 'embedded')) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  if (bus !== 'embedded' && !(await fetchNeeded())) return 2;
  const members = values.members === '3' ? 3 : 1;
  const [cycles, seed] = [Number(values.cycles), Number(values.seed)];
  const folder = folderOf(join(tmpdir(), 'party-role-drills'), bus, seed);
  const log = (line: string): boolean => process.stderr.write(`${line}\n`);
  log(`logs in ${folder}`);
  const report =
    bus === 'embedded'
      ? await runEmbeddedDrill({ cycles, seed, folder, log })
      : await runDrill({
          ...{ bus, cycles, seed, members, folder, log },
          kinds: values.kinds === undefined ? possibleWith(members) : kindsOf(values.kinds),
          rate: Number(values.rate),
          roles: Number(values.roles),
          freezeMs: Number(values.freeze) * 1000,
          settings: Object.fromEntries(values.set.map((text) => text.split('=', 2) as [string, string])),
        });
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  return report.findings.length === 0 ? 0 : 1;
}

function possibleWith(members: 1 | 3): Kind[] {
  return kinds.filter((kind) => (members === 3 ? kind !== 'proxy' : !SET_KINDS.has(kind)));
}

function kindsOf(list: string): Kind[] {
  return list.split(',').map((name) => {
    const kind = kinds.find((known) => known === name);
    if (kind === undefined) throw new Error(`--kinds: "${name}" is none of ${kinds.join(', ')}`);
    return kind;
  });
}

void main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(2);
  },
);
