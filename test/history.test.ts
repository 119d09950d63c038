import { History, type Subject } from '../src/history.js';
import type { StoredCommit } from '../src/store/store.js';
import { asked, startEmbedded, type EmbeddedService } from './support/embedded-service.js';
import { faulty } from './support/faults.js';
import { until } from './support/service.js';

const RETENTION_MS = 60_000;
const r1: Subject = { type: 'partyRole', id: 'r1' };

let service: EmbeddedService;
let history: History;

beforeEach(async () => {
  service = await startEmbedded();
  history = new History(service.store, RETENTION_MS, () => new Date());
});
afterEach(() => service.close());

async function ask(action: string, data: Record<string, string>, attributes: Record<string, string> = {}, subject = 'r1'): Promise<void> {
  const reply = await service.bus.request(asked(action, subject, data, attributes), 5000);
  if (reply.status >= 300) throw new Error(JSON.stringify(reply));
}

/** Commits after this have a later time. */
async function later(): Promise<void> {
  const start = Date.now();
  await until('time goes on', () => Date.now() > start);
}

const WHO = { id: 'c2', source: '/crm', authid: 'ann', channel: 'web', correlationid: 'k1', retryof: 'p1' };

/** Revisions 1 to 6: created, patched, patched with two events, deleted, created again. */
async function live(): Promise<void> {
  await ask('create', { name: 'a' });
  await later();
  await ask('patch', { nick: 'x' }, WHO);
  await later();
  await ask('patch', { status: 'active', nick: 'y' });
  await later();
  await ask('delete', {});
  await later();
  await ask('create', { name: 'b' });
}

/** The history of a log that no longer has what was committed before this resource's newest commits. */
function forgetful(kept: number, now = new Date()): History {
  const seen = new Set<string>();
  const store = faulty(service.store, {
    readCommit: (real, id): Promise<StoredCommit | undefined> => {
      if (!seen.has(id) && seen.size >= kept) return Promise.resolve(undefined);
      seen.add(id);
      return real(id);
    },
  });
  return new History(store, RETENTION_MS, () => now);
}

it('tells who changed what, newest first', async () => {
  await live();
  const { changes, more, oldest } = await history.changes(r1, 10);
  expect([more, oldest]).toEqual([false, undefined]);
  expect(changes.map(({ revision, status, command, events }) => [revision, status, command.type, events.map(({ type, sequence }) => `${Number(sequence)} ${type}`)])).toEqual([
    [6, 201, 'org.tmforum.partyRole.create', ['6 org.tmforum.partyRole.PartyRoleCreateEvent']],
    [5, 204, 'org.tmforum.partyRole.delete', ['5 org.tmforum.partyRole.PartyRoleDeleteEvent']],
    [4, 200, 'org.tmforum.partyRole.patch', ['3 org.tmforum.partyRole.PartyRoleStateChangeEvent', '4 org.tmforum.partyRole.PartyRoleAttributeValueChangeEvent']],
    [2, 200, 'org.tmforum.partyRole.patch', ['2 org.tmforum.partyRole.PartyRoleAttributeValueChangeEvent']],
    [1, 201, 'org.tmforum.partyRole.create', ['1 org.tmforum.partyRole.PartyRoleCreateEvent']],
  ]);
  expect(changes[3]).toMatchObject({ at: expect.any(Date) as Date, command: WHO, events: [{ fieldPath: 'nick', id: expect.any(String) as string }] });
});

it('keeps apart the roles and commands that share a commit', async () => {
  const commands = Array.from({ length: 40 }, (_, index) => ask(index < 2 ? 'create' : 'patch', index < 2 ? { name: 'a' } : { n: String(index) }, {}, index % 2 === 0 ? 'r1' : 'r2'));
  await Promise.all(commands);
  for (const id of ['r1', 'r2']) {
    const { changes } = await history.changes({ type: 'partyRole', id }, 100);
    expect(changes.map(({ revision }) => revision)).toEqual(Array.from({ length: 20 }, (_, index) => 20 - index));
  }
  expect((await history.atRevision(r1, 7)).resource).toMatchObject({ id: 'r1', n: '12' });
});

it('goes page by page', async () => {
  await live();
  const first = await history.changes(r1, 2);
  expect([first.changes.map(({ revision }) => revision), first.more]).toEqual([[6, 5], true]);
  const second = await history.changes(r1, 3, 5);
  expect([second.changes.map(({ revision }) => revision), second.more]).toEqual([[4, 2, 1], false]);
  expect(await history.changes(r1, 3, 1)).toEqual({ changes: [], more: false });
});

it('shows the role as of each revision', async () => {
  await live();
  const states = [];
  for (const revision of [1, 2, 3, 4, 6]) states.push(await history.atRevision(r1, revision));
  expect(states).toMatchObject([
    { revision: 1, resource: { id: 'r1', name: 'a' } },
    { revision: 2, resource: { name: 'a', nick: 'x' } },
    { revision: 3, resource: { nick: 'y', status: 'active' } },
    { revision: 4, resource: { nick: 'y', status: 'active' } },
    { revision: 6, resource: { id: 'r1', name: 'b' } },
  ]);
  await expect(history.atRevision(r1, 5)).rejects.toMatchObject({ status: 404, faults: [{ problem: 'it was deleted then' }] });
  await expect(history.atRevision(r1, 7)).rejects.toMatchObject({ status: 404 });
  await expect(history.atRevision({ type: 'partyRole', id: 'never' }, 1)).rejects.toMatchObject({ status: 404 });
});

it('shows the role as of a time', async () => {
  await live();
  const at = async (time: number): Promise<number> => (await history.atTime(r1, new Date(time))).revision;
  const times = (await history.changes(r1, 10)).changes.map((change) => change.at.getTime()).reverse();
  const [created = 0, patched = 0, twice = 0, deleted = 0, again = 0] = times;
  expect([await at(created), await at(patched - 1), await at(patched), await at(twice), await at(deleted - 1), await at(again), await at(again + 1e9)]).toEqual([1, 1, 2, 4, 4, 6, 6]);
  await expect(at(created - 1)).rejects.toMatchObject({ status: 404, faults: [{ problem: 'it did not exist yet' }] });
  for (const time of [deleted, again - 1]) await expect(at(time)).rejects.toMatchObject({ status: 404, faults: [{ problem: 'it was deleted then' }] });
});

it('says how far back the log reaches', async () => {
  await live();
  const log = (): History => forgetful(3);
  expect(await log().changes(r1, 10)).toMatchObject({ changes: [{ revision: 6 }, { revision: 5 }, { revision: 4 }], more: false, oldest: 3 });
  expect((await log().atRevision(r1, 3)).revision).toBe(3);
  const beyond = { status: 410, faults: [{ at: 'revision', problem: 'the oldest that is known is 3' }] };
  await expect(log().atRevision(r1, 2)).rejects.toMatchObject(beyond);
  await expect(log().changes(r1, 10, 3)).rejects.toMatchObject(beyond);
  await expect(log().atTime(r1, new Date(0))).rejects.toMatchObject(beyond);
});

it('still has the current state when the log is gone', async () => {
  await live();
  const now = new Date();
  expect(await forgetful(0, now).atRevision(r1, 6)).toMatchObject({ revision: 6, resource: { name: 'b' } });
  expect(await forgetful(0, now).atTime(r1, new Date(now.getTime() - RETENTION_MS))).toMatchObject({ revision: 6, resource: { name: 'b' } });
  await expect(forgetful(0, now).atTime(r1, new Date(now.getTime() - RETENTION_MS - 1))).rejects.toMatchObject({ status: 410 });
  await expect(forgetful(0, now).changes(r1, 10)).rejects.toMatchObject({ status: 410, faults: [{ problem: 'the oldest that is known is 6' }] });
  await ask('delete', {});
  await expect(forgetful(0, now).atTime(r1, now)).rejects.toMatchObject({ status: 404 });
});
