import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { StartError } from '../errors.js';
import { natsNames } from './nats-subject.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long events and announcements stay for consumers that are away. Commands stay until they are applied. */
const EVENTS_KEPT_MS = 7 * DAY_MS;
const DEAD_KEPT_MS = 30 * DAY_MS;

export interface NatsTopology {
  readonly prefix: string;
  readonly lanes: number;
  /** `declare`: create what is missing. `check`: an operator does that. Neither changes what exists. */
  readonly mode: 'declare' | 'check';
  /** Records a setting, see `Store.recordSetting`. */
  readonly recorded: (name: string, value: string) => Promise<string>;
}

type Config = Partial<StreamConfig> & { readonly name: string };

/**
 * Sees to it that the three streams are there and are what this adapter relies on.
 * Resolves with the largest message that all of them take, in bytes, or Infinity.
 * @throws StartError naming all that is missing or different, or that the lane count was another.
 */
export async function ensureTopology(manager: JetStreamManager, topology: NatsTopology): Promise<number> {
  await checkLaneCount(topology);
  const problems: string[] = [];
  let maxMessageBytes = Infinity;
  for (const wanted of wantedStreams(topology)) {
    const found = await findOrCreate(manager, wanted, topology.mode);
    if (found === undefined) {
      problems.push(`stream ${wanted.name} is missing: it must have ${describe(wanted)}`);
      continue;
    }
    const count = lanesOf(found, topology.prefix);
    if (wanted.subject_transform && count !== undefined && count !== topology.lanes) throw otherLaneCount(topology, String(count));
    problems.push(...differences(wanted, found));
    if (found.max_msg_size > 0) maxMessageBytes = Math.min(maxMessageBytes, found.max_msg_size);
  }
  if (problems.length > 0) throw new StartError(`JetStream is not set up for ${topology.prefix}: ${problems.join('; ')}`);
  return maxMessageBytes;
}

async function checkLaneCount(topology: NatsTopology): Promise<void> {
  const recorded = await topology.recorded(settingOf(topology), String(topology.lanes));
  if (recorded !== String(topology.lanes)) throw otherLaneCount(topology, recorded);
}

function settingOf(topology: NatsTopology): string {
  return `jetstream.lanes.${topology.prefix}`;
}

function otherLaneCount(topology: NatsTopology, was: string): StartError {
  const { stream } = natsNames(topology.prefix).commands;
  return new StartError(
    `The commands of ${topology.prefix} are spread over ${was} lanes, and ${topology.lanes} are configured. Another count moves resources to other lanes ` +
      `while their commands wait, out of order. Either configure ${was} lanes, or drain: stop everything that sends commands, ` +
      `let workers with ${was} lanes run until "nats stream info ${stream}" shows no messages, stop them, ` +
      `delete the stream ("nats stream rm ${stream}") and the recorded setting ${settingOf(topology)}, and start with ${topology.lanes} lanes.`,
  );
}

/** What is asked of the streams; whatever is not named here (replicas, placement, sizes) is the operator's. */
function wantedStreams(topology: NatsTopology): Config[] {
  const names = natsNames(topology.prefix);
  return [
    {
      name: names.commands.stream,
      subjects: [names.commands.subjects],
      storage: 'file',
      retention: 'workqueue',
      // A full stream refuses: to drop an old command would lose it.
      discard: 'new',
      max_age: 0,
      subject_transform: { src: names.commands.subjects, dest: laneTransform(topology.prefix, String(topology.lanes)) },
    },
    { name: names.events.stream, subjects: [names.events.subjects], storage: 'file', retention: 'limits', max_age: nanos(EVENTS_KEPT_MS) },
    { name: names.dead.stream, subjects: [names.dead.subjects], storage: 'file', retention: 'limits', max_age: nanos(DEAD_KEPT_MS) },
  ];
}

/** The lane is a hash of the key, made by the server, so that no publisher has to know how many there are. */
function laneTransform(prefix: string, lanes: string): string {
  return `${prefix}.lanes.{{partition(${lanes},2)}}.{{wildcard(1)}}.{{wildcard(2)}}`;
}

function lanesOf(config: StreamConfig, prefix: string): number | undefined {
  const dest = config.subject_transform?.dest ?? '';
  const count = /partition\((\d+)/.exec(dest)?.[1];
  return count !== undefined && dest === laneTransform(prefix, count) ? Number(count) : undefined;
}

async function findOrCreate(manager: JetStreamManager, wanted: Config, mode: 'declare' | 'check'): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(wanted.name)).config;
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error;
  }
  return mode === 'check' ? undefined : (await manager.streams.add(wanted)).config;
}

/** How long is kept is the operator's choice, except for commands. */
function essentials(wanted: Config): (keyof StreamConfig)[] {
  const all: (keyof StreamConfig)[] = ['subjects', 'storage', 'retention'];
  return wanted.subject_transform ? [...all, 'discard', 'max_age', 'subject_transform'] : all;
}

function differences(wanted: Config, found: StreamConfig): string[] {
  return essentials(wanted)
    .filter((name) => textOfSetting(wanted[name]) !== textOfSetting(found[name]))
    .map((name) => `stream ${wanted.name} must have ${name} ${textOfSetting(wanted[name])}, and has ${textOfSetting(found[name])}`);
}

function describe(wanted: Config): string {
  return essentials(wanted)
    .map((name) => `${name} ${textOfSetting(wanted[name])}`)
    .join(', ');
}

function textOfSetting(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'src' in value && 'dest' in value) return `${String(value.src)} -> ${String(value.dest)}`;
  return Array.isArray(value) ? value.join(' ') : String(value);
}
