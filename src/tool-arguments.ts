import { read, UsageError, withoutIds, type Words } from './command-line.js';
import { Refusal } from './errors.js';
import { definitions, resourceNames } from './handlers/index.js';
import { DELIVERIES_HELP, deliveryTask, HUB_HELP, hubTask, type DeliveryTask, type HubTask } from './hub-arguments.js';
import { countOf, LIST_DEFAULT, LIST_MAX, listedFilter, parkedFilter, SELECTORS, timeOf } from './parked-selection.js';
import type { ReplayFilter } from './replay.js';
import type { ParkedFilter } from './store/store.js';
import { readTransfer, TRANSFER_HELP, type TransferTask } from './transfer/transfer-arguments.js';

/** What the command line asks for, checked. */
export type Task =
  | { readonly name: 'help'; readonly text: string }
  | { readonly name: 'dlq list'; readonly filter: ParkedFilter; readonly limit: number }
  | { readonly name: 'dlq show'; readonly ids: readonly string[] }
  | { readonly name: 'dlq retry'; readonly filter: ParkedFilter; readonly limit: number; readonly dryRun: boolean; readonly bodyFile?: string }
  | { readonly name: 'dlq drop'; readonly filter: ParkedFilter; readonly limit: number; readonly dryRun: boolean }
  | { readonly name: 'replay'; readonly filter: ReplayFilter; readonly destination?: string }
  | { readonly name: 'snapshot'; readonly resources: readonly string[]; readonly destination?: string }
  | HubTask
  | DeliveryTask
  | TransferTask;

const FILTER_HELP = `  --reason REASON    malformed, unsupported, reply-to, too-large, refused, rejected, failed or crashed
  --type TYPE        the command's CloudEvents type
  --subject ID       the id of the role it is about
  --from TIME        set aside at this time or later; 2026-01-31T08:30:00Z, a date alone is its midnight
  --to TIME          set aside at this time or earlier
  --state STATE      waiting: never retried; retried: at least once; all: both, of a list, which else shows what waits
  --limit N          at most so many
  --cursor CURSOR    go on where a list ended ("next" in its last line)
`;

const HELP = {
  dlq: `Dead letters: messages that the service set aside. Output: one JSON object a line, the last with the totals.

  dlq list [filter]               what was set aside and waits, with the number of each reason (--limit: ${LIST_DEFAULT}, at most ${LIST_MAX})
  dlq show ID...                  everything about them, headers and body included
  dlq retry ID... | filter | --all   sends them again as commands, in their order; they stay, marked as retried.
                                  What was retried before is left out unless --state retried selects it
  dlq drop ID... | filter | --all    deletes them for good

Filter (all that are given must hold):
${FILTER_HELP}
  --all              everything (retry and drop without ids need it, or a filter)
  --dry-run          only say what would be done
  --body FILE        retry of one id: send this body instead; the original stays as it is

${DELIVERIES_HELP}`,
  hub: HUB_HELP,
  replay: `Publishes events of the past again, from the log, with their ids and the extension attribute "replayed": true.

  --from TIME        committed at this time or later; 2026-01-31T08:30:00Z, a date alone is its midnight
  --to TIME          committed at this time or earlier; default: now
  --after POSITION   behind this position of the log: goes on where an earlier run ended
  --all              the whole log (needed where nothing else is chosen)
  --type TYPE        such as PartyRoleCreateEvent
  --subject ID       of this role alone
  --to-queue NAME    to this destination alone (RabbitMQ: a queue; NATS: a subject that a stream takes); default: to all who listen
`,
  snapshot: `Publishes the current state of every role as an event org.tmforum.<resource>.snapshot, for a consumer that begins.

  --resource NAME    this resource alone, such as partyRole
  --to-queue NAME    to this destination alone (RabbitMQ: a queue; NATS: a subject that a stream takes); default: to all who listen
`,
  ...TRANSFER_HELP,
} as const;

const SETTINGS_HELP = '\nBus and database are those of the environment variables that the service has (node dist/src/main.js --help).\n';

type Tool = keyof typeof HELP;

export function isTool(name: string | undefined): name is Tool {
  return name !== undefined && Object.hasOwn(HELP, name);
}

/** @throws UsageError that names the argument. */
export function readTask(tool: Tool, args: readonly string[], now: Date): Task {
  if (args.includes('--help')) return { name: 'help', text: HELP[tool] + SETTINGS_HELP };
  try {
    switch (tool) {
      case 'dlq':
        return dlqTask(args);
      case 'hub':
        return hubTask(args);
      case 'replay':
        return replayTask(args, now);
      case 'snapshot':
        return snapshotTask(args);
      case 'import':
      case 'export':
      case 'demo':
        return readTransfer(tool, args);
    }
  } catch (error) {
    if (error instanceof Refusal) throw new UsageError(error.faults.map(({ at, problem }) => `--${at} ${problem}`).join('; '));
    throw error;
  }
}

function dlqTask([command, ...args]: readonly string[]): Task {
  switch (command) {
    case 'list':
    case 'show':
    case 'retry':
    case 'drop':
      return args.includes('--deliveries') ? deliveryTask(command, args) : messageTask(command, args);
    case undefined:
      throw new UsageError('dlq needs one of list, show, retry, drop');
    default:
      throw new UsageError(`unknown argument ${command}; dlq knows list, show, retry and drop`);
  }
}

function messageTask(command: 'list' | 'show' | 'retry' | 'drop', args: readonly string[]): Task {
  switch (command) {
    case 'list': {
      const { texts } = withoutIds(read(args, [...SELECTORS, 'limit']));
      return { name: 'dlq list', filter: listedFilter(texts), limit: texts['limit'] === undefined ? LIST_DEFAULT : countOf('limit', texts['limit'], LIST_MAX) };
    }
    case 'show': {
      const { ids } = read(args, []);
      if (ids.length === 0) throw new UsageError('dlq show needs an id');
      return { name: 'dlq show', ids };
    }
    case 'retry': {
      const words = read(args, [...SELECTORS, 'limit', 'body'], ['all', 'dry-run']);
      const bodyFile = words.texts['body'];
      if (bodyFile !== undefined && words.ids.length !== 1) throw new UsageError('--body needs exactly one id');
      return { name: 'dlq retry', ...selection(command, words), dryRun: words.flags.has('dry-run'), ...(bodyFile === undefined ? {} : { bodyFile }) };
    }
    case 'drop': {
      const words = read(args, [...SELECTORS, 'limit'], ['all', 'dry-run']);
      return { name: 'dlq drop', ...selection(command, words), dryRun: words.flags.has('dry-run') };
    }
  }
}

function selection(command: string, { texts, ids, flags }: Words): { filter: ParkedFilter; limit: number } {
  const chosen = SELECTORS.some((name) => name !== 'cursor' && texts[name] !== undefined);
  if (ids.length === 0 && !chosen && !flags.has('all')) throw new UsageError(`dlq ${command} needs ids, a filter or --all`);
  if (ids.length > 0 && flags.has('all')) throw new UsageError('--all and ids exclude each other');
  const limit = texts['limit'] === undefined ? Infinity : countOf('limit', texts['limit'], Number.MAX_SAFE_INTEGER);
  return { filter: parkedFilter(texts, ids.length > 0 ? ids : undefined), limit };
}

function replayTask(args: readonly string[], now: Date): Task {
  const { texts, flags } = withoutIds(read(args, ['after', 'from', 'to', 'type', 'subject', 'to-queue'], ['all']));
  const { after, from, to, type, subject, 'to-queue': destination } = texts;
  const chosen = [after, from, to, type, subject].some((text) => text !== undefined);
  if (!chosen && !flags.has('all')) throw new UsageError('replay needs --from, --after, another filter, or --all');
  if (type !== undefined) checkEventType(type);
  const filter = {
    ...(after === undefined ? {} : { after: countOf('after', after, Number.MAX_SAFE_INTEGER) }),
    ...(from === undefined ? {} : { from: timeOf('from', from) }),
    // Else a replay would run after the events that come meanwhile.
    to: to === undefined ? now : timeOf('to', to),
    ...(type === undefined ? {} : { type }),
    ...(subject === undefined ? {} : { subject }),
  };
  return { name: 'replay', filter, ...(destination === undefined ? {} : { destination }) };
}

function snapshotTask(args: readonly string[]): Task {
  const { resource, 'to-queue': destination } = withoutIds(read(args, ['resource', 'to-queue'])).texts;
  if (resource !== undefined && !resourceNames.includes(resource)) throw new UsageError(`--resource must be one of ${resourceNames.join(', ')}`);
  return { name: 'snapshot', resources: resource === undefined ? resourceNames : [resource], ...(destination === undefined ? {} : { destination }) };
}

function checkEventType(type: string): void {
  const known = definitions({ roleTypeDefault: true, lifeCycles: new Map() }).flatMap(({ name, events }) => Object.values(events).map((event) => ({ event, full: `org.tmforum.${name}.${event}` })));
  if (!known.some(({ event, full }) => type === event || type === full)) throw new UsageError(`--type must be one of ${known.map(({ event }) => event).join(', ')}`);
}
