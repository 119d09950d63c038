import { read, UsageError, withoutIds, type Words } from './command-line.js';
import { DELIVERY_SELECTORS, deliveryFilter } from './hub/delivery-selection.js';
import { OPERATOR_REASON, type ResumeFrom } from './hub/subscription-desk.js';
import { countOf, LIST_DEFAULT, LIST_MAX, timeOf } from './parked-selection.js';
import type { ParkedDeliveryFilter } from './store/hub-store.js';

/** What the command line asks of the hub, checked. */
export type HubTask =
  | { readonly name: 'hub list' }
  | { readonly name: 'hub show'; readonly id: string }
  | { readonly name: 'hub suspend'; readonly id: string; readonly reason: string }
  | { readonly name: 'hub resume'; readonly id: string; readonly from?: ResumeFrom }
  | { readonly name: 'hub remove'; readonly id: string };

/** What it asks about deliveries that were set aside. */
export type DeliveryTask =
  | { readonly name: 'dlq list --deliveries'; readonly filter: ParkedDeliveryFilter; readonly limit: number }
  | { readonly name: 'dlq show --deliveries'; readonly ids: readonly string[] }
  | { readonly name: 'dlq retry --deliveries'; readonly filter: ParkedDeliveryFilter; readonly limit: number; readonly dryRun: boolean }
  | { readonly name: 'dlq drop --deliveries'; readonly filter: ParkedDeliveryFilter; readonly limit: number; readonly dryRun: boolean };

export const HUB_HELP = `Listeners that registered for events. Output: one JSON object a subscription, as GET .../hub/ID has it; never a secret.

  hub list                all of them
  hub show ID             one
  hub suspend ID          nothing is delivered until it is resumed; what comes waits in the log, for RETENTION_MINUTES
  hub resume ID           delivers again, from where it stopped
  hub remove ID           deletes it, with what was parked for it

  --reason TEXT      suspend: why, for whoever looks (default: ${OPERATOR_REASON})
  --from-now         resume: only what happens from now on
  --from-oldest      resume: everything that the log still has; what was delivered before comes again
  --from TIME        resume: what was committed at this time or later; 2026-01-31T08:30:00Z, a date alone is its midnight
  --from POSITION    resume: what lies behind this position of the log

What was parked: dlq list --deliveries (dlq --help).
`;

/** Goes into the help of dlq. */
export const DELIVERIES_HELP = `Deliveries to listeners (npm run hub) that were set aside:

  dlq list --deliveries [filter]               with the number of each subscription
  dlq show --deliveries ID...                  everything about them, the event included
  dlq retry --deliveries ID... | filter | --all   delivers them now, in their order, and deletes those that were taken
  dlq drop --deliveries ID... | filter | --all    deletes them for good

  --subscription ID  those of this subscription
  --limit, --cursor, --all and --dry-run as above
`;

/** @throws UsageError, Refusal that names the argument. */
export function hubTask([command, ...args]: readonly string[]): HubTask {
  switch (command) {
    case 'list':
      withoutIds(read(args, []));
      return { name: 'hub list' };
    case 'show':
      return { name: 'hub show', id: oneId(command, read(args, [])) };
    case 'remove':
      return { name: 'hub remove', id: oneId(command, read(args, [])) };
    case 'suspend': {
      const words = read(args, ['reason']);
      return { name: 'hub suspend', id: oneId(command, words), reason: words.texts['reason'] ?? OPERATOR_REASON };
    }
    case 'resume': {
      const words = read(args, ['from'], ['from-now', 'from-oldest']);
      const from = resumeFrom(words);
      return { name: 'hub resume', id: oneId(command, words), ...(from === undefined ? {} : { from }) };
    }
    case undefined:
      throw new UsageError('hub needs one of list, show, suspend, resume, remove');
    default:
      throw new UsageError(`unknown argument ${command}; hub knows list, show, suspend, resume and remove`);
  }
}

/** @param command list, show, retry or drop @throws UsageError, Refusal that names the argument. */
export function deliveryTask(command: 'list' | 'show' | 'retry' | 'drop', args: readonly string[]): DeliveryTask {
  switch (command) {
    case 'list': {
      const { texts } = withoutIds(read(args, [...DELIVERY_SELECTORS, 'limit'], ['deliveries']));
      return { name: 'dlq list --deliveries', filter: deliveryFilter(texts), limit: texts['limit'] === undefined ? LIST_DEFAULT : countOf('limit', texts['limit'], LIST_MAX) };
    }
    case 'show': {
      const { ids } = read(args, [], ['deliveries']);
      if (ids.length === 0) throw new UsageError('dlq show needs an id');
      return { name: 'dlq show --deliveries', ids };
    }
    case 'retry':
      return { name: 'dlq retry --deliveries', ...selection(command, args) };
    case 'drop':
      return { name: 'dlq drop --deliveries', ...selection(command, args) };
  }
}

function oneId(command: string, { ids }: Words): string {
  const [id, ...more] = ids;
  if (id === undefined || more.length > 0) throw new UsageError(`hub ${command} needs one id`);
  return id;
}

function resumeFrom({ texts, flags }: Words): ResumeFrom | undefined {
  const { from } = texts;
  const given = [...flags, ...(from === undefined ? [] : ['from'])];
  if (given.length > 1) throw new UsageError(`${given.map((name) => `--${name}`).join(' and ')} exclude each other`);
  if (from !== undefined) return placeInLog(from);
  if (flags.has('from-now')) return 'now';
  return flags.has('from-oldest') ? 'oldest' : undefined;
}

/** @throws Refusal that names the argument. */
function placeInLog(from: string): Date | number {
  return /^-?\d+$/.test(from) ? countOf('from', from, Number.MAX_SAFE_INTEGER, 0) : timeOf('from', from);
}

function selection(command: string, args: readonly string[]): { filter: ParkedDeliveryFilter; limit: number; dryRun: boolean } {
  const { texts, ids, flags } = read(args, [...DELIVERY_SELECTORS, 'limit'], ['deliveries', 'all', 'dry-run']);
  if (ids.length === 0 && texts['subscription'] === undefined && !flags.has('all')) throw new UsageError(`dlq ${command} --deliveries needs ids, --subscription or --all`);
  if (ids.length > 0 && flags.has('all')) throw new UsageError('--all and ids exclude each other');
  const limit = texts['limit'] === undefined ? Infinity : countOf('limit', texts['limit'], Number.MAX_SAFE_INTEGER);
  return { filter: deliveryFilter(texts, ids.length > 0 ? ids : undefined), limit, dryRun: flags.has('dry-run') };
}
