import { MongoClient } from 'mongodb';
import { binary } from '../support/binaries.js';
import { IN_JEST } from '../support/mongo-server.js';
import { MongoSet } from '../support/mongo-set.js';
import type { Server } from '../support/server.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { until } from '../support/service.js';
import { commandHash, type SentCommand } from './journal.js';
import { Stage } from './stage.js';

/** A drill made for one fault, played with the broken worker and with one that is not. */
interface Play {
  readonly name: string;
  /** First part of the names on the servers. */
  readonly prefix: string;
  readonly broken: string;
  readonly unbroken: string;
  /** What the checker must find on the broken one. */
  readonly finding: RegExp;
  readonly run: (stage: Stage) => Promise<void>;
}

const QUIET_MS = 20_000;
/** The servers may be there for longer than this run. */
const RUN = Date.now().toString(36);
/** The broken ones are never quiet where a command is lost. */
const BROKEN_QUIET_MS = 3_000;

const plays: readonly Play[] = [
  {
    name: 'acknowledges before the commit',
    prefix: 'early-ack',
    broken: 'acknowledge-before-commit',
    unbroken: 'none',
    finding: /^lost: /,
    run: async (stage) => {
      await stage.start().then((worker) => worker.arm({ point: 'before-commit', count: 1 }));
      await stage.create('a');
      await stage.death();
      await stage.start();
    },
  },
  {
    name: 'publishes before the commit',
    prefix: 'early-event',
    broken: 'publish-before-commit',
    unbroken: 'none',
    finding: /^event without a change: /,
    run: async (stage) => {
      // Three deaths, with it and then noted and then alone, and it is never applied.
      await stage.start().then((worker) => worker.arm({ point: 'before-commit', count: 1 }));
      await stage.create('b');
      await stage.death();
      for (let death = 2; death <= 3; death += 1) {
        stage.launch().arm({ point: 'before-commit', count: 1 });
        await stage.death();
      }
      await stage.start();
    },
  },
  {
    name: 'ignores receipts',
    prefix: 'receipts',
    broken: 'ignore-receipts',
    unbroken: 'none',
    finding: /^wrong state: role c, characteristic/,
    run: async (stage) => {
      await stage.start();
      await stage.create('c');
      const appended = await stage.append('c');
      // In a batch of its own: one batch sees by itself what is in it twice.
      await stage.answered(2);
      await stage.repeat(appended);
    },
  },
  {
    name: 'relays out of order',
    prefix: 'relay',
    broken: 'relay-out-of-order',
    unbroken: 'none',
    finding: /^out of order: /,
    run: async (stage) => {
      await stage.start();
      await stage.create('d');
      for (let count = 0; count < 4; count += 1) await stage.append('d');
    },
  },
  {
    name: 'releases a lane by cancelling its consumer',
    prefix: 'release',
    broken: 'release-by-cancelling',
    unbroken: 'release-by-closing',
    finding: /^wrong answer: /,
    run: async (stage) => {
      const slow = await stage.start({ SLOW_COMMIT_MS: '1500', PREFETCH: '2' });
      await stage.start();
      await stage.create('f');
      for (let count = 0; count < 4; count += 1) await stage.append('f');
      await until('the first worker has some in hand', () => slow.has('slow commit'));
      slow.signal('SIGUSR2');
    },
  },
];

interface Outcome {
  readonly quiet: boolean;
  readonly findings: readonly string[];
}

/** Plays it with this worker and looks at what came out. */
async function outcomeOf(mongoUrl: string, prefix: string, breakage: string, quietMs: number, run: (stage: Stage) => Promise<void>): Promise<Outcome> {
  const stage = await Stage.open(sharedUrl('rabbit'), mongoUrl, `${prefix}-${RUN}`, breakage);
  try {
    await run(stage);
    const quiet = await stage.quiet(quietMs);
    const { findings } = await stage.verdict();
    return { quiet, findings };
  } finally {
    await stage.close();
  }
}

whenServers('the drill finds a worker that', ['rabbit', 'mongo'], () => {
  it.each(plays)('$name, and nothing where it does not', async ({ prefix, broken, unbroken, finding, run }) => {
    const [bad, good] = await Promise.all([
      outcomeOf(sharedUrl('mongo'), `${prefix}-bad`, broken, BROKEN_QUIET_MS, run),
      outcomeOf(sharedUrl('mongo'), `${prefix}-good`, unbroken, QUIET_MS, run),
    ]);
    expect(good).toEqual({ quiet: true, findings: [] });
    expect(bad.findings).toContainEqual(expect.stringMatching(finding));
  }, 90_000);

  const itOnSet = binary('mongo') === undefined ? it.skip : it;
  itOnSet('reads without majority, and nothing where it does not', async () => {
    const set = await MongoSet.start(2_000);
    try {
      // Both meet the same loss of the primary.
      const loss = new Loss(set, 2);
      const [bad, good] = await Promise.all([
        outcomeOf(set.url, 'local-bad', 'read-locally', BROKEN_QUIET_MS, (stage) => loss.strike(stage)),
        outcomeOf(set.url, 'local-good', 'none', QUIET_MS, (stage) => loss.strike(stage)),
      ]);
      expect(good).toEqual({ quiet: true, findings: [] });
      expect(bad.findings).toContainEqual(expect.stringMatching(/^lost: /));
    } finally {
      await set.stop();
    }
  }, 120_000);
});

/** Replication stops; a worker commits on the primary alone and dies while it waits for the majority; the next one looks; then the primary is lost. */
class Loss {
  private readonly held: Meeting;
  private readonly lost: Meeting;

  constructor(set: MongoSet, stages: number) {
    let primary: Server | undefined;
    this.held = new Meeting(stages, async () => {
      primary = await set.primary();
      await set.holdReplication(primary);
    });
    this.lost = new Meeting(stages, async () => {
      await primary?.kill('SIGKILL');
      await set.releaseReplication();
      await set.primary();
      // What only it had is rolled back.
      await primary?.restart();
    });
  }

  async strike(stage: Stage): Promise<void> {
    // Noting redelivered messages waits for a majority too, and would hide how the receipts are read.
    const first = await stage.start({ WITHOUT_NOTES: 'yes' });
    const second = await stage.start({ WITHOUT_NOTES: 'yes' });
    await stage.create('e');
    await stage.answered(1);
    await this.held.reached();
    const command = await stage.append('e');
    await until('the primary has the commit', () => hasCommit(stage.storeUrl, command));
    await first.end('SIGKILL');
    await until('the second worker has seen it', () => second.has('repeated command answered from its receipt') || second.has('commit: failed, trying again'));
    await this.lost.reached();
  }
}

/** Whoever comes waits for all; then it happens, once. */
class Meeting {
  private readonly happened: Promise<void>;
  private come: () => void = () => undefined;
  private missing: number;

  constructor(expected: number, happen: () => Promise<void>) {
    this.missing = expected;
    this.happened = new Promise<void>((resolve) => (this.come = resolve)).then(happen);
  }

  reached(): Promise<void> {
    this.missing -= 1;
    if (this.missing === 0) this.come();
    return this.happened;
  }
}

/** Whether or not a majority has it. */
async function hasCommit(storeUrl: string, { source, id }: SentCommand): Promise<boolean> {
  const client = new MongoClient(storeUrl, { ...IN_JEST, readConcern: { level: 'local' } });
  try {
    return (await client.db().collection('commits').findOne({ commands: commandHash(source, id) })) !== null;
  } finally {
    await client.close();
  }
}
