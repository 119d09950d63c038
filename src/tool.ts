import { readFileSync } from 'node:fs';
import { destination as fileDescriptor, pino, type Logger } from 'pino';
import { openBus, openStore, type Ports } from './adapters.js';
import { apiPath, schemaPath } from './api-paths.js';
import type { Bus } from './bus/bus.js';
import type { Config } from './config.js';
import { DeadLetters } from './dead-letters.js';
import { runDemo } from './demo/demo.js';
import { textOf } from './errors.js';
import { exitProcess } from './exit.js';
import { definitions } from './handlers/index.js';
import { schemaUris } from './handlers/notification.js';
import { representationOf } from './handlers/representation.js';
import { forgettingAll } from './handlers/secret-bodies.js';
import { runDeliveryTask, runHubTask } from './hub-tool.js';
import type { JsonObject } from './json.js';
import { Lifecycle } from './lifecycle.js';
import { countsOf, detailsOf, outcomeView, summaryOf } from './parked-view.js';
import { replay, snapshot, type Place, type ReplayProgress } from './replay.js';
import type { Store } from './store/store.js';
import type { Task } from './tool-arguments.js';
import { ToolError } from './tool-error.js';
import { OpenPorts } from './tool-ports.js';
import { report, showAll, type Print } from './tool-report.js';
import { runExport } from './transfer/export-tool.js';
import { runImport } from './transfer/import-tool.js';

/** Between two lines about the progress. */
const PROGRESS_EVENTS = 1_000;

const STDERR = 2;
const STOP_FIRST = 'stop the service as long as the export takes, or read the lists over REST';

type Work = Exclude<Task, { name: 'help' }>;
type Operation = Extract<Work, { name: 'dlq list' | 'dlq show' | 'dlq retry' | 'dlq drop' | 'replay' | 'snapshot' }>;

/** Does one task on the bus and database of the settings, prints JSON lines, and answers the exit code. It consumes nothing. */
export async function runTool(config: Config, task: Work, ports: Ports = { openStore, openBus }): Promise<number> {
  const log = pino({ level: 'warn', base: { pid: process.pid } }, fileDescriptor({ dest: STDERR, sync: true }));
  const lifecycle = new Lifecycle(log);
  // A reader such as head may have enough; what was done is recorded.
  process.stdout.on('error', () => exitProcess(1));
  try {
    const open = new OpenPorts(config, ports, lifecycle, log, insteadOf(task));
    return await perform(config, task, open, log, (line) => process.stdout.write(`${JSON.stringify(line)}\n`));
  } catch (error) {
    process.stderr.write(`${task.name}: ${textOf(error)}\n`);
    return 1;
  } finally {
    await lifecycle.close();
  }
}

async function perform(config: Config, task: Work, ports: OpenPorts, log: Logger, print: Print): Promise<number> {
  switch (task.name) {
    case 'import':
      return runImport(config, task, ports, print, process.stderr);
    case 'export':
      return runExport(config, task, await ports.store(), process.stdout);
    case 'demo':
      return runDemo(config, task, ports);
    case 'dlq list':
    case 'dlq show':
    case 'dlq retry':
    case 'dlq drop':
    case 'replay':
    case 'snapshot':
      return operate(config, task, ports, print);
    case 'dlq list --deliveries':
    case 'dlq show --deliveries':
    case 'dlq retry --deliveries':
    case 'dlq drop --deliveries':
      return runDeliveryTask(config, task, ports, log, print);
    case 'hub list':
    case 'hub show':
    case 'hub suspend':
    case 'hub resume':
    case 'hub remove':
      return runHubTask(config, task, ports, print);
  }
}

/** What to do where bus or database live inside the service. */
function insteadOf({ name }: Work): string {
  if (name === 'export') return STOP_FIRST;
  const path = name.startsWith('hub ') ? 'subscriptions use /admin/hub' : name.endsWith('--deliveries') ? 'parked deliveries use /admin/deliveries' : 'dead letters use /admin/parked';
  return `for ${path} of the running service instead (setting ADMIN_TOKEN)`;
}

async function operate(config: Config, task: Operation, ports: OpenPorts, print: Print): Promise<number> {
  const store = await ports.store();
  const letters = new DeadLetters(store);
  switch (task.name) {
    case 'dlq list': {
      const page = await letters.list(task.filter, task.limit, summaryOf);
      for (const message of page.messages) print(message);
      print({ ...countsOf(page), shown: page.messages.length });
      return 0;
    }
    case 'dlq show':
      return showAll(task.ids, (id) => letters.find(id), (message) => detailsOf(message, definitions(config)), 'no parked message has this id', print);
    case 'dlq retry': {
      // Read before anything is opened or sent.
      const body = task.bodyFile === undefined ? {} : { body: forgettingAll(readFileSync(task.bodyFile), definitions(config)) };
      const bus = task.dryRun ? {} : { bus: await ports.bus(store) };
      return report(letters.retry(task.filter, task.limit, { ...bus, ...body, now: () => new Date() }), outcomeView, print);
    }
    case 'dlq drop':
      return report(letters.drop(task.filter, task.limit, { dryRun: task.dryRun, now: () => new Date() }), outcomeView, print);
    case 'replay':
      return reportReplay(replay(store, await ports.bus(store), task.filter, task.destination), print);
    case 'snapshot':
      return reportSnapshots(config, task.resources, store, await ports.bus(store), task.destination, print);
  }
}

async function reportReplay(pages: AsyncIterable<ReplayProgress>, print: Print): Promise<number> {
  let done: ReplayProgress | undefined;
  let told = 0;
  try {
    for await (const progress of pages) {
      done = progress;
      if (progress.published - told < PROGRESS_EVENTS) continue;
      told = progress.published;
      print({ published: told, position: progress.last.position });
    }
  } catch (error) {
    print(replayTotals(done));
    throw new ToolError(`stopped: ${textOf(error)}. ${done ? `Everything up to position ${done.last.position} is published: go on with --after ${done.last.position}` : 'Some events may have been published'}`);
  }
  print(replayTotals(done));
  return 0;
}

function replayTotals(done: ReplayProgress | undefined): JsonObject {
  const place = ({ position, at }: Place): JsonObject => ({ position, at: at.toISOString() });
  if (!done) return { published: 0 };
  const { published, first, last, logBegins } = done;
  return { published, first: place(first), last: place(last), ...(logBegins ? { note: 'the log begins here; what was before is no longer kept' } : {}) };
}

async function reportSnapshots(config: Config, resources: readonly string[], store: Store, bus: Bus, destination: string | undefined, print: Print): Promise<number> {
  const representation = representationOf((definition) => config.publicUrl + apiPath(config.basePath, definition));
  const schemaUri = schemaUris(config.publicUrl, (definition, schema) => schemaPath(config.basePath, definition, schema));
  for (const definition of definitions(config).filter(({ name }) => resources.includes(name))) {
    const options = { definition, representation, source: config.eventSource, schemaUri, now: () => new Date() };
    let published = 0;
    let told = 0;
    try {
      for await (published of snapshot(store, bus, options, destination)) {
        if (published - told < PROGRESS_EVENTS) continue;
        told = published;
        print({ resource: definition.name, published });
      }
    } catch (error) {
      throw new ToolError(`stopped after ${published} of ${definition.name}: ${textOf(error)}. Run it again: a snapshot of the same state has the same id`);
    }
    print({ resource: definition.name, published, done: true });
  }
  return 0;
}
