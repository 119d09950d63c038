import os from 'node:os';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
import { MongoClient } from 'mongodb';
import { sharedUrl, whenServers } from '../support/servers.js';
import { check, isQuiet, judge, type Verdict } from './checker.js';
import { correctRemains, parkedDocument, type EntryDocument, type Remains, type RoleDocument } from './checker-world.js';
import type { SentCommand } from './journal.js';
import { readWorld } from './world.js';

const DATABASE = `drill-checker-${process.pid}`;

let client: MongoClient;
let storeUrl: string;

function connectStore(): void {
  const url = new URL(sharedUrl('mongo'));
  url.pathname = `/${DATABASE}`;
  storeUrl = url.href;
  client = new MongoClient(storeUrl, { runtimeAdapters: { os } });
}

async function disconnectStore(): Promise<void> {
  await client.db().dropDatabase();
  await client.close();
}

async function store({ commits, roles, parked }: Remains): Promise<void> {
  for (const [name, documents] of Object.entries({ commits, partyRole: roles, parked })) {
    const collection = client.db().collection<{ _id: string }>(name);
    await collection.deleteMany({});
    if (documents.length > 0) await collection.insertMany(documents);
  }
}

async function verdictOn(remains: Remains): Promise<Verdict> {
  await store(remains);
  return judge({ seed: 1, commands: remains.commands }, await readWorld(storeUrl), remains.events);
}

function commandOf(remains: Remains, id: string): SentCommand {
  return found(remains.commands.find((command) => command.id === id));
}

function roleOf(remains: Remains, id: string): RoleDocument {
  return found(remains.roles.find(({ _id }) => _id === id));
}

function entryAt(remains: Remains, commit: number, entry: number): EntryDocument {
  return found(remains.commits[commit]?.entries[entry]);
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not in the world of this test');
  return value;
}

/** As if the last command of role `c` had never arrived. */
function withoutLast(remains: Remains): void {
  remains.commits.pop();
  remains.events.pop();
  Object.assign(roleOf(remains, 'c'), { revision: 1 });
  roleOf(remains, 'c').resource.characteristic = [];
}

function announce(remains: Remains, id: string, sequence: number, subject = 'a'): void {
  remains.events.push({ id, type: 'org.tmforum.partyRole.PartyRoleAttributeValueChangeEvent', subject, sequence, arrival: remains.events.length });
}

function swapArrivals(remains: Remains, one: string, other: string): void {
  remains.events = remains.events.map((event) => {
    if (event.id !== one && event.id !== other) return event;
    const partner = found(remains.events.find(({ id }) => id === (event.id === one ? other : one)));
    return { ...event, arrival: partner.arrival };
  });
}

type Damage = (remains: Remains) => void;

const damages: [string, Damage, RegExp[]][] = [
  ['a command without a trace', withoutLast, [/^lost: patch 1 of role c /, /^wrong state: role c has revision 1, expected 2/, /^wrong state: role c, characteristic\[0\]/]],
  ['a reused id that is not parked', (remains) => remains.parked.splice(1, 1), [/^lost: patch 5 of role a \(id a-1\) reuses an id/]],
  ['a second receipt in another commit', (remains) => remains.commits[2]?.entries.push({ ...entryAt(remains, 0, 1), events: [] }), [/^applied twice: patch 1 of role a .*200 in w-1, 200 in w-3/]],
  ['a second receipt in the same commit', (remains) => remains.commits[0]?.entries.push({ ...entryAt(remains, 0, 1), events: [] }), [/^applied twice: patch 1 of role a/]],
  ['another status', (remains) => Object.assign(entryAt(remains, 2, 1), { status: 409 }), [/^wrong answer: patch 4 of role a .*answered with 409, expected 412/]],
  ['another subject', (remains) => Object.assign(entryAt(remains, 2, 1), { subject: 'b' }), [/^wrong answer: patch 4 of role a .*about b/]],
  ['a list in another order', (remains) => roleOf(remains, 'a').resource.characteristic.reverse(), [/^wrong state: role a, characteristic\[0\]: .*a-2.*, expected .*a-1/]],
  ['a list with an item twice', (remains) => roleOf(remains, 'c').resource.characteristic.push({ name: 'c-1', value: 1 }), [/^wrong state: role c, characteristic\[1\]: .*c-1.*expected nothing \(2 items, expected 1\)/]],
  ['a list without an item', (remains) => roleOf(remains, 'a').resource.characteristic.pop(), [/^wrong state: role a, characteristic\[1\]: nothing, expected .*a-2/]],
  ['another attribute', (remains) => Object.assign(roleOf(remains, 'a').resource, { name: 'Seller' }), [/^wrong state: role a, name: "Seller", expected "Buyer"/]],
  ['an attribute too many', (remains) => Object.assign(roleOf(remains, 'a').resource, { href: '/a' }), [/^wrong state: role a, href: "\/a", expected nothing/]],
  ['another revision', (remains) => Object.assign(roleOf(remains, 'a'), { revision: 6 }), [/^wrong state: role a has revision 6, expected 5/, /^gap: the events of role a with revision 6: 5 numbers/]],
  ['a deleted role that is there', (remains) => Object.assign(roleOf(remains, 'b'), { deleted: false }), [/^wrong state: role b is there/]],
  ['a role that is not stored', (remains) => remains.roles.splice(1, 1), [/^wrong state: role b is not stored, expected revision 2/, /^gap: the events of role b with revision 0/]],
  ['a role of nobody', (remains) => remains.roles.push({ ...roleOf(remains, 'c'), _id: 'x', revision: 0 }), [/^stray role: x/]],
  ['a change of nobody', (remains) => Object.assign(entryAt(remains, 4, 0), { command: 'f'.repeat(64) }), [/^change without a command: entry f+ in w-5 about c/, /^lost: patch 1 of role c/]],
  ['a refusal that is not parked', (remains) => remains.parked.shift(), [/^refusal not parked: patch 4 of role a .*412/]],
  ['a refusal that is parked twice', (remains) => remains.parked.push({ ...found(remains.parked[0]), _id: 'again' }), [/^parked too often: patch 4 of role a .* 2 times/]],
  ['a change that is parked', (remains) => remains.parked.push(parkedDocument(commandOf(remains, 'c-1'), 'refused')), [/^parked too often: patch 1 of role c .*200.* 1 times/]],
  ['a reused id that is parked more often than sent', (remains) => remains.parked.push({ ...found(remains.parked[1]), _id: 'again' }), [/^parked too often: patch 5 of role a .*sent 1 times and parked 2 times/]],
  ['a message of nobody that is parked', (remains) => remains.parked.push(parkedDocument({ ...commandOf(remains, 'c-1'), id: 'other' }, 'refused')), [/^stray parked message: other/]],
  ['a message that is parked as a fault', (remains) => remains.parked.push(parkedDocument(commandOf(remains, 'c-1'), 'failed')), [/^parked for another reason: .*failed/]],
  ['a change without its event in the log', (remains) => entryAt(remains, 4, 0).events.pop(), [/^wrong answer: patch 1 of role c .*caused \[\], expected \[PartyRoleAttributeValueChangeEvent 2\]/, /^gap: the events of role c/, /^event without a change: .*c\/2/]],
  ['two events in the wrong order in the log', (remains) => entryAt(remains, 2, 0).events.reverse(), [/^wrong answer: patch 3 of role a/]],
  ['an event that was never announced', (remains) => remains.events.splice(3, 1), [/^never announced: .*a\/3/]],
  ['an event that came before its forerunner', (remains) => swapArrivals(remains, 'a/2', 'a/3'), [/^out of order: sequence 2 of role a was first announced after 3/]],
  ['two ids for one sequence', (remains) => announce(remains, 'other', 5), [/^two ids: sequence 5 of role a was announced as a\/5 and as other/, /^event without a change: .*other/]],
  ['an event that no commit has', (remains) => announce(remains, 'other', 6), [/^event without a change: .*other, sequence 6 of role a/]],
  ['an event that says something else than the log', (remains) => announce(remains, 'a/5', 4), [/^other than logged: .*sequence 4 of role a is in the log as .*sequence 5/, /^two ids/]],
  ['a commit that is pending', (remains) => Object.assign(found(remains.commits[4]), { position: undefined, pending: true }), [/^left over: commit w-5 is pending/]],
  ['a commit that was never marked', (remains) => delete remains.commits[4]?.position, [/^left over: commit w-5 has events, and no position/]],
  ['positions with a gap', (remains) => Object.assign(found(remains.commits[4]), { position: 6 }), [/^gap: the positions of the commits: 6 where 5 should be/]],
  ['a position given twice', (remains) => Object.assign(found(remains.commits[4]), { position: 4 }), [/^gap: the positions of the commits: 4 where 5 should be/]],
];

whenServers('the checker, on what a drill leaves in MongoDB', ['mongo'], () => {
  beforeAll(connectStore);
  afterAll(disconnectStore);

  it('finds nothing where all is well, and counts', async () => {
    expect(await verdictOn(correctRemains())).toEqual({
      findings: [],
      counts: {
        commands: 11, confirmed: 11, sent: 11, repeated: 0, roles: 3, applied: 8, 'reused ids': 1, 'refused with 412': 1, 'refused with 404': 1,
        'parked as refused': 3, events: 9, announcements: 9, commits: 5,
      },
    });
  });

  it.each(damages)('reports %s', async (_, damage, expected) => {
    const remains = correctRemains();
    damage(remains);
    const { findings } = await verdictOn(remains);
    for (const line of expected) expect(findings).toContainEqual(expect.stringMatching(line));
    // Nothing beside it: a judge who cries at everything would pass as well.
    expect(findings).toHaveLength(expected.length);
  });

  it('passes over a command that was set aside since its worker died', async () => {
    const remains = correctRemains();
    withoutLast(remains);
    remains.parked.push(parkedDocument(commandOf(remains, 'c-1'), 'crashed'));
    expect(await verdictOn(remains)).toMatchObject({ findings: [], counts: { 'commands passed over as crashed': 1, 'parked as crashed': 1 } });
  });

  it('does not compare a role of which one copy of a command was set aside and another applied', async () => {
    const remains = correctRemains();
    remains.parked.push(parkedDocument(commandOf(remains, 'c-1'), 'crashed'));
    roleOf(remains, 'c').resource.characteristic = [];
    expect(await verdictOn(remains)).toMatchObject({ findings: [], counts: { 'roles not compared': 1 } });
  });

  it('leaves open what became of a command that was never confirmed', async () => {
    const remains = correctRemains();
    commandOf(remains, 'c-1').confirmed = false;
    expect((await verdictOn(remains)).findings).toEqual([]);
    withoutLast(remains);
    expect(await verdictOn(remains)).toMatchObject({ findings: [], counts: { confirmed: 10, 'unconfirmed and not applied': 1 } });
  });

  it('takes an announcement that comes again for what it is', async () => {
    const remains = correctRemains();
    announce(remains, 'a/2', 2);
    expect(await verdictOn(remains)).toMatchObject({ findings: [], counts: { announcements: 10, 'duplicate announcements': 1 } });
  });

  it('shortens what would fill pages', async () => {
    const remains = correctRemains();
    for (let sequence = 6; sequence < 46; sequence += 1) announce(remains, `other-${sequence}`, sequence);
    const { findings } = await verdictOn(remains);
    expect([findings.length, findings.at(-1)]).toEqual([21, 'event without a change: and 20 more']);
  });
});

whenServers('all is quiet, on NATS', ['mongo', 'nats'], () => {
  beforeAll(connectStore);
  afterAll(disconnectStore);

  it('only when the stream is empty and no commit is pending', async () => {
    const connection = await connectNats({ servers: sharedUrl('nats') });
    const manager = await jetstreamManager(connection);
    const prefix = `quiet${process.pid}`;
    const stream = `${prefix.toUpperCase()}_COMMANDS`;
    await manager.streams.add({ name: stream, subjects: [`${prefix}.commands.*.*`], retention: 'workqueue' });
    try {
      await quietUntil({ bus: 'nats', busUrl: sharedUrl('nats'), prefix }, () => manager.jetstream().publish(`${prefix}.commands.partyRole.a`));
    } finally {
      await manager.streams.delete(stream);
      await connection.close();
    }
  });
});

whenServers('all is quiet, on RabbitMQ', ['mongo', 'rabbit'], () => {
  beforeAll(connectStore);
  afterAll(disconnectStore);

  it('only when all lanes are empty and no commit is pending', async () => {
    const connection = await connectAmqp(sharedUrl('rabbit'));
    const channel = await connection.createConfirmChannel();
    const prefix = `quiet${process.pid}`;
    const lanes = [`${prefix}.commands.000`, `${prefix}.commands.001`];
    for (const lane of lanes) await channel.assertQueue(lane);
    try {
      await quietUntil({ bus: 'rabbitmq', busUrl: sharedUrl('rabbit'), prefix }, () => {
        channel.sendToQueue(found(lanes[1]), Buffer.from('{}'));
        return channel.waitForConfirms();
      });
    } finally {
      for (const lane of lanes) await channel.deleteQueue(lane);
      await connection.close();
    }
  });
});

async function quietUntil(broker: Pick<Parameters<typeof check>[0], 'bus' | 'busUrl' | 'prefix'>, sendCommand: () => Promise<unknown>): Promise<void> {
  const remains = correctRemains();
  const journal = { seed: 1, commands: remains.commands };
  const isIt = (): Promise<boolean> => isQuiet({ ...broker, storeUrl, journal });
  await store(remains);
  expect(await isIt()).toBe(true);

  withoutLast(remains);
  await store(remains);
  expect(await isIt()).toBe(false);
  remains.parked.push(parkedDocument(commandOf(remains, 'c-1'), 'crashed'));
  await store(remains);
  expect(await isIt()).toBe(true);

  Object.assign(found(remains.commits[3]), { pending: true });
  await store(remains);
  expect(await isIt()).toBe(false);
  await store(correctRemains());

  await sendCommand();
  expect(await isIt()).toBe(false);
  const { findings } = await check({ ...broker, storeUrl, journal, events: remains.events });
  expect(findings).toContain('left over: 1 commands wait in the broker');
}
