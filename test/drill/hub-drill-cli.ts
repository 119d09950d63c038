import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchNeeded } from '../support/fetch-needed.js';
import { folderOf } from './drill.js';
import { runHubDrill } from './hub-drill.js';

const USAGE = `npm run drill:hub -- --seconds N --seed S
  Twenty listeners (fast, slow, failing at random, dead for a while, hanging, answering garbage) and two hubs, one of which is killed
  every few seconds. Checks that no event was lost or reordered for any of them. Prints a report as JSON; exit code 1 when something was found.
  --rate N    commands a second (default 50)
  --dead N    how many seconds the dead ones are dead (default 60)
`;

async function main(): Promise<number> {
  const text = (fallback: string): { readonly type: 'string'; readonly default: string } => ({ type: 'string', default: fallback });
  const { values } = parseArgs({ options: { seconds: text('120'), seed: text('1'), rate: text('50'), dead: text('60'), help: { type: 'boolean', default: false } } });
  if (values.help) {
    process.stderr.write(USAGE);
    return 0;
  }
  if (!(await fetchNeeded(['mongo', 'rabbit']))) return 2;
  const [seconds, seed, rate, deadSeconds] = [values.seconds, values.seed, values.rate, values.dead].map(Number) as [number, number, number, number];
  const folder = folderOf(join(tmpdir(), 'party-role-drills'), 'hub', seed);
  const log = (line: string): boolean => process.stderr.write(`${line}\n`);
  log(`logs in ${folder}`);
  const report = await runHubDrill({ seconds, seed, rate, deadSeconds, folder, log });
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  return report.findings.length === 0 ? 0 : 1;
}

void main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(2);
  },
);
