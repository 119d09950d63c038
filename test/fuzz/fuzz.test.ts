import { runMessages } from './message-run.js';

/** The same in every run, so that a failure comes again. */
const SEED = 20_260_101;

it('takes 20,000 malformed, hostile and valid messages: nothing crashes, stalls, vanishes or does harm', async () => {
  const report = await runMessages(SEED, 0, 20_000);
  expect(report.findings).toEqual([]);
  // Each kind of end is reached, so that none is only claimed.
  expect(Object.keys(report.parked).sort()).toEqual(['malformed', 'refused', 'reply-to', 'too-large', 'unsupported']);
  expect(Object.keys(report.answered)).toEqual(expect.arrayContaining(['200', '201', '204', '400', '404', '409', '412', '415']));
  expect(Math.min(report.repeated, report.reused, report.events, report.resources)).toBeGreaterThan(50);
}, 120_000);
