import { openBus, openStore } from '../../src/adapters.js';
import { readConfig } from '../../src/config.js';
import { runTool } from '../../src/tool.js';
import { isTool, readTask } from '../../src/tool-arguments.js';
import { faulty } from './faults.js';

/** The command line as it is, but it hangs where it would record its first retry, and says so; whoever started it kills it there. */
const [tool, ...args] = process.argv.slice(2);
if (!isTool(tool)) throw new Error('which tool?');
const task = readTask(tool, args, new Date());
if (task.name === 'help') throw new Error('which task?');
const hang = (): Promise<never> => {
  process.stdout.write('sent\n');
  return new Promise(() => undefined);
};
const hangingStore: typeof openStore = async (...options) => faulty(await openStore(...options), { recordRetry: hang });
void runTool(readConfig(), task, { openStore: hangingStore, openBus });
