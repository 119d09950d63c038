import { runHttp } from './http-run.js';

const SEED = 20_260_102;

it('answers 4,000 hostile requests without a fault of its own, and goes on answering', async () => {
  const report = await runHttp(SEED, 4_000);
  expect(report.findings).toEqual([]);
  expect(Object.keys(report.answers)).toEqual(expect.arrayContaining(['200', '201', '204', '400', '404', '405', '406', '409', '412', '414', '415', '431']));
}, 120_000);
