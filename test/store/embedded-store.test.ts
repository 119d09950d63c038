import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PermanentStoreError, StartError } from '../../src/errors.js';
import type { JsonObject } from '../../src/json.js';
import { sweep } from '../../src/store/embedded-expiry.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import { Tables } from '../../src/store/embedded-tables.js';
import type { Retry } from '../../src/store/store.js';
import { storeContract } from '../contract/store.contract.js';
import { newSubscription, parkedDelivery } from '../contract/hub-fixtures.js';
import { announcing, batch, change, creation, deletion, entry, parkedMessage, query, TYPE } from '../contract/store-fixtures.js';
import { EmbeddedHarness, silent } from './embedded-harness.js';

/** A process of its own that opens the folder, says so, and stays. */
const HOLDER = `
  const { openEmbeddedStore } = require(process.argv[1]);
  openEmbeddedStore({ path: process.argv[2], retentionMs: 1000, log: { error() {} } })
    .then(() => { console.log('open'); setInterval(() => {}, 1000); }, (error) => { console.log(error.name); process.exit(); });
`;

async function hold(path: string): Promise<{ holder: ChildProcess; said: string }> {
  const holder = spawn(process.execPath, ['-e', HOLDER, require.resolve('../../src/store/embedded-store.js'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(holder.stdout, 'data')) as [Buffer];
  return { holder, said: said.toString().trim() };
}

/** Whether a store in this folder has written this text. */
function holds(folder: string, text: string): boolean {
  try {
    return readFileSync(join(folder, 'data.mdb')).includes(text);
  } catch {
    return false;
  }
}

describe('embedded store', () => {
  const harness = new EmbeddedHarness();
  afterAll(() => harness.remove());

  storeContract(harness);

  it('serves one process, and the next one once that has ended, however it did', async () => {
    const path = harness.pathOf('locked');
    const { holder, said } = await hold(path);
    expect(said).toBe('open');
    await expect(harness.open('locked')).rejects.toThrow(StartError);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const store = await harness.open('locked');
    const second = await hold(path);
    expect(second.said).toBe('StartError');
    await expect(harness.open('locked')).rejects.toThrow(/in use/);
    await store.close();
  });

  it('leaves nothing behind when it is in memory', async () => {
    const before = new Set(readdirSync(tmpdir()));
    const store = await openEmbeddedStore({ path: undefined, retentionMs: 1000, log: silent });
    const mark = `only here ${randomUUID()}`;
    await store.commit(batch({ writes: [creation('1', { name: mark })] }));
    // Other test files make such folders at the same time; what was there before may be gigabytes.
    const made = readdirSync(tmpdir()).filter((name) => !before.has(name));
    const ours = made.map((name) => join(tmpdir(), name)).filter((folder) => holds(folder, mark));
    expect(ours).toHaveLength(1);
    await store.close();
    expect(existsSync(ours[0] ?? '')).toBe(false);
  });

  it('says why a folder cannot be used', async () => {
    writeFileSync(harness.pathOf('file'), '');
    await expect(openEmbeddedStore({ path: join(harness.pathOf('file'), 'folder'), retentionMs: 1000, log: silent })).rejects.toThrow(StartError);
    await expect(openEmbeddedStore({ path: harness.pathOf('x'.repeat(120)), retentionMs: 1000, log: silent })).rejects.toThrow(/too long/);
  });

  it('undoes a transaction that throws', async () => {
    const tables = new Tables(harness.pathOf('undone'), { durable: true });
    const failing = tables.write(() => {
      tables.meta.putSync('a', '1');
      throw new Error('half way');
    });
    await expect(failing).rejects.toThrow('half way');
    expect(tables.meta.get('a')).toBeUndefined();
    await tables.write(() => tables.meta.putSync('b', '2'));
    expect(tables.meta.get('b')).toBe('2');
    await tables.root.close();
  });

  it('refuses for good what is nested too deeply', async () => {
    const store = await harness.open('deep');
    let resource: JsonObject = {};
    for (let depth = 0; depth < 100_000; depth += 1) resource = { a: resource };
    await expect(store.commit(batch({ writes: [creation('1'), { ...creation('2'), resource }] }))).rejects.toThrow(PermanentStoreError);
    expect(await store.load(TYPE, ['1', '2'])).toEqual(new Map());
    await store.close();
  });

  it('forgets what has expired, and only that', async () => {
    const store = await harness.open('expiry');
    const past = new Date(Date.now() - 1000);
    await store.commit(batch({ writes: ['gone', 'kept', 'again', 'live'].map((id) => creation(id)), entries: [entry('old')], at: past }));
    await store.commit(batch({ writes: [deletion('gone', 1, past), deletion('kept', 1), deletion('again', 1, past)], at: past }));
    await store.commit(batch({ writes: [change('again', 2)], at: past }));
    const [published, waiting] = [announcing(), announcing()];
    await store.commit(published);
    await store.commit(waiting);
    await store.markPublished([published.id]);
    await store.close();

    const patient = await harness.open('expiry');
    expect([...(await patient.load(TYPE, ['gone', 'kept', 'again', 'live'])).keys()]).toEqual(['kept', 'again', 'live']);
    expect((await patient.receipts(['old'])).size).toBe(1);
    await patient.close();

    const tool = await openEmbeddedStore({ path: harness.pathOf('expiry'), retentionMs: 0, asFound: true, log: silent });
    expect((await tool.receipts(['old'])).size).toBe(1);
    await tool.close();

    const hasty = await openEmbeddedStore({ path: harness.pathOf('expiry'), retentionMs: 0, log: silent });
    const commands = [published, waiting].flatMap(({ entries }) => entries.flatMap(({ command }) => command ?? []));
    expect([...(await hasty.receipts(['old', ...commands])).keys()]).toEqual(commands.slice(1));
    expect(await hasty.readLog(0, 10)).toEqual([]);
    await hasty.markPublished([waiting.id]);
    expect((await hasty.readLog(0, 10)).map(({ position }) => position)).toEqual([2]);
    await hasty.close();
  });

  it('forgets parked messages that were sent again, and no others', async () => {
    const store = await harness.open('retried');
    await store.commit(batch({ parked: ['old', 'twice', 'never'].map((id) => parkedMessage(id)) }));
    const retry = (at: Date): Retry => ({ at, command: 'c', edited: false });
    const [past, future] = [new Date(Date.now() - 1000), new Date(Date.now() + 3_600_000)];
    for (const id of ['old', 'twice']) await store.recordRetry(id, 0, retry(past));
    await store.recordRetry('twice', 1, retry(future));
    await store.close();
    const hasty = await openEmbeddedStore({ path: harness.pathOf('retried'), retentionMs: 0, log: silent });
    expect((await hasty.parked({}, 10)).map(({ id }) => id)).toEqual(['never', 'twice']);
    await hasty.close();
  });

  it('forgets parked deliveries after the retention, and no others', async () => {
    const store = await harness.open('deliveries');
    await store.hub.register(newSubscription('s'));
    const [past, future] = [new Date(Date.now() - 1000), new Date(Date.now() + 3_600_000)];
    await store.hub.parkDeliveries([parkedDelivery('s', 'old', { at: past }), parkedDelivery('s', 'again', { at: past }), parkedDelivery('s', 'new', { at: future })]);
    await store.hub.parkDeliveries([parkedDelivery('s', 'again', { at: future })]);
    await store.close();
    const hasty = await openEmbeddedStore({ path: harness.pathOf('deliveries'), retentionMs: 0, log: silent });
    const filters = [{}, { subscription: 's' }, { ids: ['s:old', 's:again', 's:new'] }];
    for (const filter of filters) expect((await hasty.hub.parkedDeliveries(filter, 10)).map(({ id }) => id)).toEqual(['s:again', 's:new']);
    expect(await hasty.hub.countSubscriptions()).toBe(1);
    await hasty.close();
  });

  it('lets the hub of the next process have at once what that of one that was killed held', async () => {
    const first = await harness.open('killed');
    await first.hub.register(newSubscription('s'));
    expect((await first.hub.claim('before', 60_000)).held).toHaveLength(1);
    // As it is found after a kill: the hub has not left.
    await first.close();
    const tool = await openEmbeddedStore({ path: harness.pathOf('killed'), retentionMs: 3_600_000, asFound: true, log: silent });
    expect((await tool.hub.claim('tool', 1)).held).toEqual([]);
    await tool.close();
    const next = await harness.open('killed');
    expect(await next.hub.claim('after', 60_000)).toMatchObject({ held: [{ id: 's' }], share: 1 });
    await next.close();
  });

  it('forgets crash notes after a day', async () => {
    const store = await harness.open('noted');
    await store.writeNotes(['m'], 'alone');
    const written = Date.now();
    await store.close();
    const tables = new Tables(harness.pathOf('noted'), { durable: true });
    const day = 24 * 60 * 60 * 1000;
    await sweep(tables, written + day - 60_000, 0);
    expect(tables.notes.doesExist('m')).toBe(true);
    await sweep(tables, written + day + 1, 0);
    expect(tables.notes.doesExist('m')).toBe(false);
    await tables.root.close();
  });

  it('reads what was written before there were retries and the way back', async () => {
    const parked = parkedMessage('before');
    const commit = batch({ entries: [entry('before')], parked: [parked] });
    const store = await harness.open('before');
    await store.commit(commit);
    await store.close();
    const tables = new Tables(harness.pathOf('before'), { durable: true });
    await tables.write(() => {
      const key: [number, string] = [parked.at.getTime(), parked.id];
      tables.parked.putSync(key, (tables.parked.get(key) ?? '').replace('"attributes":{},', ''));
      tables.commits.putSync(commit.id, (tables.commits.get(commit.id) ?? '').replace(',"previous":[]', ''));
    });
    expect([...tables.parked.getRange(), ...tables.commits.getRange()].filter(({ value }) => /attributes|previous/.test(value))).toEqual([]);
    await tables.root.close();
    const later = await harness.open('before');
    expect(await later.parked({ state: 'waiting' }, 1)).toEqual([parked]);
    expect(await later.readCommit(commit.id)).toEqual({ id: commit.id, at: commit.at, entries: commit.entries, previous: new Map() });
    await later.close();
  });

  it('answers from one state while others write', async () => {
    const store = await harness.open('scan');
    const ids = Array.from({ length: 3000 }, (_, i) => `r${String(i).padStart(4, '0')}`);
    await store.commit(batch({ writes: ids.map((id) => creation(id)) }));
    const filtered = store.find(TYPE, query({ where: [{ path: ['name'], operator: 'eq', values: ['n'] }], limit: 5 }));
    await store.commit(batch({ writes: ids.slice(2000).map((id) => change(id, 1)) }));
    expect((await filtered).total).toBe(3000);
    expect((await store.find(TYPE, query({ where: [{ path: ['name'], operator: 'eq', values: ['n'] }] }))).total).toBe(2000);
    await store.close();
  });
});
