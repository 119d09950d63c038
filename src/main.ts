import { UsageError } from './command-line.js';
import { ConfigError, helpText, readConfig, type Config } from './config.js';
import { exitProcess } from './exit.js';
import { runService } from './service.js';
import { runTool } from './tool.js';
import { isTool, readTask, type Task } from './tool-arguments.js';

/** Without arguments the service; each operator's tool by its name. */
function main([argument, ...rest]: readonly string[]): void {
  let task: Task | undefined;
  try {
    if (isTool(argument)) task = readTask(argument, rest, new Date());
    else if (argument === '--help') task = { name: 'help', text: helpText() };
    else if (argument !== undefined) throw new UsageError(`unknown argument ${argument}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}; --help tells what there is\n`);
    process.exitCode = 2;
    return;
  }
  if (task?.name === 'help') {
    process.stdout.write(task.text);
    return;
  }
  const config = settings();
  if (!config) return;
  if (!task) runService(config);
  // A connection that is still being tried would keep the process.
  else void runTool(config, task).then(exitProcess);
}

function settings(): Config | undefined {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`Settings that are wrong (--help explains all):\n${error.problems.map((problem) => `  ${problem}\n`).join('')}`);
    process.exitCode = 2;
    return undefined;
  }
}

main(process.argv.slice(2));
