import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp, type ChannelModel } from 'amqplib';
import type { BusKind, CollectedEvent } from './events.js';
import { Findings, Tally } from './findings.js';
import type { Journal } from './journal.js';
import { judgeCommands } from './judge-commands.js';
import { firstGap, judgeEvents } from './judge-events.js';
import { isUnderWay, readWorld, type World } from './world.js';

export interface CheckOptions {
  readonly bus: BusKind;
  readonly busUrl: string;
  readonly storeUrl: string;
  readonly prefix: string;
  readonly journal: Journal;
  readonly events: readonly CollectedEvent[];
}

export interface Verdict {
  readonly counts: Readonly<Record<string, number>>;
  /** What is wrong, one readable line each; none: every guarantee held. */
  readonly findings: readonly string[];
}

const SECOND_LOOK_MS = 500;

/** Holds broker, database and events against what the producers asked for. Call it when all is quiet. */
export async function check(options: CheckOptions): Promise<Verdict> {
  const left = await commandsLeft(options);
  const verdict = judge(options.journal, await readWorld(options.storeUrl), options.events);
  return left === 0 ? verdict : { ...verdict, findings: [...verdict.findings, `left over: ${left} commands wait in the broker`] };
}

/** The same without the broker. */
export function judge(journal: Journal, world: World, events: readonly CollectedEvent[]): Verdict {
  const [findings, tally] = [new Findings(), new Tally()];
  tally.add('commands', journal.commands.length);
  tally.add('confirmed', journal.commands.filter(({ confirmed }) => confirmed).length);
  tally.add('sent', journal.commands.reduce((sum, { sends }) => sum + sends, 0));
  tally.add('repeated', journal.commands.reduce((sum, { sends }) => sum + Math.max(0, sends - 1), 0));
  judgeCommands(journal.commands, world, findings, tally);
  judgeEvents(events, world, findings, tally);
  judgeCommits(world, findings, tally);
  return { counts: tally.asObject(), findings: findings.lines() };
}

/**
 * Everything was taken: no command left in the broker, no commit pending. RabbitMQ does not tell how many messages are
 * unacknowledged; with the journal it is seen that every confirmed command was dealt with.
 */
export async function isQuiet(options: Omit<CheckOptions, 'journal' | 'events'> & { readonly journal?: Journal }): Promise<boolean> {
  for (const wait of [0, SECOND_LOOK_MS]) {
    await pause(wait);
    if ((await commandsLeft(options)) > 0 || (await isUnderWay(options.storeUrl, options.journal))) return false;
  }
  return true;
}

function judgeCommits({ commits, pending, unmarked, positions }: World, findings: Findings, tally: Tally): void {
  tally.add('commits', commits);
  for (const id of pending) findings.add('left over', `commit ${id} is pending`);
  for (const id of unmarked) findings.add('left over', `commit ${id} has events, and no position`);
  const gap = firstGap(positions, positions.length);
  if (gap !== undefined) findings.add('gap', `the positions of the commits: ${gap}`);
}

/** Ready ones on RabbitMQ, unacknowledged ones too on NATS. */
function commandsLeft({ bus, busUrl, prefix }: Pick<CheckOptions, 'bus' | 'busUrl' | 'prefix'>): Promise<number> {
  return bus === 'rabbitmq' ? readyInLanes(busUrl, prefix) : storedInStream(busUrl, prefix);
}

async function readyInLanes(url: string, prefix: string): Promise<number> {
  const connection = await connectAmqp(url, { timeout: 5_000 });
  connection.on('error', () => undefined); // the question fails with it
  try {
    let ready = 0;
    for (let lane = 0; ; lane += 1) {
      const count = await readyIn(connection, `${prefix}.commands.${String(lane).padStart(3, '0')}`);
      if (count === undefined && lane === 0) throw new Error(`no lane of ${prefix}`);
      if (count === undefined) return ready;
      ready += count;
    }
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** Undefined when there is no such queue: the broker then closes the channel. */
async function readyIn(connection: ChannelModel, queue: string): Promise<number | undefined> {
  const channel = await connection.createChannel();
  let refused: unknown;
  channel.on('error', (error) => (refused = error));
  try {
    const { messageCount } = await channel.checkQueue(queue);
    await channel.close();
    return messageCount;
  } catch (error) {
    if ((error as { code?: unknown }).code === 404 || (refused as { code?: unknown } | undefined)?.code === 404) return undefined;
    throw error;
  }
}

async function storedInStream(url: string, prefix: string): Promise<number> {
  const connection = await connectNats({ servers: url, timeout: 5_000 });
  try {
    const manager = await jetstreamManager(connection);
    return (await manager.streams.info(`${prefix.toUpperCase().replaceAll('.', '_')}_COMMANDS`)).state.messages;
  } finally {
    await connection.close();
  }
}
