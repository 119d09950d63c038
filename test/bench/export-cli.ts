import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MemoryWatch } from '../outage/memory.js';
import { runOrHelp } from './command-line.js';
import { fillRoles } from './growth.js';
import { table } from './report.js';
import { openStage } from './stage.js';

const LEAST_ROLES = 10_000;

const HELP = `Measures the export of many roles from MongoDB, by the tool in a process of its own, and whether its memory grows with them.
Starts its own MongoDB.

  --roles N    default 100000, at least ${LEAST_ROLES}
  --rounds N   default 3
`;

/** Where the peak is read: not at the very end, since of a process that is gone the kernel tells nothing. */
const [EARLY, LATE] = [0.1, 0.95];
const NEWLINE = 10;
const MAIN = join(__dirname, '../../src/main.js');

const { values: options } = parseArgs({ options: { roles: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' }, help: { type: 'boolean', default: false } } });

interface Run {
  /** From the start of the process to its end. */
  readonly perSecond: number;
  /** MB that it had resident at most, until this share of the lines was read. */
  readonly peaks: readonly [early: number, late: number];
}

/** @throws Error when it is not one line for each role. */
async function measureExport(storeUrl: string, roles: number): Promise<Run> {
  const begun = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN, 'export', '--resource', 'partyRole'], { env: { PATH: process.env['PATH'], STORE_URL: storeUrl }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const memory = new MemoryWatch(child.pid ?? 0);
  const peaks: [number, number] = [0, 0];
  let lines = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
      if (peaks[0] === 0 && lines >= EARLY * roles) peaks[0] = memory.peak();
      if (peaks[1] > 0 || lines < LATE * roles) continue;
      peaks[1] = memory.peak();
      memory.stop();
    }
  } finally {
    memory.stop();
  }
  const [code] = await ended;
  if (code !== 0 || lines !== roles) throw new Error(`export ended with ${code} after ${lines} lines of ${roles}`);
  return { perSecond: (lines * 1_000) / (performance.now() - begun), peaks };
}

async function main(): Promise<void> {
  const [roles, rounds] = [Number(options.roles), Number(options.rounds)];
  if (!(roles >= LEAST_ROLES) || !(rounds >= 1)) throw new Error(`--roles must be ${LEAST_ROLES} or more, --rounds 1 or more`);
  const stage = await openStage([], '2m');
  try {
    const storeUrl = new URL(stage.mongo.url);
    storeUrl.pathname = '/export';
    await fillRoles(storeUrl.href, roles);
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round += 1) runs.push(await measureExport(storeUrl.href, roles));
    const memory = (share: number, index: 0 | 1) => ({ section: 'growth', what: `export of ${roles} roles: memory until ${100 * share} % are written`, unit: 'MB', values: runs.map(({ peaks }) => peaks[index]) }) as const;
    process.stdout.write(`${table([{ section: 'growth', what: `export of ${roles} roles: lines`, unit: '1/s', values: runs.map(({ perSecond }) => perSecond) }, memory(EARLY, 0), memory(LATE, 1)])}\n`);
  } finally {
    await stage.close();
  }
}

runOrHelp(options.help, HELP, main);
