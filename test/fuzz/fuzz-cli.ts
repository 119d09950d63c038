import { parseArgs } from 'node:util';
import { runHttp } from './http-run.js';
import { runMessages, type RunReport } from './message-run.js';

/** Fresh data after so many messages, so that neither memory nor disk grow with the count. */
const ROUND = 100_000;

const USAGE = 'npm run fuzz -- [--count N] [--seed S] [--http]: hostile messages, or requests, and what became of them as JSON; exit code 1 when something was found\n';

interface Wish {
  readonly count: number;
  readonly seed: number;
  readonly http: boolean;
}

async function main(): Promise<void> {
  const wish = read();
  if (!wish) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const { count, seed } = wish;
  const report = wish.http ? await runHttp(seed, count) : await inRounds(seed, count);
  process.stdout.write(`${JSON.stringify({ ...report, perSecond: Math.round(count / report.seconds) })}\n`);
  process.exitCode = report.findings.length === 0 ? 0 : 1;
}

/** Undefined when it is not well-formed. */
function read(): Wish | undefined {
  try {
    const { values } = parseArgs({ options: { count: { type: 'string', default: '20000' }, seed: { type: 'string', default: String(Date.now() % 2 ** 31) }, http: { type: 'boolean', default: false } } });
    const [count, seed] = [Number(values.count), Number(values.seed)];
    return Number.isInteger(count) && count > 0 && Number.isInteger(seed) ? { count, seed, http: values.http } : undefined;
  } catch {
    return undefined;
  }
}

/** Each round has a seed of its own, so that any of them can be run alone. */
async function inRounds(seed: number, count: number): Promise<RunReport> {
  let total: RunReport | undefined;
  for (let done = 0; total === undefined || (done < count && total.findings.length === 0); done += ROUND) {
    const report = await runMessages(seed + done / ROUND, 0, Math.min(ROUND, count - done));
    total = total ? added(total, report) : report;
    process.stderr.write(`${total.messages} messages, ${total.findings.length} findings, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB\n`);
  }
  return total;
}

function added(one: RunReport, other: RunReport): RunReport {
  return {
    seed: one.seed,
    messages: one.messages + other.messages,
    seconds: one.seconds + other.seconds,
    answered: sums(one.answered, other.answered),
    parked: sums(one.parked, other.parked),
    repeated: one.repeated + other.repeated,
    reused: one.reused + other.reused,
    events: one.events + other.events,
    resources: one.resources + other.resources,
    longestPauseMs: Math.max(one.longestPauseMs, other.longestPauseMs),
    findings: [...one.findings, ...other.findings],
  };
}

function sums(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
  return Object.fromEntries([...new Set([...Object.keys(one), ...Object.keys(other)])].map((key) => [key, (one[key] ?? 0) + (other[key] ?? 0)]));
}

void main();
