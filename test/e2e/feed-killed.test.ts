import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkerProcess } from '../drill/worker-process.js';
import type { Point } from '../drill/kill-points.js';
import { EventStreamClient } from '../support/event-stream.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { startService, type Service, until } from '../support/service.js';
import { Api } from './api.js';
import { settingsOn } from './pair.js';

const ROLES = 16;
const ROUNDS_AFTER = 3;
/** The commit at which the worker dies. */
const COMMIT = 8;
const PAGE = 7;

interface Seen {
  readonly id: string;
  readonly subject: string;
  readonly sequence: number;
}

/** Goes on by cursor from the beginning, until it is told to stop. */
async function readPages(feed: string, seen: Seen[], isOver: () => boolean): Promise<void> {
  for (let cursor = '0'; !isOver(); ) {
    const response = await fetch(`${feed}?after=${cursor}&limit=${PAGE}`, { headers: { accept: 'application/cloudevents-batch+json' } });
    expect(response.status).toBe(200);
    const events = (await response.json()) as { id: string; subject: string; sequence: string }[];
    seen.push(...events.map(({ id, subject, sequence }) => ({ id, subject, sequence: Number(sequence) })));
    cursor = response.headers.get('x-next-cursor') ?? '';
    if (events.length === 0) await pause(20);
  }
}

whenServers('the feed, when a worker process gets SIGKILL', ['rabbit', 'nats', 'mongo'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'feed-killed-'));
  const running: { workers: WorkerProcess[]; front?: Service } = { workers: [] };
  afterEach(async () => {
    await Promise.all([...running.workers.splice(0).map((worker) => worker.end('SIGKILL')), running.front?.stop()]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each<['rabbit' | 'nats', Point]>([['rabbit', 'after-commit'], ['nats', 'before-mark']])('on %s, %s: a reader of pages and one of the stream miss nothing and see nothing twice', async (bus, point) => {
    const settings = settingsOn(sharedUrl(bus), `feed-killed-${bus}`);
    const start = (name: string): Promise<WorkerProcess> => new WorkerProcess({ main: 'worker-main', settings: { ...settings, ROLES: 'worker' }, logFile: join(folder, `${bus}-${name}.log`) }).ready();
    running.workers.push(...(await Promise.all([start('one'), start('other')])));
    const front = (running.front = await startService({ ...settings, ROLES: 'http', REPLY_TIMEOUT_MS: '25000' }));
    const [victim] = running.workers as [WorkerProcess];

    let isOver = false;
    const pages: Seen[] = [];
    const feed = `${front.url}/tmf-api/partyRoleManagement/v4/events`;
    const stream = await EventStreamClient.open(`${feed}?after=0`);
    const reading = readPages(feed, pages, () => isOver);

    victim.arm({ point, count: COMMIT });
    const api = new Api(front.url);
    /** Until some rounds after the death. The answer is how many events there must be. */
    const write = async (role: string): Promise<number> => {
      expect((await api.post({ id: role, name: 'Seller' })).status).toBe(201);
      let events = 1;
      for (let left = ROUNDS_AFTER; left > 0; left -= victim.exit ? 1 : 0, events += 1) expect((await api.patch(role, { note: String(events) })).status).toBe(200);
      return events;
    };
    const roles = Array.from({ length: ROLES }, (_, index) => `role-${index}`);
    const counts = await Promise.all(roles.map(write));
    expect(victim.exit).toEqual({ code: null, signal: 'SIGKILL' });
    const all = counts.reduce((sum, count) => sum + count, 0);
    await until('both have everything', () => pages.length >= all && stream.events.length >= all);
    // What came twice would still come.
    await pause(500);
    isOver = true;
    await reading;
    await stream.abort();

    expect(stream.envelopes.map(({ eventId }) => eventId)).toEqual(pages.map(({ id }) => id));
    for (const [index, role] of roles.entries()) {
      const sequences = pages.filter(({ subject }) => subject === role).map(({ sequence }) => sequence);
      expect([role, sequences]).toEqual([role, Array.from({ length: counts[index] ?? 0 }, (_, place) => place + 1)]);
    }
  }, 60_000);
});
