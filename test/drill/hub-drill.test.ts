import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whenServers } from '../support/servers.js';
import { judgeListener } from './hub-judge.js';
import { runHubDrill } from './hub-drill.js';

const LIMIT_MS = 300_000;
const event = (id: string, subject: string, sequence: string) => ({ id, subject, sequence });
const log = [event('a', 'x', '1'), event('b', 'x', '2'), event('c', 'y', '1')];
const taken = (...ids: string[]) => ids.map((id) => ({ ...(log.find((one) => one.id === id) ?? event(id, 'z', '1')), taken: true }));

it.each<[string, ReturnType<typeof taken>, object]>([
  ['nothing', taken('a', 'c', 'b'), { lost: [], reordered: [], strange: [], again: 0 }],
  ['a doubled event, which is allowed', taken('a', 'b', 'a', 'b', 'c'), { lost: [], reordered: [], again: 2 }],
  ['a lost event', taken('a', 'c'), { lost: ['x 2 b'] }],
  ['an event that was refused and never came again', [...taken('a', 'b'), { ...event('c', 'y', '1'), taken: false }], { lost: ['y 1 c'] }],
  ['a reordered event', taken('b', 'a', 'c'), { reordered: ['x 1 after 2'] }],
  ['an event that nobody announced', taken('a', 'b', 'c', 'd'), { strange: ['z 1 d'] }],
])('the judge finds %s', (_what, received, findings) => {
  expect(judgeListener(log, received)).toMatchObject(findings);
});

whenServers('a short drill of the hub', ['rabbit', 'mongo'], () => {
  it('finds nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'party-role-hub-drill-'));
    try {
      const lines: string[] = [];
      const report = await runHubDrill({ seconds: 12, seed: 1, rate: 20, deadSeconds: 5, folder, log: (line) => lines.push(line) });
      if (report.findings.length > 0) throw new Error(JSON.stringify({ ...report, findings: report.findings.slice(0, 20), lines }, undefined, 1));
      expect(report.events).toBeGreaterThan(200);
      expect(report.kills).toBeGreaterThan(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, LIMIT_MS);
});
